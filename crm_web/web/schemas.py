"""Base of the JSON schemas."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

Moment = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class ResponseModel(BaseModel):
    """The base of all response schemas."""

    model_config = ConfigDict(from_attributes=True)
