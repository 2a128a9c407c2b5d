"""Which rows a list shows, and what leads and customers are filtered by alike."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func

from crm_web.lists.sorting import NEVER, folded, moment_or_none

if TYPE_CHECKING:
    from crm_web.lists.spec import ListSpec


@dataclass(frozen=True, kw_only=True)
class ListFilter:
    """Which rows a list shows; every part left out lets all pass.

    :param words: text to find in names, email, website and phone numbers
    :param lacks: what is missing, words that the list knows
    """

    words: str = ""
    lacks: Sequence[str] = ()

    @cached_property
    def in_use(self) -> list[str]:
        """The names of the parts that do not let all pass."""
        return [part.name for part in fields(self) if getattr(self, part.name) not in (part.default, [])]

    @property
    def asks_for_activity(self) -> bool:
        """Whether the latest activity has to be looked at."""
        return False

    def list_conditions(self, spec: "ListSpec") -> list[ColumnElement[bool]]:
        """The conditions of all parts but words and what is missing, which the list itself knows."""
        return []


@dataclass(frozen=True, kw_only=True)
class RecordFilter(ListFilter):
    """Which leads or customers a list shows.

    :param owner_ids: belonging to any of these; 0 stands for nobody
    :param industries: any of these, whatever their case and accents; the empty text stands for none
    :param countries: any of these codes; the empty text stands for none
    :param created_from: created at or after this moment
    :param created_to: created before this moment
    :param active_from: with an activity at or after this moment
    :param active_to: with activities, all of them before this moment
    :param untouched_since: neither changed nor with an activity since this moment
    """

    owner_ids: Sequence[int] = ()
    industries: Sequence[str] = ()
    countries: Sequence[str] = ()
    created_from: datetime | None = None
    created_to: datetime | None = None
    active_from: datetime | None = None
    active_to: datetime | None = None
    untouched_since: datetime | None = None

    @property
    def asks_for_activity(self) -> bool:
        return bool(self.active_from or self.active_to or self.untouched_since or "activity" in self.lacks)

    def list_conditions(self, spec: "ListSpec") -> list[ColumnElement[bool]]:
        record, conditions = spec.model, list[ColumnElement[bool]]()
        if self.owner_ids:
            # Nobody among others is found by the same index as they are.
            column = func.coalesce(record.owner_id, 0) if 0 in self.owner_ids else record.owner_id
            conditions.append(column.in_(self.owner_ids))
        if self.industries:
            conditions.append(folded(record.industry).in_([func.crm_fold(industry) for industry in self.industries]))
        if self.countries:
            conditions.append(spec.groups["country"].column.in_(self.countries))
        conditions += within(record.created_at, self.created_from, self.created_to)
        if self.active_from or self.active_to:
            touched = moment_or_none(spec.activity_at)
            conditions += within(touched, self.active_from or moment_after_never(), self.active_to)
        if self.untouched_since:
            touched = moment_or_none(spec.activity_at)
            conditions += [touched < self.untouched_since, record.updated_at < self.untouched_since]
        return conditions


def moment_after_never() -> datetime:
    """The first moment at which anything can have happened."""
    return NEVER.replace(year=NEVER.year + 1)


def within(column: Any, start: Any, end: Any) -> list[ColumnElement[bool]]:
    """Build the conditions that a column is at or after one value and before another, as far as they are given."""
    return [*([column >= start] if start else []), *([column < end] if end else [])]
