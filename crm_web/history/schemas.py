"""The JSON schema of a change, for the API, the change feed and webhooks."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from crm_web.models import ChangeAction, ChangeSource
from crm_web.web.schemas import Moment, ResponseModel


class Change(ResponseModel):
    """A change of one record."""

    id: int
    entity: str = Field(description="Its type, such as lead.")
    entity_id: int
    action: ChangeAction
    fields: Mapping[str, Annotated[Sequence[Any], Field(description="The values before and after.")]]
    version: int | None = Field(description="The record’s version after the change.")
    actor_id: int | None = Field(description="Who made the change; null for the system.")
    at: Moment
    door: ChangeSource = Field(validation_alias="source")
    request_id: str | None
