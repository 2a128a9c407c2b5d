"""What the pages ask about leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    TableValuedAlias,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import joinedload

from crm_web.activities.queries import EMAILS
from crm_web.core.extensions import db
from crm_web.core.prepared import ONE_PLAN, Prepared
from crm_web.duplicates.queries import PossibleDuplicate, read_duplicates, select_duplicates
from crm_web.leads.left_status import LeftStatusFilter, has_left_status
from crm_web.leads.spec import LEADS
from crm_web.lists.distinct_values import WordsInUse, select_words_in_use
from crm_web.lists.plain_rows import PlainRecords
from crm_web.lists.record_filters import RecordFilter, within
from crm_web.lists.sorting import NO_DAY
from crm_web.lists.spec import ListSpec
from crm_web.merging.queries import MergedRecord, read_merged, select_merged
from crm_web.models import (
    WAY_TO_WON,
    Activity,
    Conversion,
    Lead,
    LeadSource,
    LeadStatus,
    LostReason,
    RecordKind,
    StatusKind,
)
from crm_web.records.matching import Way
from crm_web.records.people import name_people, name_people_of_rows
from crm_web.stats.aggregates import LeadScope, Totals, add_totals, columns_to_sum, count_current, sum_rows

OPEN = StatusKind.OPEN.statuses
MOST_ADDED_UP = 1000


@dataclass(frozen=True, kw_only=True)
class LeadFilter(RecordFilter):
    """Which leads a list shows; every part left out lets all pass.

    :param sources: any of these; the empty text stands for none
    :param customer_id: only this customer's
    :param currency: with an amount in it
    :param amount_from: of this amount or more, in whatever currency
    :param amount_to: of this amount or less
    :param close_from: expected to close on this day or later
    :param close_to: expected to close before this day
    :param overdue_on: still open on this day, and expected to be closed before
    :param closed_from: closed at or after this moment
    :param closed_to: closed before this moment
    :param lost_reasons: lost for any of these
    :param reached: once got at least as far as this status, whatever became of them
    :param left: left a status, once or more
    """

    statuses: Sequence[LeadStatus] = ()
    sources: Sequence[str] = ()
    customer_id: int | None = None
    currency: str | None = None
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    close_from: date | None = None
    close_to: date | None = None
    overdue_on: date | None = None
    closed_from: datetime | None = None
    closed_to: datetime | None = None
    lost_reasons: Sequence[LostReason] = ()
    reached: LeadStatus | None = None
    left: LeftStatusFilter | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the aggregates, which are kept by owner, source and status, count these leads."""
        return {"statuses", "owner_ids", "sources"}.issuperset(self.in_use)

    def list_conditions(self, spec: ListSpec) -> list[ColumnElement[bool]]:
        """The conditions of all parts."""
        left = [has_left_status(self.left)] if self.left else []
        return [*super().list_conditions(spec), *left, *_list_conditions(self), *_list_money_and_days(self)]


def _list_conditions(filters: LeadFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.statuses:
        conditions.append(Lead.status.in_(filters.statuses))
    if filters.sources:
        conditions.append(LEADS.groups["source"].column.in_(filters.sources))
    if filters.customer_id is not None:
        conditions.append(Lead.customer_id == filters.customer_id)
    if filters.lost_reasons:
        conditions.append(Lead.lost_reason.in_(filters.lost_reasons))
    if filters.reached and filters.reached in WAY_TO_WON[1:]:
        so_far = WAY_TO_WON[WAY_TO_WON.index(filters.reached) :]
        conditions.append(or_(Lead.status.in_(so_far), Lead.furthest_status.in_(so_far)))
    if filters.currency:
        conditions += [Lead.currency == filters.currency, Lead.amount.is_not(None)]
    return conditions


def _list_money_and_days(filters: LeadFilter) -> list[ColumnElement[bool]]:
    """In the words of the indexes; what has no amount or no day is neither less nor before."""
    amount, close = LEADS.sorts["amount"], LEADS.sorts["expected_close_on"]
    conditions = within(Lead.closed_at, filters.closed_from, filters.closed_to)
    if filters.amount_from is not None or filters.amount_to is not None:
        conditions.append(amount >= (filters.amount_from or 0))
    if filters.amount_to is not None:
        conditions.append(amount <= filters.amount_to)
    if filters.close_from or filters.close_to:
        conditions += within(close, filters.close_from or NO_DAY.replace(year=2), filters.close_to)
    if filters.overdue_on:
        conditions += [*within(close, NO_DAY.replace(year=2), filters.overdue_on), Lead.status.in_(OPEN)]
    return conditions


def unnest_statuses(statuses: Sequence[LeadStatus]) -> TableValuedAlias:
    """Make rows of statuses, with a column ``status``, for what is looked up for each; VALUES would not be cached."""
    given = cast([status.value for status in statuses], ARRAY(Text))
    return func.unnest(given).table_valued("status", name="statuses").render_derived()


def get_lead(lead_id: int) -> Lead | None:
    """Load what a lead's page needs: the lead with owner, customer and the people who made and changed it.

    :return: the lead, in the trash or not; ``None`` where there is none
    """
    lead: Lead | None = db.session.scalar(_select_lead(), {"lead_id": lead_id})
    if lead is not None:
        name_people([lead], "owner", "created_by", "updated_by")
    return lead


@cache
def _select_lead() -> Select[Any]:
    """Built once, as below, since every page of a lead runs it."""
    query = select(Lead).where(Lead.id == bindparam("lead_id")).options(joinedload(Lead.customer))
    return query.execution_options(prepared=True)


def list_activities(lead: Lead, *, limit: int = 50) -> list[Any]:
    """List the open tasks of a lead, the most urgent first, then what happened, newest first.

    :return: plain rows of its activities, each with its author, assignee and email
    """
    activities = _select_activities(limit).all(lead_id=lead.id)
    name_people_of_rows(activities, "created_by", "assignee")
    for activity in activities:
        activity.lead = lead
    return activities


@cache
def _select_activities(limit: int) -> PlainRecords:
    query = select(Activity).where(Activity.lead_id == bindparam("lead_id")).order_by(*Activity.open_tasks_first())
    return PlainRecords(query.limit(limit), Activity, **EMAILS)


def list_sources(*, limit: int = 200) -> Sequence[str]:
    """List the known sources.

    :param limit: how many at most: an import may bring one for each campaign
    :return: their names, in alphabetical order
    """
    return db.session.scalars(
        select(LeadSource.name).order_by(func.crm_fold(LeadSource.name), LeadSource.name).limit(limit)
    ).all()


def list_words_in_use() -> dict[str, list[str]]:
    """List what leads can be filtered by, as far as it is a matter of what somebody typed, in one statement.

    :return: the known sources, and the industries and countries in use, each in alphabetical order
    """
    return _WORDS.read()


_WORDS = WordsInUse(
    source=select(literal("source").label("kind"), LeadSource.name.label("word")).order_by(
        func.crm_fold(LeadSource.name), LeadSource.name
    ),
    industry=select_words_in_use("industry", Lead, LEADS.sorts["industry"], Lead.industry),
    country=select_words_in_use("country", Lead, LEADS.groups["country"].column, Lead.country),
)


def list_alike(lead_id: int) -> tuple[list[PossibleDuplicate], list[MergedRecord]]:
    """List what may be the same as a lead, and what was merged into it, in one statement."""
    duplicates, merged = _select_alike().one(lead_id=lead_id)
    return read_duplicates(duplicates), read_merged(merged)


@cache
def _select_alike() -> Prepared:
    lead = bindparam("lead_id", type_=BigInteger)
    return Prepared(select(select_duplicates(RecordKind.LEAD, lead), select_merged(RecordKind.LEAD, lead)))


def find_active_conversion(lead_id: int) -> Conversion | None:
    """Find the conversion that has not been undone.

    :return: the conversion; ``None`` where the lead was never won, or the win was undone
    """
    return db.session.scalar(select(Conversion).where(Conversion.lead_id == lead_id, Conversion.undone_at.is_(None)))


def find_last_conversion(lead_id: int) -> Conversion | None:
    """Find the conversion that was made last, undone or not."""
    return db.session.scalar(
        select(Conversion).where(Conversion.lead_id == lead_id).order_by(Conversion.id.desc()).limit(1)
    )


def total_amounts(filters: LeadFilter, count: int) -> Totals | None:
    """Add up the amounts of the leads that a list shows.

    :param count: how many leads they are, or more than ``MOST_ADDED_UP``
    :return: their sums by currency; ``None`` where no count is kept of what is filtered by and there are too many rows
    """
    if filters.is_counted:
        current = count_current(LeadScope(filters.owner_ids, filters.sources))
        return add_totals(totals for status, totals in current.items() if status in (filters.statuses or current))
    if count > MOST_ADDED_UP:
        return None
    # Words that so few leads have are rare.
    way = Way.PARTS if filters.in_use == ["words"] else Way.INDEX
    query = LEADS.select(filters, way).with_only_columns(*columns_to_sum(Lead))
    return sum_rows(db.session.execute(query.group_by(Lead.currency)))


def total_amounts_of(lead_ids: Sequence[int]) -> Totals:
    """Add up the amounts of some leads."""
    return sum_rows(_select_amounts().all(lead_ids=lead_ids))


@cache
def _select_amounts() -> Prepared:
    is_one = Lead.id == any_(bindparam("lead_ids", type_=ARRAY(BigInteger)))
    query = select(*columns_to_sum(Lead)).where(is_one).group_by(Lead.currency)
    return Prepared(query.execution_options(prepared=ONE_PLAN))
