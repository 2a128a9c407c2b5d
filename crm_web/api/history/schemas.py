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
    """Which changes, by the words of the page of history."""

    person: RecordId | None = None
    record: Annotated[str, Field(pattern=KIND)] | None = None
    id: (
        Annotated[RecordId, Field(description="Of the records with this id; with record, of that one alone.")] | None
    ) = None
    action: ChangeAction | None = None
    door: ChangeSource | None = None
    day: Day | None = None


class FeedQuery(Sent):
    """Where one stands in the feed of changes."""

    after: (
        Annotated[str, Field(pattern="^[0-9]{1,19}-[0-9]{1,18}$", description="The last mark that was seen.")] | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=500, description="Changes at most.")] = 100


class ChangePage(PageOf[Change]):
    """A page of changes, newest first."""


class Feed(ResponseModel):
    """What changed since a mark, oldest first."""

    items: Sequence[Change]
    after: str | None = Field(description="The mark to ask with next; null where nothing has ever changed.")
    is_all: bool = Field(description="Whether there was no more to tell at this moment.")


class ConversionQuery(PageQuery):
    """Which lines of the ledger."""

    lead: RecordId | None = None
    customer: RecordId | None = None


class Conversion(ResponseModel):
    """One line of the ledger: a lead was won, which made or found that customer."""

    id: int
    lead_id: int
    customer_id: int
    kind: ConversionKind
    filled: Mapping[str, Any] = Field(description="What was empty in a linked customer, and is filled now.")
    converted_at: Moment
    converted_by_id: int | None
    undone_at: Moment | None
    undone_by_id: int | None


class ConversionPage(PageOf[Conversion]):
    """A page of the ledger, newest first."""
