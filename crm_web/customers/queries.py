"""What the pages ask about customers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, Text, bindparam, func, select, union_all
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.base import ExecutableOption

from crm_web.activities.queries import EMAILS
from crm_web.core.extensions import db
from crm_web.customers.spec import CUSTOMERS
from crm_web.duplicates.queries import PossibleDuplicate, read_duplicates, select_duplicates
from crm_web.lists.distinct_values import WordsInUse, select_words_in_use
from crm_web.lists.plain_rows import OF_RECORD, PlainRecords
from crm_web.lists.record_filters import RecordFilter
from crm_web.lists.spec import ListSpec
from crm_web.merging.queries import MergedRecord, read_merged, select_merged
from crm_web.models import (
    Activity,
    Contact,
    Customer,
    CustomerKind,
    CustomerStatus,
    Lead,
    LeadStatus,
    RecordKind,
)
from crm_web.records.people import name_people, name_people_of_rows

WonAmounts = dict[str, Decimal]
"""What won leads sum up to, by currency."""


@dataclass(frozen=True, kw_only=True)
class CustomerFilter(RecordFilter):
    """Which customers a list shows; every part left out lets all pass."""

    statuses: Sequence[CustomerStatus] = ()
    kinds: Sequence[CustomerKind] = ()

    def list_conditions(self, spec: ListSpec) -> list[ColumnElement[bool]]:
        """The conditions of all parts."""
        chosen = ((Customer.status, self.statuses), (Customer.kind, self.kinds))
        return super().list_conditions(spec) + [column.in_(words) for column, words in chosen if words]


def list_words_in_use() -> dict[str, list[str]]:
    """List what customers can be filtered by, as far as it is a matter of what somebody typed, in one statement.

    :return: the industries and countries in use, each in alphabetical order
    """
    return _WORDS.read()


_WORDS = WordsInUse(
    industry=select_words_in_use("industry", Customer, CUSTOMERS.sorts["industry"], Customer.industry),
    country=select_words_in_use("country", Customer, CUSTOMERS.groups["country"].column, Customer.billing_country),
)


def find_customer_name(customer_id: int) -> str | None:
    """Find what a customer is called.

    :return: its name, in the trash or not; ``None`` where there is none
    """
    return db.session.scalar(select(Customer.name).where(Customer.id == customer_id))


def get_customer(customer_id: int) -> Customer | None:
    """Load what a customer's page needs: the customer with its people, parent and the lead that made it.

    :return: the customer, in the trash or not; ``None`` where there is none
    """
    customer = db.session.scalar(select(Customer).where(Customer.id == customer_id).options(*_around_a_customer()))
    if customer is not None:
        name_people([customer], "owner", "created_by", "updated_by")
    return customer


def _around_a_customer() -> list[ExecutableOption]:
    return [joinedload(Customer.parent), joinedload(Customer.created_from_lead)]


def get_customer_with_won(
    customer_id: int,
) -> tuple[Customer, WonAmounts, list[PossibleDuplicate], list[MergedRecord]] | None:
    """Load what a customer's page needs, with what it bought for and what may be the same.

    :return: the customer as ``get_customer`` gives it, by currency the sum of its won leads, its possible
        duplicates, and what was merged into it; ``None`` without one
    """
    row = db.session.execute(_select_customer_with_won(), {"customer_id": customer_id}).one_or_none()
    if row is None:
        return None
    name_people([row[0]], "owner", "created_by", "updated_by")
    return row[0], read_amounts(row[1]), read_duplicates(row[2]), read_merged(row[3])


@cache
def _select_customer_with_won() -> Select[Any]:
    """Built once, since every customer's page runs it."""
    duplicates = select_duplicates(RecordKind.CUSTOMER, Customer.id.expression, Customer)
    merged = select_merged(RecordKind.CUSTOMER, Customer.id.expression, Customer)
    return (
        select(Customer, won_amounts(), duplicates, merged)
        .where(Customer.id == bindparam("customer_id"))
        .options(*_around_a_customer())
        .execution_options(prepared=True)
    )


def won_amounts() -> ScalarSelect[Any]:
    """Build a column that stands beside a customer: what its won leads sum up to, by currency.

    :return: the column, a JSON object that ``read_amounts`` reads
    """
    won = (Lead.customer_id == Customer.id, Lead.status == LeadStatus.WON, Lead.deleted_at.is_(None))
    total = func.sum(Lead.amount).label("total")
    sums = select(Lead.currency, total).where(*won, Lead.amount.is_not(None)).group_by(Lead.currency)
    by_currency = sums.correlate(Customer).subquery("sums")
    return select(func.jsonb_object_agg(by_currency.c.currency, by_currency.c.total.cast(Text))).scalar_subquery()


def read_amounts(by_currency: dict[str, str] | None) -> WonAmounts:
    """Read the column of ``won_amounts``.

    :param by_currency: what the database gave; ``None`` where nothing was won
    :return: the sums, by currency in alphabetical order
    """
    return {currency: Decimal(total) for currency, total in sorted((by_currency or {}).items())}


def list_customers_called(words: str, *, limit: int = 10) -> Sequence[Customer]:
    """List the customers that some typed words may mean, for a field that offers them.

    :param words: a part of number or name
    :return: the customers outside the trash by name; none where nothing was typed
    """
    if not words.strip():
        return []
    query = CUSTOMERS.select(CustomerFilter(words=words)).order_by(Customer.sort_name, Customer.id)
    return db.session.scalars(query.limit(limit)).all()


def list_customers_meant(typed: str) -> Sequence[Customer]:
    """Find the one customer that a typed number or name means.

    :param typed: such as ``C-10042``, ``C-10042 Acme`` or ``Acme``; a name in any case, with or without accents
    :return: the customer outside the trash that has the number; else all that are called exactly so, two at most
    """
    number = re.match(r"\s*[Cc]-(\d{1,19})\b", typed)
    query = select(Customer).where(Customer.deleted_at.is_(None))
    if number:
        return db.session.scalars(query.where(Customer.number == f"C-{number[1]}")).all()
    folded = func.crm_fold(typed.strip())
    return db.session.scalars(query.where(Customer.sort_name == folded).order_by(Customer.id).limit(2)).all()


def list_contacts(customer_id: int) -> Sequence[Contact]:
    """List the people at a customer, the first one to call on top.

    :return: its contacts outside the trash
    """
    return db.session.scalars(_select_contacts(), {"customer_id": customer_id}).all()


@cache
def _select_contacts() -> Select[Any]:
    """Built once, as the two below, since every customer's page runs it."""
    query = select(Contact).where(Contact.customer_id == bindparam("customer_id"), Contact.deleted_at.is_(None))
    query = query.order_by(Contact.is_primary.desc(), Contact.sort_name, Contact.id)
    return query.execution_options(prepared=True)


def list_leads_of(customer_id: int, *, limit: int) -> Sequence[Lead]:
    """List a customer's leads outside the trash, newest first.

    :return: the leads, each with its owner
    """
    leads = db.session.scalars(_select_leads(limit), {"customer_id": customer_id}).all()
    name_people(leads, "owner")
    return leads


@cache
def _select_leads(limit: int) -> Select[Any]:
    query = select(Lead).where(Lead.customer_id == bindparam("customer_id"), Lead.deleted_at.is_(None))
    query = query.order_by(Lead.created_at.desc(), Lead.id.desc()).limit(limit)
    return query.execution_options(prepared=True)


def list_activities(customer: Customer, *, limit: int = 50) -> list[Any]:
    """List the open tasks of a customer and its leads, the most urgent first, then what happened, newest first.

    :return: plain rows of activities of the customer and of its leads, each with author, assignee, lead and email
    """
    activities = _select_activities(limit).all(customer_id=customer.id)
    name_people_of_rows(activities, "created_by", "assignee")
    for activity in activities:
        activity.customer = None if activity.lead else customer
    return activities


@cache
def _select_activities(limit: int) -> PlainRecords:
    customer_id: Any = bindparam("customer_id")
    # Two lists, so that each finds its rows by an index of its own.
    of_its_leads = select(Activity.id).join(Lead, Activity.lead_id == Lead.id)
    ids = union_all(
        select(Activity.id).where(Activity.customer_id == customer_id),
        of_its_leads.where(Lead.customer_id == customer_id, Lead.deleted_at.is_(None)),
    )
    query = select(Activity).where(Activity.id.in_(ids)).order_by(*Activity.open_tasks_first())
    return PlainRecords(query.limit(limit), Activity, lead=OF_RECORD, **EMAILS)
