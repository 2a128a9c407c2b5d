"""Queries for the dashboard: sums of the aggregates, and short lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, load_only

from crm_web.core.extensions import db
from crm_web.dashboard.scopes import Scope
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.models import Activity, ActivityKind, Customer, Employee, Lead, LeadStatus, Metric, StatusKind
from crm_web.records.people import list_team_ids
from crm_web.stats.aggregates import LeadScope, Totals, columns_to_sum, count_current, sum_counts, sum_rows
from crm_web.stats.periods import Period


@dataclass(frozen=True)
class Closed:
    """The leads won, or those lost, in this month and the last."""

    this: Totals
    last: Totals


@dataclass(frozen=True)
class Tasks:
    """Somebody's open tasks."""

    first: Sequence[Activity]
    are_more: bool


def list_owner_ids(scope: Scope, *, by: Employee) -> Sequence[int]:
    """List the ids of the owners in a scope; empty for all leads, unassigned ones included."""
    if scope is Scope.ALL:
        return ()
    return (by.id,) if scope is Scope.ME else list_team_ids(by)


def count_by_status(owner_ids: Sequence[int]) -> dict[LeadStatus, Totals]:
    """Count the leads of each status."""
    return count_current(LeadScope(owner_ids))


def count_closed(this: Period, last: Period, owner_ids: Sequence[int]) -> dict[StatusKind, Closed]:
    """Count the leads won and lost in two consecutive months."""
    both = Period(last.first_day, this.next_day, this.zone)
    rows = sum_counts(Metric.CLOSED, "starts_on", "status", "currency", scope=LeadScope(owner_ids), period=both)

    def closed(kind: StatusKind) -> Closed:
        ours = [row for row in rows if LeadStatus(row.status).kind is kind]
        return Closed(*(sum_rows(row for row in ours if row.starts_on == month.first_day) for month in (this, last)))

    return {kind: closed(kind) for kind in (StatusKind.WON, StatusKind.LOST)}


def count_created(period: Period, owner_ids: Sequence[int]) -> Totals:
    """Count the leads created within a few days: from an index, since the aggregates are monthly."""
    filters = LeadFilter(owner_ids=owner_ids, created_from=period.start, created_to=period.end)
    query = LEADS.select(filters).with_only_columns(*columns_to_sum(Lead))
    return sum_rows(db.session.execute(query.group_by(Lead.currency)))


def list_recently_changed(owner_ids: Sequence[int], *, limit: int = 8) -> Sequence[Lead]:
    """List the leads that were updated last, each with who did and when it had its last activity."""
    query = LEADS.select(LeadFilter(owner_ids=owner_ids)).order_by(Lead.updated_at.desc(), Lead.id.desc())
    shown = load_only(Lead.name, Lead.status, Lead.updated_at)
    related = (joinedload(Lead.updated_by).load_only(Employee.name), joinedload(Lead.last_touch))
    return db.session.scalars(query.options(shown, *related).limit(limit)).all()


def list_open_tasks(assignee: Employee, *, limit: int) -> Tasks:
    """List somebody's open tasks on records outside the trash: earliest due first, those without a date last."""
    query = (
        select(Activity)
        .outerjoin(Activity.lead)
        .outerjoin(Activity.customer)
        .where(Activity.kind == ActivityKind.TASK, Activity.done_at.is_(None), Activity.assignee_id == assignee.id)
        .where(Lead.deleted_at.is_(None), Customer.deleted_at.is_(None))
        .order_by(Activity.due_on.asc().nulls_last(), Activity.id)
    )
    shown = load_only(Activity.subject, Activity.due_on, Activity.lead_id, Activity.customer_id)
    lead, customer = contains_eager(Activity.lead), contains_eager(Activity.customer)
    related = (lead.load_only(Lead.name), customer.load_only(Customer.name))
    tasks = db.session.scalars(query.options(shown, *related).limit(limit + 1)).all()
    return Tasks(tasks[:limit], are_more=len(tasks) > limit)
