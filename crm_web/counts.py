"""What the database has counted: cells and the deltas that are not folded into them yet, read as one exact sum.

A page that asks here reads a few hundred cells whatever the number of leads. Amounts of different currencies are never
added up.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    union_all,
    values,
)

from crm_web.extensions import db
from crm_web.models import Activity, Count, CountDelta, Figure, Lead, LeadStatus, LeadStay
from crm_web.periods import Period, month_before, month_of

PARTS = ("starts_on", "status", "detail", "currency", "owner_id", "source")
SUMS = ("how_many", "how_many_priced", "amount", "weighted", "seconds")


@dataclass(frozen=True)
class Worth:
    """
    What some leads are worth in one currency.

    :param currency: its ISO code
    :param amount: the sum of their amounts
    :param count: how many leads have an amount in it
    """

    currency: str
    amount: Decimal
    count: int


@dataclass(frozen=True)
class Tally:
    """
    Some leads, counted.

    :param count: how many there are, with an amount or without
    :param worth: what they are worth, a line for each currency
    """

    count: int = 0
    worth: Sequence[Worth] = field(default=())


@dataclass(frozen=True)
class Whose:
    """
    Which leads are counted; both parts empty mean all.

    :param owner_ids: belonging to any of these; 0 stands for nobody
    :param sources: from any of these; the empty text stands for none
    """

    owner_ids: Sequence[int] = ()
    sources: Sequence[str] = ()


EVERYONES = Whose()
_is_priced = Lead.amount.is_not(None)
_OF_ANY_LEAD: dict[str, ColumnElement[Any]] = {
    "status": cast(Lead.status, Text),
    "owner_id": func.coalesce(Lead.owner_id, 0),
    "source": func.coalesce(Lead.source, ""),
    "how_many": literal(1),
}
# When what a cell counts happened, and its parts and sums, as crm_counts_of_lead and its sisters in migration 016 say.
MOMENTS: dict[Figure, tuple[Any, dict[str, ColumnElement[Any]], Sequence[ColumnElement[bool]]]] = {
    Figure.CREATED: (
        Lead.created_at,
        {
            **_OF_ANY_LEAD,
            "detail": func.crm_furthest_status(Lead.status, Lead.furthest_status),
            "currency": literal(""),
        },
        [Lead.deleted_at.is_(None)],
    ),
    Figure.CLOSED: (
        Lead.closed_at,
        {
            **_OF_ANY_LEAD,
            "detail": func.coalesce(cast(Lead.lost_reason, Text), ""),
            "currency": case((_is_priced, Lead.currency), else_=""),
            "how_many_priced": case((_is_priced, 1), else_=0),
            "amount": func.coalesce(Lead.amount, 0),
            "weighted": func.coalesce(Lead.amount * Lead.probability, 0),
        },
        [Lead.deleted_at.is_(None)],
    ),
    Figure.STAYED: (
        LeadStay.left_at,
        {
            "status": cast(LeadStay.status, Text),
            "detail": cast(func.crm_days_stayed(LeadStay.entered_at, LeadStay.left_at), Text),
            "currency": literal(""),
            "owner_id": func.coalesce(LeadStay.owner_id, 0),
            "source": func.coalesce(LeadStay.source, ""),
            "how_many": literal(1),
            "seconds": func.greatest(func.floor(func.extract("epoch", LeadStay.left_at - LeadStay.entered_at)), 0),
        },
        [],
    ),
    Figure.ACTIVITY: (
        Activity.happened_at,
        {
            "status": cast(Activity.kind, Text),
            "detail": literal(""),
            "currency": literal(""),
            "owner_id": func.coalesce(Activity.created_by_id, 0),
            "source": literal(""),
            "how_many": literal(1),
        },
        [],
    ),
}


def count_standing(whose: Whose = EVERYONES) -> dict[LeadStatus, Tally]:
    """
    Count the leads outside the trash by the status in which they stand.

    :param whose: which leads
    :return: each status, in the order of a sale, with what stands there
    """
    rows = sum_cells(Figure.STANDING, "status", "currency", whose=whose)
    return {status: tally(row for row in rows if row.status == status) for status in LeadStatus}


def sum_cells(figure: Figure, *parts: str, whose: Whose = EVERYONES, period: Period | None = None) -> Sequence[Any]:
    """
    Add up what is counted.

    :param figure: what the cells count
    :param parts: some of ``PARTS``: what to tell apart; ``starts_on`` is the first day of a month of the reader's
    :param whose: which leads
    :param period: whole months of the reader's; ``None`` for all time, and then in months of UTC
    :return: a row for each combination that occurs, with the parts and ``SUMS``
    """
    arms = [_pick(table, figure, parts, whose, period) for table in (Count, CountDelta)]
    if period and figure in MOMENTS and (edges := list(_find_edges(period))):
        arms.append(_pick_edges(figure, parts, whose, edges))
    cells = union_all(*arms).subquery()
    kept = [cells.c[part] for part in parts]
    sums = [func.sum(cells.c[name]).label(name) for name in SUMS]
    query: Select[Any] = select(*kept, *sums).group_by(*kept)
    return db.session.execute(query.having(or_(*(func.sum(cells.c[name]) != 0 for name in SUMS)))).all()


def _pick(table: Any, figure: Figure, parts: Sequence[str], whose: Whose, period: Period | None) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = [table.figure == figure, *_belongs(table.owner_id, table.source, whose)]
    if table is Count:
        # Cells stand there by owner and source, by one of them, and for all: the coarsest that tells is the quickest.
        is_by_owner, is_by_source = "owner_id" in parts or whose.owner_ids, "source" in parts or whose.sources
        conditions.append(Count.level == (0 if is_by_owner else 2) + (0 if is_by_source else 1))
    if period:
        conditions += [table.starts_on >= period.first_day, table.starts_on < period.next_day]
    return select(*(getattr(table, name) for name in (*parts, *SUMS))).where(*conditions)


def _belongs(owner_id: Any, source: Any, whose: Whose) -> list[ColumnElement[bool]]:
    owners = [owner_id.in_(whose.owner_ids)] if whose.owner_ids else []
    return [*owners, *([source.in_(whose.sources)] if whose.sources else [])]


def _find_edges(period: Period) -> Iterator[tuple[datetime, datetime, date, int]]:
    """
    Find the hours by which the reader's months differ from those of UTC, in which cells are kept.

    Each edge goes from one moment to another, and what lies there is added to the month that is named, or taken away.
    """
    first = period.first_day
    while first <= period.next_day:
        before = month_before(month_of(first, period.zone)).first_day
        theirs, ours = month_of(first, period.zone).start, datetime.combine(first, time(), UTC)
        for month, sign in ((first, 1), (before, -1)):
            if theirs != ours and period.first_day <= month < period.next_day:
                yield min(theirs, ours), max(theirs, ours), month, sign if theirs < ours else -sign
        first = month_of(first, period.zone).next_day


def _pick_edges(
    figure: Figure, parts: Sequence[str], whose: Whose, edges: Sequence[tuple[datetime, datetime, date, int]]
) -> Select[Any]:
    moment, columns, conditions = MOMENTS[figure]
    starts_at, ends_at = column("starts_at", DateTime(timezone=True)), column("ends_at", DateTime(timezone=True))
    month_on, sign = column("month_on", Date()), column("sign", Integer())
    edge = values(starts_at, ends_at, month_on, sign, name="edges").data(edges)
    known: dict[str, ColumnElement[Any]] = {"starts_on": month_on, **columns}
    picked = [known[part].label(part) for part in parts]
    sums = [(sign * columns.get(name, literal(0))).label(name) for name in SUMS]
    within = (moment >= starts_at, moment < ends_at)
    belongs = _belongs(columns["owner_id"], columns["source"], whose)
    return select(*picked, *sums).join_from(edge, moment.class_, and_(*within)).where(*conditions, *belongs)


def tally(rows: Iterable[Any]) -> Tally:
    """
    Count rows of several currencies as one.

    :param rows: rows with ``currency`` and ``SUMS``
    :return: how many leads they are, and what those are worth
    """
    rows = list(rows)
    priced = (Worth(row.currency, row.amount, int(row.how_many_priced)) for row in rows if row.how_many_priced)
    return Tally(int(sum(row.how_many for row in rows)), _by_currency(priced))


def add_up(tallies: Iterable[Tally]) -> Tally:
    """
    Count several tallies as one.

    :param tallies: tallies of different leads
    :return: all of those leads
    """
    tallies = list(tallies)
    return Tally(
        sum(tally.count for tally in tallies), _by_currency(worth for tally in tallies for worth in tally.worth)
    )


def _by_currency(parts: Iterable[Worth]) -> list[Worth]:
    """One line for each currency; sums can't be compared across them, so the one of most leads comes first."""
    parts = list(parts)
    added = [
        Worth(
            currency,
            sum((part.amount for part in parts if part.currency == currency), Decimal(0)),
            sum(part.count for part in parts if part.currency == currency),
        )
        for currency in {part.currency for part in parts}
    ]
    return sorted(added, key=lambda worth: (-worth.count, worth.currency))
