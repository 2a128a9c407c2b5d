"""What programs send to merge records, and what they get."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import ConfigDict, Field

from crm_web.api.schemas import Sent
from crm_web.merging.fields import FEWEST, MOST
from crm_web.models import RecordKind
from crm_web.web.schemas import ResponseModel

RecordId = Annotated[int, Field(ge=1, le=2**63 - 1)]


class MergeRequest(Sent):
    """The records to merge into the one in the path."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [9], "take": {"email": 9}}]})

    ids: Annotated[
        list[RecordId],
        Field(min_length=FEWEST - 1, max_length=MOST - 1, description="The records that are merged into it."),
    ]
    take: Annotated[
        dict[str, RecordId],
        Field(
            max_length=40,
            description="For each field, the id of the record whose value to keep. A field left out keeps its value,"
            " or takes the newest one if it is empty. Address fields, and amount and currency, are taken together, by"
            " the name of the first.",
        ),
    ] = {}


class Merge(ResponseModel):
    """A merge."""

    id: int
    entity: RecordKind = Field(examples=[RecordKind.CUSTOMER])
    kept_id: int = Field(description="The record that is kept.")
    merged_ids: Sequence[int] = Field(
        examples=[[9]], description="The records that were merged into it; their URLs redirect to it."
    )
    is_undone: bool = Field(examples=[False])


class MergeUndone(Merge):
    """A merge that was undone."""

    is_undone: bool = Field(examples=[True])
    left: Sequence[str] = Field(
        examples=[["Email of Tanaka KK changed since, so it stays."]],
        description="What has changed since and was left as it is, in words.",
    )
