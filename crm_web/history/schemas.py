"""The JSON schema of a change, for the API, the change feed and webhooks."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from crm_web.models import ChangeAction, ChangeSource
from crm_web.web.schemas import REQUEST_ID, Moment, ResponseModel


class Change(ResponseModel):
    """A change of one record."""

    id: int
    entity: str = Field(examples=["lead"], description="Its type, such as lead.")
    entity_id: int
    action: ChangeAction = Field(examples=[ChangeAction.CHANGED])
    fields: Mapping[str, Annotated[Sequence[Any], Field(description="The values before and after.")]] = Field(
        examples=[{"city": [None, "Tokyo"]}]
    )
    version: int | None = Field(examples=[2], description="The record’s version after the change.")
    actor_id: int | None = Field(examples=[3], description="Who made the change; null for the system.")
    at: Moment
    door: ChangeSource = Field(examples=[ChangeSource.API], validation_alias="source")
    request_id: str | None = Field(examples=[REQUEST_ID])
