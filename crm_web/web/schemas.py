"""What every JSON answer shares."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

Moment = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class Answered(BaseModel):
    """The parent of everything that programs are answered."""

    model_config = ConfigDict(from_attributes=True)
