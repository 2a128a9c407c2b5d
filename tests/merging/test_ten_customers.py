"""Ten customers of won leads become one with everything they have, and are taken apart again."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, text
from sqlalchemy.orm import Session

from crm_web.models import (
    Conversion,
    ConversionKind,
    Customer,
    Employee,
    ExternalId,
    Lead,
    LeadStatus,
    Notification,
    NotificationKind,
)
from tests.factories import make_activity, make_contact, make_customer, make_file, make_lead, make_pair
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
TABLES = (
    *("customers", "leads", "contacts", "activities", "files", "conversions", "external_ids", "notifications"),
    *("customer_last_activity", "duplicate_pairs", "mentions"),
)
SIGNED = ("version", "updated_at", "updated_by_id", "xact")


def read_all(session: Session) -> dict[str, list[Any]]:
    """Every row that a customer has to do with, without who changed it last."""
    signed = ", ".join(f"'{name}'" for name in SIGNED)
    query = "SELECT to_jsonb(it) - ARRAY[{1}] AS row FROM {0} it ORDER BY 1"
    return {table: list(session.scalars(text(query.format(table, signed)))) for table in TABLES}


def win(session: Session, lead: Lead, customer: Customer, by: Employee) -> None:
    """What winning leaves, without its requests."""
    lead.status, lead.closed_at, lead.customer_id = LeadStatus.WON, func.now(), customer.id
    made: dict[str, Any] = {"kind": ConversionKind.CREATED, "customer_version": 1, "before": {}, "filled": {}}
    session.add(Conversion(lead_id=lead.id, customer_id=customer.id, converted_by_id=by.id, **made))
    session.commit()


def make_customers(session: Session, by: Employee) -> list[Customer]:
    """Customers with two contacts, a lead that was won and one that is open, a child, and what else belongs to them."""
    customers = []
    for number in range(10):
        lead = make_lead(session, by=by, first_name="Rosa", last_name=f"Castillo {number}", company=f"Acme {number}")
        customer = make_customer(session, by=by, name=lead.company, created_from_lead_id=lead.id)
        win(session, lead, customer, by)
        make_contact(session, customer, by=by, first_name="Rosa", last_name="Castillo", is_primary=True)
        make_lead(session, by=by, company=f"Again {number}", customer_id=customer.id)
        make_customer(session, by=by, name=f"Child {number}", parent_id=customer.id)
        make_contact(session, customer, by=by, last_name="Lund")
        make_activity(session, by=by, customer_id=customer.id, body="@Ann Keller, have a look")
        with_file = make_activity(session, by=by, customer_id=customer.id)
        make_file(session, with_file)
        make_file(session, customer, name=f"Contract {number}.pdf")
        session.add(ExternalId(system="Old", external_id=str(number), customer_id=customer.id))
        note = Notification(employee_id=by.id, kind=NotificationKind.ASSIGNED, entity="customer")
        note.entity_id = customer.id
        session.add(note)
        session.commit()
        customers.append(customer)
    for other in customers[1:]:
        make_pair(session, customers[0], other)
    return customers


def test_ten_customers_of_won_leads_become_one_and_are_taken_apart(
    browser_as: BrowserAs, session: Session, max: Employee
) -> None:
    browser = browser_as(max)
    customers = make_customers(session, max)
    kept, ids = customers[3], {customer.id for customer in customers}
    before = read_all(session)
    page = browser.get("merging.preview_merge", records="customers", ids=",".join(map(str, sorted(ids))))
    merged = page.form("merge").submit(keep=str(kept.id)).follow()
    assert "10 customers merged into" in merged.flash
    after = read_all(session)
    assert {table: len(rows) for table, rows in after.items() if table != "customer_last_activity"} == {
        table: len(rows) for table, rows in before.items() if table != "customer_last_activity"
    }
    for table in ("leads", "contacts", "activities", "files", "conversions", "external_ids"):
        assert {row["customer_id"] for row in after[table]} - {None} == {kept.id}, table
    assert {row["parent_id"] for row in after["customers"]} == {None, kept.id}
    assert [row["id"] for row in after["contacts"] if row["is_primary"]] == [
        row["id"] for row in before["contacts"] if row["is_primary"] and row["customer_id"] == kept.id
    ]
    # What is shown of it is one customer with ten won leads; every old address leads there.
    for customer in (kept, customers[0], customers[-1]):
        shown = browser.get("customers.show_customer", customer_id=customer.id)
        assert shown.status == 200 if customer is kept else shown.location == f"/customers/{kept.id}"
    notified = browser.get("notifications.list_notifications")
    assert notified.status == 200
    merge_id = session.scalar(text("SELECT max(id) FROM record_merges"))
    assert browser.post("merging.undo_merge", merge_id=merge_id).follow().flash == "Merge undone."
    session.expire_all()
    undone = read_all(session)
    for table in TABLES:
        assert undone[table] == before[table], table
