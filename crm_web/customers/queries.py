"""What the pages ask about customers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, Text, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased, contains_eager, joinedload
from sqlalchemy.sql.base import ExecutableOption

from crm_web.extensions import db
from crm_web.matching import contains_words
from crm_web.models import Activity, Contact, Customer, CustomerKind, CustomerStatus, Employee, Lead, LeadStatus
from crm_web.paging import Page, Sort, load_page

_Owner = aliased(Employee)
WonAmounts = dict[str, Decimal]
"""What won leads sum up to, by currency."""

SORTS: dict[str, ColumnElement[Any]] = {
    "name": Customer.sort_name.expression,
    "number": Customer.id.expression,
    "status": Customer.status.expression,
    "city": func.coalesce(func.lower(Customer.billing_city), literal("")),
    "owner": func.coalesce(func.lower(_Owner.name), literal("")),
    "created_at": Customer.created_at.expression,
    "updated_at": Customer.updated_at.expression,
}
"""The words that a list can be sorted by, each an expression that is never null."""

INDEXED_SORTS = ("name", "number", "created_at", "updated_at")
DEFAULT_SORT = "name"


@dataclass(frozen=True)
class CustomerFilter:
    """
    Which customers a list shows; every part left out lets all pass.

    :param words: text to find in name, number, e-mail, website, phone and registration numbers
    :param statuses: any of these
    :param kinds: any of these
    :param owner_ids: belonging to any of these; 0 stands for nobody
    """

    words: str = ""
    statuses: Sequence[CustomerStatus] = ()
    kinds: Sequence[CustomerKind] = ()
    owner_ids: Sequence[int] = ()


def select_customers(filters: CustomerFilter) -> Select[Any]:
    """
    Build the query behind the list, its count and its exports.

    :param filters: which customers
    :return: a select of ``Customer`` outside the trash, without order
    """
    conditions: list[ColumnElement[bool]] = [Customer.deleted_at.is_(None)]
    if filters.words.strip():
        conditions.append(contains_words(Customer.search_text.expression, filters.words))
    if filters.statuses:
        conditions.append(Customer.status.in_(filters.statuses))
    if filters.kinds:
        conditions.append(Customer.kind.in_(filters.kinds))
    if filters.owner_ids:
        known = [owner for owner in filters.owner_ids if owner]
        nobody = [Customer.owner_id.is_(None)] if 0 in filters.owner_ids else []
        conditions.append(or_(Customer.owner_id.in_(known), *nobody))
    return select(Customer).where(*conditions)


def read_sort(word: str | None) -> Sort:
    """
    Turn the sort word of an address into an order.

    :param word: one of ``SORTS``, with a minus in front for largest first; anything else means ``DEFAULT_SORT``
    :return: the full order
    """
    word = word if word and word.removeprefix("-") in SORTS else DEFAULT_SORT
    key = word.removeprefix("-")
    return Sort(SORTS[key], Customer.id.expression, word.startswith("-"), is_indexed=key in INDEXED_SORTS)


def list_customers(filters: CustomerFilter, *, sort: str | None, mark: str | None) -> Page:
    """
    Load one page of the list of customers, with each one's owner.

    :param filters: which customers
    :param sort: a sort word, as in ``read_sort``
    :param mark: where the page starts; ``None`` for the first
    :return: the page
    """
    query = _with_owner(select_customers(filters))
    return load_page(query, read_sort(sort), mark=mark, filter_first=bool(filters.words.strip()))


def _with_owner(query: Select[Any]) -> Select[Any]:
    return query.outerjoin(_Owner, Customer.owner_id == _Owner.id).options(
        contains_eager(Customer.owner.of_type(_Owner))
    )


def stream_customers(filters: CustomerFilter, *, sort: str | None, size: int = 1000) -> Iterator[Customer]:
    """
    Run through all customers of a list in its order, a batch at a time, with flat memory.

    :param filters: which customers
    :param sort: a sort word, as in ``read_sort``
    :param size: rows a batch
    :return: an iterator over customers, each with its owner loaded
    """
    query = _with_owner(select_customers(filters)).order_by(*read_sort(sort).columns)
    yield from db.session.scalars(query.execution_options(yield_per=size))


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


def get_contact(contact_id: int) -> Contact | None:
    """
    Load a contact with its customer and that one's owner.

    :param contact_id: its id
    :return: the contact, in the trash or not; ``None`` where there is none
    """
    loaded = joinedload(Contact.customer).joinedload(Customer.owner)
    return db.session.scalar(select(Contact).where(Contact.id == contact_id).options(loaded))


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
    return db.session.scalars(query.order_by(Contact.is_primary.desc(), Contact.name, Contact.id)).all()


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
