"""What the pages ask about customers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload

from crm_web.extensions import db
from crm_web.matching import contains_words
from crm_web.models import Activity, Contact, Customer, CustomerKind, CustomerStatus, Employee, Lead, LeadStatus
from crm_web.paging import Page, Sort, load_page

_Owner = aliased(Employee)

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
    conditions = [Customer.deleted_at.is_(None)]
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
    return Sort(SORTS[word.removeprefix("-")], Customer.id.expression, word.startswith("-"))


def list_customers(filters: CustomerFilter, *, sort: str | None, mark: str | None) -> Page:
    """
    Load one page of the list of customers, with each one's owner.

    :param filters: which customers
    :param sort: a sort word, as in ``read_sort``
    :param mark: where the page starts; ``None`` for the first
    :return: the page
    """
    return load_page(_with_owner(select_customers(filters)), read_sort(sort), mark=mark)


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
    people = (joinedload(Customer.owner), joinedload(Customer.created_by), joinedload(Customer.updated_by))
    around = (joinedload(Customer.parent), joinedload(Customer.created_from_lead))
    return db.session.scalar(select(Customer).where(Customer.id == customer_id).options(*people, *around))


def list_customers_to_print(customer_ids: Sequence[int]) -> Sequence[Customer]:
    """
    Load several customers with all that their printed pages show.

    :param customer_ids: which ones; unknown ones and those in the trash are left out
    :return: the customers by name, each with owner, contacts and leads
    """
    query = select(Customer).where(Customer.id.in_(customer_ids), Customer.deleted_at.is_(None))
    loaded = (joinedload(Customer.owner), selectinload(Customer.contacts), selectinload(Customer.leads))
    return db.session.scalars(query.options(*loaded).order_by(Customer.sort_name, Customer.id)).all()


def list_contacts(customer_id: int) -> Sequence[Contact]:
    """
    List the people at a customer, the first one to call on top.

    :param customer_id: the customer
    :return: its contacts outside the trash
    """
    query = select(Contact).where(Contact.customer_id == customer_id, Contact.deleted_at.is_(None))
    return db.session.scalars(query.order_by(Contact.is_primary.desc(), Contact.name, Contact.id)).all()


def list_leads_of(customer_id: int, *, only_won: bool = False, limit: int = 100) -> Sequence[Lead]:
    """
    List a customer's leads outside the trash, newest first.

    :param customer_id: the customer
    :param only_won: leave out those that are not won
    :param limit: how many at most
    :return: the leads, each with its owner
    """
    query = select(Lead).where(Lead.customer_id == customer_id, Lead.deleted_at.is_(None))
    if only_won:
        query = query.where(Lead.status == LeadStatus.WON)
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
    its_leads = select(Lead.id).where(Lead.customer_id == customer_id, Lead.deleted_at.is_(None))
    query = select(Activity).where(or_(Activity.customer_id == customer_id, Activity.lead_id.in_(its_leads)))
    loaded = (joinedload(Activity.created_by), joinedload(Activity.assignee), joinedload(Activity.lead))
    return db.session.scalars(
        query.options(*loaded).order_by(Activity.happened_at.desc(), Activity.id.desc()).limit(limit)
    ).all()
