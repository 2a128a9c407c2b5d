"""Leads that may be customers already; a bulk edit leaves them to a person."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, func, literal, or_, select, true, union_all

from crm_web.core.extensions import db
from crm_web.models import BulkItem, Contact, Customer, Lead
from crm_web.records.shared_hosts import is_shared_host

SLICE = 2000
"""How many leads are compared with all customers by one statement."""


def map_likely(edit_id: int) -> dict[int, str]:
    """Find leads without a customer that may be one by email, phone, name or domain, or as another lead of the edit.

    Similar names are left to the page for one lead, since comparing each with all would be slow.

    :return: why a person has to choose, by lead id
    """
    known: dict[int, str] = {}
    first_with: dict[Any, str] = {}
    last = 0
    while leads := db.session.execute(select(signs := _signs(edit_id, after=last)).order_by("lead_id")).all():
        shared = sorted(filter(is_shared_host, {host for lead in leads for host in _list_hosts(lead)}))
        for row in db.session.execute(_select_likely(signs, shared)):
            known.setdefault(
                row.lead_id, f"May already be {row.number} {row.name} ({row.why}). Open the lead to choose."
            )
        for lead in leads:
            if lead.lead_id not in known:
                _compare(lead, known, first_with)
        last = leads[-1].lead_id
    return known


def _compare(lead: Any, known: dict[int, str], first_with: dict[Any, str]) -> None:
    """The first lead of a company gets its customer; the others may be the same company."""
    signs = list(_list_signs(lead))
    shared = next((sign for sign in signs if sign in first_with), None)
    if shared is None:
        first_with.update(dict.fromkeys(signs, lead.name))
    else:
        known[lead.lead_id] = f"May be the same customer as {first_with[shared]}. Open the lead to choose."


def _signs(edit_id: int, *, after: int) -> Any:
    """The keys that leads are matched by, in portions, so that no statement gets long."""
    called = case((func.btrim(func.coalesce(Lead.company, "")) != "", Lead.company), else_=Lead.name)
    columns = (
        Lead.id.label("lead_id"),
        Lead.name.label("name"),
        func.crm_fold(called, type_=Text()).label("folded"),
        Lead.email_normalised.label("email"),
        Lead.phone_e164.label("phone"),
        Lead.mobile_e164.label("mobile"),
        func.crm_host(Lead.email).label("email_host"),
        func.crm_host(Lead.website).label("website_host"),
    )
    query = select(*columns).join(BulkItem, BulkItem.record_id == Lead.id)
    query = query.where(BulkItem.bulk_edit_id == edit_id, Lead.customer_id.is_(None), Lead.deleted_at.is_(None))
    query = query.where(BulkItem.record_id > after).order_by(BulkItem.record_id).limit(SLICE)
    return query.cte("signs").prefix_with("MATERIALIZED")


def _select_likely(signs: Any, shared: Sequence[str]) -> Select[Any]:
    """Each kind of match uses an index of its own; LIMIT keeps the planner to that."""
    contact = and_(Contact.customer_id == Customer.id, Contact.deleted_at.is_(None))
    ways: list[tuple[str, ColumnElement[bool] | None, ColumnElement[bool] | None]] = [
        ("created from this lead", Customer.created_from_lead_id == signs.c.lead_id, None),
        ("same email", Customer.email_normalised == signs.c.email, None),
        ("same email", None, Contact.email_normalised == signs.c.email),
        *(("same phone number", Customer.phone_e164 == number, None) for number in (signs.c.phone, signs.c.mobile)),
        *(
            ("same phone number", None, or_(Contact.phone_e164 == number, Contact.mobile_e164 == number))
            for number in (signs.c.phone, signs.c.mobile)
        ),
        ("same name", Customer.sort_name == signs.c.folded, None),
    ]
    for host in (signs.c.email_host, signs.c.website_host):
        for column in (Customer.email, Customer.website):
            ways.append(("same domain", and_(func.crm_host(column) == host, host.not_in(shared)), None))
    arms = []
    for place, (why, of_customer, of_contact) in enumerate(ways):
        found = select(Customer.number, Customer.name).where(Customer.deleted_at.is_(None))
        if of_contact is not None:
            found = found.join(Contact, contact).where(of_contact)
        elif of_customer is not None:
            found = found.where(of_customer)
        one = found.limit(1).lateral(f"found{place}")
        arms.append(
            select(signs.c.lead_id, literal(place).label("place"), literal(why).label("why"), one).join(one, true())
        )
    ways_found = union_all(*arms).subquery()
    return select(ways_found).order_by(ways_found.c.lead_id, ways_found.c.place)


def _list_signs(lead: Any) -> Iterator[tuple[str, str]]:
    yield from (("host", host) for host in _list_hosts(lead) if not is_shared_host(host))
    yield from (("phone", number) for number in (lead.phone, lead.mobile) if number)
    yield from ((kind, value) for kind, value in (("email", lead.email), ("name", lead.folded)) if value)


def _list_hosts(lead: Any) -> list[str]:
    return sorted({host for host in (lead.email_host, lead.website_host) if host})
