"""What of history and the ledger goes out of the API."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from crm_web.api.field_types import Day, RecordId
from crm_web.api.schemas import PageOf, PageQuery, Sent
from crm_web.history.formatting import ENTITIES
from crm_web.history.schemas import Change
from crm_web.models import ChangeAction, ChangeSource, ConversionKind
from crm_web.web.schemas import Moment, ResponseModel

KIND = f"^({'|'.join(ENTITIES)})$"


class ChangeQuery(PageQuery):
    """The filters of the history, with the same names as in the app."""

    person: RecordId | None = None
    record: Annotated[str, Field(pattern=KIND)] | None = None
    id: Annotated[RecordId, Field(description="The id of the record. Combine it with record.")] | None = None
    action: ChangeAction | None = None
    door: ChangeSource | None = None
    day: Day | None = None


class FeedQuery(Sent):
    """The position in the feed of changes."""

    after: (
        Annotated[str, Field(pattern="^[0-9]{1,19}-[0-9]{1,18}$", description="The last cursor you received.")] | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=500, description="The maximum number of changes.")] = 100


class ChangePage(PageOf[Change]):
    """A page of changes, newest first."""


class Feed(ResponseModel):
    """Changes since a cursor, oldest first."""

    items: Sequence[Change]
    after: str | None = Field(
        examples=["90210-4711"], description="The cursor for the next request; null if nothing has ever changed."
    )
    is_all: bool = Field(description="Whether there are no more changes right now.")


class ConversionQuery(PageQuery):
    """The filters of conversions."""

    lead: RecordId | None = None
    customer: RecordId | None = None


class Conversion(ResponseModel):
    """A won lead and the customer it created or was linked to."""

    id: int
    lead_id: int
    customer_id: int
    kind: ConversionKind
    filled: Mapping[str, Any] = Field(description="The empty fields of a linked customer that were filled.")
    converted_at: Moment
    converted_by_id: int | None = Field(examples=[3])
    undone_at: Moment | None
    undone_by_id: int | None


class ConversionPage(PageOf[Conversion]):
    """A page of conversions, newest first."""
