"""What the pages ask about customers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, ScalarSelect, Select, Text, func, literal, select, union_all
from sqlalchemy.orm import aliased, joinedload
from sqlalchemy.sql.base import ExecutableOption

from crm_web.core.extensions import db
from crm_web.customers.columns import COLUMNS, SHOWN
from crm_web.lists.columns import load_shown
from crm_web.lists.distinct_values import select_words_in_use
from crm_web.lists.pagination import Page, Sort, choose_sort, count_some, join_groups, load_page
from crm_web.lists.record_filters import RecordFilter, list_shared_conditions
from crm_web.lists.sorting import folded, group_by_country, group_by_owner, moment_or_none
from crm_web.models import (
    Activity,
    Contact,
    Customer,
    CustomerKind,
    CustomerLastActivity,
    CustomerStatus,
    Employee,
    Lead,
    LeadStatus,
)
from crm_web.records.matching import contains_words

Owner, Maker, Changer = aliased(Employee), aliased(Employee), aliased(Employee)
Parent = aliased(Customer)
WonAmounts = dict[str, Decimal]
"""What won leads sum up to, by currency."""

GROUPS = {"owner": group_by_owner(Customer.owner_id), "country": group_by_country(Customer.billing_country)}
INDEXED: dict[str, ColumnElement[Any]] = {
    "name": Customer.sort_name.expression,
    "number": Customer.id.expression,
    "status": Customer.status.expression,
    "city": folded(Customer.billing_city),
    "country": GROUPS["country"].keys.c.key,
    "industry": folded(Customer.industry),
    "owner": GROUPS["owner"].keys.c.key,
    "last_activity": moment_or_none(CustomerLastActivity.at),
    "created_at": Customer.created_at.expression,
    "updated_at": Customer.updated_at.expression,
}
"""The orders that an index gives, however many customers there are."""

SORTS: dict[str, ColumnElement[Any]] = INDEXED | {
    "kind": Customer.kind.expression,
    "email": folded(Customer.email),
    "phone": folded(Customer.phone),
    "website": folded(Customer.website),
    "state": folded(Customer.billing_state),
    "postal_code": folded(Customer.billing_postal_code),
    "vat_number": folded(Customer.vat_number),
    "registration_number": folded(Customer.registration_number),
}
"""The words that a list can be sorted by, each an expression that is never null."""

DEFAULT_SORT = "name"


@dataclass(frozen=True, kw_only=True)
class CustomerFilter(RecordFilter):
    """
    Which customers a list shows; every part left out lets all pass.

    :param statuses: any of these
    :param kinds: any of these
    """

    statuses: Sequence[CustomerStatus] = ()
    kinds: Sequence[CustomerKind] = ()


_LACKING: dict[str, ColumnElement[bool]] = {
    "owner": func.coalesce(Customer.owner_id, 0) == 0,
    "email": Customer.email_normalised.is_(None),
    "phone": Customer.phone.is_(None),
    "website": Customer.website.is_(None),
    "address": Customer.billing_street.is_(None) & Customer.billing_city.is_(None),
    "industry": SORTS["industry"] == "",
    "activity": SORTS["last_activity"] == literal("0001-01-01 00:00:00+00").cast(CustomerLastActivity.at.type),
}


def select_customers(filters: CustomerFilter) -> Select[Any]:
    """
    Build the query behind the list, its count and its exports.

    :param filters: which customers
    :return: a select of ``Customer`` outside the trash, without order
    """
    query = select(Customer).where(Customer.deleted_at.is_(None))
    if filters.asks_for_activity:
        query = query.join(CustomerLastActivity, CustomerLastActivity.customer_id == Customer.id)
    if filters.words.strip():
        query = query.where(contains_words(Customer.search_text.expression, filters.words))
    if filters.statuses:
        query = query.where(Customer.status.in_(filters.statuses))
    if filters.kinds:
        query = query.where(Customer.kind.in_(filters.kinds))
    return query.where(
        *list_shared_conditions(
            filters,
            Customer,
            country=Customer.billing_country,
            last_activity=CustomerLastActivity.at,
            lacking=_LACKING,
        )
    )


def read_sort(word: str | None) -> Sort:
    """
    Turn the sort word of an address into an order.

    :param word: one of ``SORTS``, with a minus in front for largest first; anything else means ``DEFAULT_SORT``
    :return: the full order
    """
    word = word if word and word.removeprefix("-") in SORTS else DEFAULT_SORT
    key = word.removeprefix("-")
    # The index is one of the latest activities, so the id has to be theirs as well.
    row_id = CustomerLastActivity.customer_id if key == "last_activity" else Customer.id
    return Sort(SORTS[key], row_id.expression, word.startswith("-"), is_indexed=key in INDEXED, groups=GROUPS.get(key))


def list_customers(
    filters: CustomerFilter,
    *,
    sort: str | None,
    cursor: str | None,
    columns: Sequence[str] | None = SHOWN,
    size: int = 50,
) -> Page:
    """
    Load one page of the list of customers, with each one's owner; of the customer itself only what a list shows.

    :param filters: which customers
    :param sort: a sort word, as in ``read_sort``
    :param cursor: where the page starts; ``None`` for the first
    :param columns: the columns to show; ``None`` loads the customers whole, and without their owners
    :param size: rows a page
    :return: the page
    """
    order = read_sort(sort)
    always = (Customer.id, Customer.name, Customer.kind, Customer.status, Customer.owner_id)
    loaded = load_shown(Customer, COLUMNS, columns, always=always)
    query = _join_touch(select_customers(filters).options(*loaded), filters, order)
    base_query = _join_touch(select_customers(CustomerFilter()), CustomerFilter(), order) if filters.in_use else None
    return load_page(
        query, order, cursor=cursor, size=size, base_query=base_query, fallback_sort=read_sort(DEFAULT_SORT)
    )


def _join_touch(query: Select[Any], filters: CustomerFilter, order: Sort) -> Select[Any]:
    if order.expression is SORTS["last_activity"] and not filters.asks_for_activity:
        query = query.join(CustomerLastActivity, CustomerLastActivity.customer_id == Customer.id)
    return query


def stream_columns(
    filters: CustomerFilter, columns: Sequence[Any], *, sort: str | None, size: int = 1000
) -> Iterator[Sequence[Any]]:
    """
    Run through all customers of a list in its order, a batch at a time, with flat memory.

    :param filters: which customers
    :param columns: what to read of each: columns of ``Customer``, ``CustomerTouch``, ``Owner``, ``Maker``, ``Changer``
        and ``Parent``
    :param sort: a sort word, as in ``read_sort``
    :param size: rows a batch
    :return: an iterator over rows of values
    """
    order, query = read_sort(sort), select_customers(filters)
    if not order.is_indexed:
        order = choose_sort(count_some(query, order), order, read_sort(DEFAULT_SORT))
    if not filters.asks_for_activity:
        query = query.join(CustomerLastActivity, CustomerLastActivity.customer_id == Customer.id)
    people = ((Owner, Customer.owner_id), (Maker, Customer.created_by_id), (Changer, Customer.updated_by_id))
    for person, person_id in people:
        query = query.outerjoin(person, person.id == person_id)
    query = join_groups(query.outerjoin(Parent, Parent.id == Customer.parent_id), order)
    query = query.with_only_columns(*columns, maintain_column_froms=True)
    yield from db.session.execute(query.order_by(*order.columns).execution_options(yield_per=size))


def list_words_in_use(*, limit: int = 200) -> dict[str, list[str]]:
    """
    List what customers can be filtered by, as far as it is a matter of what somebody typed, in one statement.

    :param limit: how many of each at most
    :return: the industries and countries in use, each in alphabetical order
    """
    found: dict[str, list[str]] = {"industry": [], "country": []}
    for kind, word in db.session.execute(_select_words_in_use(limit)):
        found[kind].append(word)
    return found


@cache
def _select_words_in_use(limit: int) -> CompoundSelect[Any]:
    industry = select_words_in_use("industry", Customer, INDEXED["industry"], Customer.industry, limit=limit)
    codes = GROUPS["country"].column
    country = select_words_in_use("country", Customer, codes, Customer.billing_country, limit=limit)
    return union_all(*(part.subquery().select() for part in (industry, country)))


def get_customer(customer_id: int) -> Customer | None:
    """
    Load what a customer's page needs: the customer with its people, parent and the lead that made it.

    :param customer_id: its id
    :return: the customer, in the trash or not; ``None`` where there is none
    """
    return db.session.scalar(select(Customer).where(Customer.id == customer_id).options(*_around_a_customer()))


def _around_a_customer() -> list[ExecutableOption]:
    people = (joinedload(Customer.owner), joinedload(Customer.created_by), joinedload(Customer.updated_by))
    return [*people, joinedload(Customer.parent), joinedload(Customer.created_from_lead)]


def get_customer_with_won(customer_id: int) -> tuple[Customer, WonAmounts] | None:
    """
    Load what a customer's page needs, with what it bought for.

    :param customer_id: its id
    :return: the customer as ``get_customer`` gives it, and by currency the sum of its won leads; ``None`` without one
    """
    query = select(Customer, won_amounts()).where(Customer.id == customer_id).options(*_around_a_customer())
    row = db.session.execute(query).one_or_none()
    return None if row is None else (row[0], read_amounts(row[1]))


def won_amounts() -> ScalarSelect[Any]:
    """
    Build a column that stands beside a customer: what its won leads sum up to, by currency.

    :return: the column, a JSON object that ``read_amounts`` reads
    """
    won = (Lead.customer_id == Customer.id, Lead.status == LeadStatus.WON, Lead.deleted_at.is_(None))
    total = func.sum(Lead.amount).label("total")
    sums = select(Lead.currency, total).where(*won, Lead.amount.is_not(None)).group_by(Lead.currency)
    by_currency = sums.correlate(Customer).subquery("sums")
    return select(func.jsonb_object_agg(by_currency.c.currency, by_currency.c.total.cast(Text))).scalar_subquery()


def read_amounts(by_currency: dict[str, str] | None) -> WonAmounts:
    """
    Read the column of ``won_amounts``.

    :param by_currency: what the database gave; ``None`` where nothing was won
    :return: the sums, by currency in alphabetical order
    """
    return {currency: Decimal(total) for currency, total in sorted((by_currency or {}).items())}


def list_customers_called(words: str, *, limit: int = 10) -> Sequence[Customer]:
    """
    List the customers that some typed words may mean, for a field that offers them.

    :param words: a part of number or name
    :param limit: how many at most
    :return: the customers outside the trash by name; none where nothing was typed
    """
    if not words.strip():
        return []
    query = select_customers(CustomerFilter(words=words)).order_by(Customer.sort_name, Customer.id)
    return db.session.scalars(query.limit(limit)).all()


def list_customers_meant(typed: str) -> Sequence[Customer]:
    """
    Find the one customer that a typed number or name means.

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
    """
    List the people at a customer, the first one to call on top.

    :param customer_id: the customer
    :return: its contacts outside the trash
    """
    query = select(Contact).where(Contact.customer_id == customer_id, Contact.deleted_at.is_(None))
    return db.session.scalars(query.order_by(Contact.is_primary.desc(), Contact.sort_name, Contact.id)).all()


def list_leads_of(customer_id: int, *, limit: int) -> Sequence[Lead]:
    """
    List a customer's leads outside the trash, newest first.

    :param customer_id: the customer
    :param limit: how many at most
    :return: the leads, each with its owner
    """
    query = select(Lead).where(Lead.customer_id == customer_id, Lead.deleted_at.is_(None))
    return db.session.scalars(
        query.options(joinedload(Lead.owner)).order_by(Lead.created_at.desc(), Lead.id.desc()).limit(limit)
    ).all()


def list_activities(customer_id: int, *, limit: int = 50) -> Sequence[Activity]:
    """
    List what happened around a customer and its leads, newest first.

    :param customer_id: the customer
    :param limit: how many at most
    :return: activities of the customer and of its leads, each with author, assignee and lead
    """
    # Two lists, so that each finds its rows by an index of its own.
    of_its_leads = select(Activity.id).join(Lead, Activity.lead_id == Lead.id)
    ids = union_all(
        select(Activity.id).where(Activity.customer_id == customer_id),
        of_its_leads.where(Lead.customer_id == customer_id, Lead.deleted_at.is_(None)),
    )
    query = select(Activity).where(Activity.id.in_(ids))
    loaded = (joinedload(Activity.created_by), joinedload(Activity.assignee), joinedload(Activity.lead))
    return db.session.scalars(
        query.options(*loaded).order_by(Activity.happened_at.desc(), Activity.id.desc()).limit(limit)
    ).all()
