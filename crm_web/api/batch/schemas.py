"""What goes in and out where programs do many things to leads at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, ValidationError, ValidationInfo, WrapValidator

from crm_web.api.field_types import RecordId, Whole
from crm_web.api.leads.schemas import LeadChange, NewLead, SavedLead, StatusChange
from crm_web.api.schemas import Problem, Sent
from crm_web.web.schemas import ResponseModel

MOST_ITEMS = 1000
Version = Annotated[
    int, Field(ge=1, le=2**31 - 1, description="The version you read; 412 if it has changed since."), Whole
]


class BatchMode(StrEnum):
    """What happens to the other items if one fails."""

    ALL = "all"
    EACH = "each"


class LeadToCreate(Sent):
    """Create a lead."""

    PART: ClassVar[str] = "lead"
    do: Literal["create"]
    lead: NewLead


class LeadToChange(Sent):
    """Update a lead. Only the fields you send change."""

    PART: ClassVar[str] = "lead"
    do: Literal["change"]
    id: RecordId
    version: Version
    lead: LeadChange


class LeadToMove(Sent):
    """Change the status of a lead, including to Won."""

    PART: ClassVar[str] = "change"
    do: Literal["move"]
    id: RecordId
    change: StatusChange


class LeadToTrash(Sent):
    """Move a lead to trash."""

    PART: ClassVar[str] = ""
    do: Literal["trash"]
    id: RecordId
    version: Version


Item = LeadToCreate | LeadToChange | LeadToMove | LeadToTrash


@dataclass(frozen=True)
class WrongItem:
    """An item that is not valid and is therefore not applied."""

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
    """Up to 1,000 changes, applied in order, either all or nothing or one by one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mode": "each",
                    "items": [
                        {"do": "create", "lead": {"last_name": "Tanaka", "company": "Tanaka KK"}},
                        {"do": "change", "id": 12, "version": 1, "lead": {"next_step": "Send the offer"}},
                        {"do": "move", "id": 12, "change": {"status": "won", "create": True}},
                        {"do": "trash", "id": 13, "version": 1},
                    ],
                }
            ]
        }
    )

    mode: BatchMode = Field(
        BatchMode.ALL, description="all: one failure cancels everything. each: other items are still applied."
    )
    items: Annotated[
        Sequence[Annotated[Item, Field(discriminator="do"), WrapValidator(_set_aside)]],
        Field(min_length=1, max_length=MOST_ITEMS),
    ]


class ItemResult(ResponseModel):
    """The result of one item."""

    status: int = Field(examples=[404], description="The same result as a single request.")
    lead: SavedLead | None = Field(None, examples=[None])
    problem: Problem | None = None


class LeadBatchAnswer(ResponseModel):
    """The result of each item, in the order sent."""

    results: Sequence[ItemResult]
