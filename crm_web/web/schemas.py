"""Base of the JSON schemas."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

Moment = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
REQUEST_ID = "8e0397e40d543e8bc9368946f9324aa1"
"""An example of one."""


class ResponseModel(BaseModel):
    """The base of all response schemas."""

    model_config = ConfigDict(from_attributes=True)
