"""What goes in and out where programs do many things to leads at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, ValidationInfo, WrapValidator

from crm_web.api.field_types import RecordId, Whole
from crm_web.api.leads.schemas import LeadChange, NewLead, SavedLead, StatusChange
from crm_web.api.schemas import Problem, Sent
from crm_web.web.schemas import ResponseModel

MOST_ITEMS = 1000
Version = Annotated[
    int, Field(ge=1, le=2**31 - 1, description="The one that you read; if it is another by now, 412."), Whole
]


class BatchMode(StrEnum):
    """What becomes of the others where one is refused."""

    ALL = "all"
    EACH = "each"


class LeadToCreate(Sent):
    """Enter a lead."""

    PART: ClassVar[str] = "lead"
    do: Literal["create"]
    lead: NewLead


class LeadToChange(Sent):
    """Change a lead: only what is sent changes."""

    PART: ClassVar[str] = "lead"
    do: Literal["change"]
    id: RecordId
    version: Version
    lead: LeadChange


class LeadToMove(Sent):
    """Move a lead to a status, Won among them."""

    PART: ClassVar[str] = "change"
    do: Literal["move"]
    id: RecordId
    change: StatusChange


class LeadToTrash(Sent):
    """Move a lead to the trash."""

    PART: ClassVar[str] = ""
    do: Literal["trash"]
    id: RecordId
    version: Version


Item = LeadToCreate | LeadToChange | LeadToMove | LeadToTrash


@dataclass(frozen=True)
class WrongItem:
    """An item that is not done, because it doesn't look as it has to."""

    error: ValidationError


def _set_aside(value: Any, read: Callable[[Any], Any], info: ValidationInfo) -> Any:
    """Where each is done by itself, one that is wrong must not keep the others from being done."""
    try:
        return read(value)
    except ValidationError as error:
        if info.data.get("mode") is BatchMode.EACH:
            return WrongItem(error)
        raise


class LeadBatch(Sent):
    """Up to a thousand things to do, in their order, and whether all or nothing is done, or each by itself."""

    mode: BatchMode = Field(
        BatchMode.ALL, description="all: where one is refused, nothing is done. each: the others are done all the same."
    )
    items: Annotated[
        Sequence[Annotated[Item, Field(discriminator="do"), WrapValidator(_set_aside)]],
        Field(min_length=1, max_length=MOST_ITEMS),
    ]


class ItemResult(ResponseModel):
    """What became of one item."""

    status: int = Field(description="As if it had been asked for alone.")
    lead: SavedLead | None = None
    problem: Problem | None = None


class LeadBatchAnswer(ResponseModel):
    """What became of each item, in their order."""

    results: Sequence[ItemResult]
