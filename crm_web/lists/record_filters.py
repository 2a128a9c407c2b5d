"""Which records a list shows, as far as leads and customers are filtered alike."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal

from crm_web.lists.sorting import NEVER, folded, moment_or_none


@dataclass(frozen=True, kw_only=True)
class RecordFilter:
    """
    Which records a list shows; every part left out lets all pass.

    :param words: text to find in names, email, website and phone numbers
    :param owner_ids: belonging to any of these; 0 stands for nobody
    :param industries: any of these, whatever their case and accents; the empty text stands for none
    :param countries: any of these codes; the empty text stands for none
    :param created_from: created at or after this moment
    :param created_to: created before this moment
    :param active_from: with an activity at or after this moment
    :param active_to: with activities, all of them before this moment
    :param untouched_since: neither changed nor with an activity since this moment
    :param lacks: what is missing, words that the list knows
    """

    words: str = ""
    owner_ids: Sequence[int] = ()
    industries: Sequence[str] = ()
    countries: Sequence[str] = ()
    created_from: datetime | None = None
    created_to: datetime | None = None
    active_from: datetime | None = None
    active_to: datetime | None = None
    untouched_since: datetime | None = None
    lacks: Sequence[str] = ()

    @property
    def in_use(self) -> list[str]:
        """The names of the parts that do not let all pass."""
        return [part.name for part in fields(self) if getattr(self, part.name) not in (part.default, [])]

    @property
    def asks_for_activity(self) -> bool:
        """Whether the latest activity has to be looked at."""
        return bool(self.active_from or self.active_to or self.untouched_since or "activity" in self.lacks)

    def list_conditions(self) -> list[ColumnElement[bool]]:
        """The conditions of the parts that one list alone has."""
        return []


def list_shared_conditions(
    filters: RecordFilter, record: Any, *, country: Any, last_activity: Any
) -> list[ColumnElement[bool]]:
    """
    Build the conditions that leads and customers share; words and what is missing are left to the caller.

    :param filters: which records
    :param record: the model
    :param country: its column of the country
    :param last_activity: the column of its latest activity
    :return: conditions that hold all together
    """
    conditions: list[ColumnElement[bool]] = []
    if filters.owner_ids:
        # Nobody among others is found by the same index as they are.
        column = func.coalesce(record.owner_id, 0) if 0 in filters.owner_ids else record.owner_id
        conditions.append(column.in_(filters.owner_ids))
    if filters.industries:
        conditions.append(folded(record.industry).in_([func.crm_fold(industry) for industry in filters.industries]))
    if filters.countries:
        conditions.append(func.coalesce(country, literal("")).in_(filters.countries))
    conditions += within(record.created_at, filters.created_from, filters.created_to)
    touched = moment_or_none(last_activity)
    if filters.active_from or filters.active_to:
        conditions += within(touched, filters.active_from or moment_after_never(), filters.active_to)
    if filters.untouched_since:
        conditions += [touched < filters.untouched_since, record.updated_at < filters.untouched_since]
    return conditions


def moment_after_never() -> datetime:
    """The first moment at which anything can have happened."""
    return NEVER.replace(year=NEVER.year + 1)


def within(column: Any, start: Any, end: Any) -> list[ColumnElement[bool]]:
    """Build the conditions that a column is at or after one value and before another, as far as they are given."""
    return [*([column >= start] if start else []), *([column < end] if end else [])]
