"""What the dashboard asks. Its figures come from the query behind the list of leads, so each equals its list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import contains_eager, joinedload

from crm_web.dashboard.periods import Period
from crm_web.dashboard.scopes import Scope
from crm_web.extensions import db
from crm_web.leads.queries import LeadFilter, list_team_ids, select_leads
from crm_web.models import Activity, ActivityKind, Customer, Employee, Lead, LeadStatus, StatusKind


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
    Some leads, counted. Amounts of different currencies are never added up.

    :param count: how many there are, with an amount or without
    :param worth: what they are worth, a line for each currency
    """

    count: int = 0
    worth: Sequence[Worth] = field(default=())


@dataclass(frozen=True)
class Closed:
    """
    The leads that were closed in one way, in two months that follow each other.

    :param this: those of the later month
    :param last: those of the month before
    """

    this: Tally
    last: Tally


@dataclass(frozen=True)
class Tasks:
    """
    What somebody has to do.

    :param first: the tasks that are due first
    :param are_more: whether there are others
    """

    first: Sequence[Activity]
    are_more: bool


def list_owner_ids(scope: Scope, *, by: Employee) -> Sequence[int]:
    """
    Tell whose leads a scope means.

    :param scope: mine, my team's or everyone's
    :param by: who looks
    :return: the ids of the owners; empty for everyone's, those that nobody owns included
    """
    if scope is Scope.ALL:
        return ()
    return (by.id,) if scope is Scope.ME else list_team_ids(by)


def tally_by_status(owner_ids: Sequence[int]) -> dict[LeadStatus, Tally]:
    """
    Count the leads of each status.

    :param owner_ids: whose leads, as ``list_owner_ids`` gives them
    :return: each status, in the order of a sale, with what stands there
    """
    rows = _count(LeadFilter(owner_ids=owner_ids), Lead.status.expression)
    return {status: _tally(row for row in rows if row.part is status) for status in LeadStatus}


def tally_closed(this: Period, last: Period, owner_ids: Sequence[int]) -> dict[StatusKind, Closed]:
    """
    Count what was won and what was lost in two periods that follow each other.

    :param this: the later period
    :param last: the one before
    :param owner_ids: whose leads, as ``list_owner_ids`` gives them
    :return: the leads won and lost in each
    """
    filters = LeadFilter(owner_ids=owner_ids, closed_from=last.start, closed_to=this.end)
    is_later = Lead.closed_at >= this.start
    rows = _count(filters, Lead.status.expression, is_later.label("is_later"))

    def closed(kind: StatusKind) -> Closed:
        ours = [row for row in rows if row.part.kind is kind]
        return Closed(_tally(row for row in ours if row.is_later), _tally(row for row in ours if not row.is_later))

    return {kind: closed(kind) for kind in (StatusKind.WON, StatusKind.LOST)}


def tally_created(period: Period, owner_ids: Sequence[int]) -> Tally:
    """
    Count the leads that came in.

    :param period: when
    :param owner_ids: whose leads, as ``list_owner_ids`` gives them
    :return: those leads, whatever became of them
    """
    filters = LeadFilter(owner_ids=owner_ids, created_from=period.start, created_to=period.end)
    return _tally(_count(filters))


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


def list_recently_changed(owner_ids: Sequence[int], *, limit: int = 8) -> Sequence[Lead]:
    """
    List the leads that were changed last.

    :param owner_ids: whose leads, as ``list_owner_ids`` gives them
    :param limit: how many at most
    :return: the leads, the latest first, each with who changed it
    """
    query = select_leads(LeadFilter(owner_ids=owner_ids)).order_by(Lead.updated_at.desc(), Lead.id.desc())
    return db.session.scalars(query.options(joinedload(Lead.updated_by)).limit(limit)).all()


def list_open_tasks(assignee: Employee, *, limit: int) -> Tasks:
    """
    List what somebody still has to do, on records outside the trash.

    :param assignee: who has to
    :param limit: how many at most
    :return: the tasks, the longest due first and those without a date last, each with its lead or customer
    """
    query = (
        select(Activity)
        .outerjoin(Activity.lead)
        .outerjoin(Activity.customer)
        .where(Activity.kind == ActivityKind.TASK, Activity.done_at.is_(None), Activity.assignee_id == assignee.id)
        .where(Lead.deleted_at.is_(None), Customer.deleted_at.is_(None))
        .order_by(Activity.due_on.asc().nulls_last(), Activity.id)
    )
    related = (contains_eager(Activity.lead), contains_eager(Activity.customer))
    tasks = db.session.scalars(query.options(*related).limit(limit + 1)).all()
    return Tasks(tasks[:limit], are_more=len(tasks) > limit)


def _count(filters: LeadFilter, *parts: ColumnElement[Any]) -> Sequence[Any]:
    """Count leads and add up their amounts, by currency and by further parts, the first of which is called so."""
    labelled = [part.label("part") if place == 0 else part for place, part in enumerate(parts)]
    query: Select[Any] = select_leads(filters).with_only_columns(
        *labelled,
        Lead.currency,
        func.count().label("leads"),
        func.count(Lead.amount).label("worth_count"),
        func.sum(Lead.amount).label("amount"),
    )
    return db.session.execute(query.group_by(*parts, Lead.currency)).all()


def _tally(rows: Iterable[Any]) -> Tally:
    rows = list(rows)
    known = (Worth(row.currency, row.amount, row.worth_count) for row in rows if row.amount is not None)
    return Tally(sum(row.leads for row in rows), _by_currency(known))


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
