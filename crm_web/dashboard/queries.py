"""Queries for the dashboard: sums of the aggregates, and short lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CompoundSelect,
    Date,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from crm_web.core.extensions import db
from crm_web.core.prepared import Prepared
from crm_web.dashboard.scopes import Scope
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.models import (
    Activity,
    ActivityKind,
    Customer,
    Employee,
    Lead,
    LeadLastActivity,
    LeadStatus,
    Metric,
    StatusKind,
)
from crm_web.records.people import list_team_ids
from crm_web.stats.aggregates import LeadScope, Totals, columns_to_sum, select_counts, sum_by_status, sum_rows
from crm_web.stats.periods import Period


@dataclass(frozen=True)
class Closed:
    """The leads won, or those lost, in this month and the last."""

    this: Totals
    last: Totals


@dataclass(frozen=True)
class LeadCounts:
    """The leads by status, those closed in this month and the last, and those that are new."""

    by_status: Mapping[LeadStatus, Totals]
    closed: Mapping[StatusKind, Closed]
    created: Totals


@dataclass(frozen=True)
class Tasks:
    """Somebody's open tasks, each with the name of its ``record``."""

    first: Sequence[Any]
    are_more: bool


def list_owner_ids(scope: Scope, *, by: Employee) -> Sequence[int]:
    """List the ids of the owners in a scope; empty for all leads, unassigned ones included."""
    if scope is Scope.ALL:
        return ()
    return (by.id,) if scope is Scope.ME else list_team_ids(by)


def count_leads(week: Period, this: Period, last: Period, owner_ids: Sequence[int]) -> LeadCounts:
    """Count leads by status, those created within a few days, and those closed in two consecutive months, at once."""
    scope, both = LeadScope(owner_ids), Period(last.first_day, this.next_day, this.zone)
    standing, owners = select_counts(Metric.STANDING, "status", "currency", scope=scope)
    closed, values = select_counts(Metric.CLOSED, "starts_on", "status", "currency", scope=scope, period=both)
    values |= owners | {"created_from": week.start, "created_to": week.end}
    rows: dict[str, list[Any]] = {"standing": [], "closed": [], "created": []}
    for row in db.session.execute(_select_all(standing, closed, is_scoped=bool(owner_ids)), values).all():
        rows[row.part].append(row)

    def count_closed(kind: StatusKind) -> Closed:
        ours = [row for row in rows["closed"] if LeadStatus(row.status).kind is kind]
        return Closed(*(sum_rows(row for row in ours if row.starts_on == month.first_day) for month in (this, last)))

    return LeadCounts(
        sum_by_status(rows["standing"]),
        {kind: count_closed(kind) for kind in (StatusKind.WON, StatusKind.LOST)},
        sum_rows(rows["created"]),
    )


@lru_cache(maxsize=16)
def _select_all(standing: Select[Any], closed: Select[Any], *, is_scoped: bool) -> CompoundSelect[Any]:
    """Aggregates are monthly, so that what was created within days is counted from an index."""
    now, then = standing.subquery(), closed.subquery()
    created = _select_leads(is_scoped).with_only_columns(*columns_to_sum(Lead)).group_by(Lead.currency)
    created = created.where(Lead.created_at >= bindparam("created_from"), Lead.created_at < bindparam("created_to"))
    new = created.subquery()
    nothing = null()
    return union_all(
        _name_part("standing", nothing, now.c.status, now),
        _name_part("closed", then.c.starts_on, then.c.status, then),
        _name_part("created", nothing, nothing, new),
    )


def _name_part(part: str, month: Any, status: Any, rows: Any) -> Select[Any]:
    """Rows of one kind, with the columns that all have."""
    sums = (rows.c.currency, rows.c.how_many, rows.c.how_many_priced, rows.c.amount)
    named = (literal(part).label("part"), cast(month, Date).label("starts_on"), cast(status, Text).label("status"))
    return select(*named, *sums)


def list_recently_changed(owner_ids: Sequence[int], *, limit: int = 8) -> Sequence[Any]:
    """List the leads that were updated last, each with who did (``by``) and when it had its last activity."""
    if owner_ids:
        return db.session.execute(_select_recent(limit, is_scoped=True), {"owner_ids": owner_ids}).all()
    return _prepare_recent(limit).all()


@cache
def _prepare_recent(limit: int) -> Prepared:
    # How many leads somebody has decides how theirs are found, so that only this is not planned each time.
    return Prepared(_select_recent(limit, is_scoped=False))


@cache
def _select_recent(limit: int, *, is_scoped: bool) -> Select[Any]:
    query = _select_leads(is_scoped).outerjoin(Lead.updated_by).outerjoin(Lead.last_touch)
    shown: list[Any] = [Lead.id, Lead.name, Lead.status, Lead.updated_at]
    shown += [Employee.name.label("by"), LeadLastActivity.at.label("last_activity_at")]
    query = query.with_only_columns(*shown, maintain_column_froms=True)
    return query.order_by(Lead.updated_at.desc(), Lead.id.desc()).limit(limit)


def _select_leads(is_scoped: bool) -> Select[Any]:
    query = LEADS.select(LeadFilter())
    return query.where(Lead.owner_id == any_(bindparam("owner_ids", type_=ARRAY(BigInteger)))) if is_scoped else query


def list_open_tasks(assignee: Employee, *, limit: int) -> Tasks:
    """List somebody's open tasks on records outside the trash: earliest due first, those without a date last."""
    tasks = _select_open_tasks(limit + 1).all(assignee_id=assignee.id)
    return Tasks(tasks[:limit], are_more=len(tasks) > limit)


@cache
def _select_open_tasks(limit: int) -> Prepared:
    shown: list[Any] = [Activity.id, Activity.subject, Activity.due_on, Activity.lead_id, Activity.customer_id]
    return Prepared(
        select(*shown, func.coalesce(Lead.name, Customer.name).label("record"))
        .outerjoin(Activity.lead)
        .outerjoin(Activity.customer)
        .where(Activity.kind == ActivityKind.TASK, Activity.done_at.is_(None))
        .where(Activity.assignee_id == bindparam("assignee_id"))
        .where(Lead.deleted_at.is_(None), Customer.deleted_at.is_(None))
        .order_by(Activity.due_on.asc().nulls_last(), Activity.id)
        .limit(limit)
    )
