"""Taking back a bulk edit: POST /bulk/<id>/undo."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import (
    BulkEdit,
    Change,
    ChangeSource,
    Contact,
    Conversion,
    Customer,
    CustomerStatus,
    Employee,
    Lead,
    LeadStatus,
    LostReason,
)
from tests.bulk.test_apply_edit import apply, choose, read
from tests.factories import make_activity, make_contact, make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def undo(page: Page) -> Page:
    """Press Undo on a receipt."""
    return page.button("Undo edit").follow()


def stored(record: Any) -> dict[str, Any]:
    """What a person could have typed or chosen in a record."""
    follows = ("version", "updated_at", "updated_by_id", "status_changed_at", "furthest_status")
    return {name: value for name, value in vars(record).items() if not name.startswith("_") and name not in follows}


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("assign", {"owner_id": "0"}),
        ("source", {"source": "Fair"}),
        ("trash", {}),
        ("status:on_hold", {}),
        ("status:lost", {"lost_reason": "price"}),
        ("status:won", {}),
    ],
)
def test_leads_are_what_they_were(
    browser_as: BrowserAs, session: Session, ann: Employee, action: str, values: dict[str, str]
) -> None:
    closed = datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)
    lost: dict[str, Any] = {
        "status": LeadStatus.DISQUALIFIED,
        "lost_reason": LostReason.OTHER,
        "lost_note": "gone",
        "closed_at": closed,
    }
    leads = [
        make_lead(session, owner_id=ann.id, source="Web", company="Nordlys", status=LeadStatus.QUALIFIED),
        make_lead(session, owner_id=ann.id, company="Acme", **lost),
    ]
    before = [stored(lead) for lead in read(session, *leads)]
    page = apply(choose(browser_as(ann), action, *leads), **values)
    assert [stored(lead) for lead in read(session, *leads)] != before
    page = undo(page)
    assert "2 leads restored" in page.text
    assert [stored(lead) for lead in read(session, *leads)] == before
    change = session.scalars(select(Change).where(Change.entity == "lead").order_by(Change.id.desc()).limit(1)).one()
    assert (change.source, change.actor_id) == (ChangeSource.BULK, ann.id)


@pytest.mark.parametrize(("action", "values"), [("assign", {"owner_id": "0"}), ("status:former", {}), ("trash", {})])
def test_customers_are_what_they_were(
    browser_as: BrowserAs, session: Session, ann: Employee, action: str, values: dict[str, str]
) -> None:
    customer = make_customer(session, owner_id=ann.id, status=CustomerStatus.INACTIVE)
    before = stored(read(session, customer)[0])
    undo(apply(choose(browser_as(ann), action, customer), **values))
    assert stored(read(session, customer)[0]) == before


def test_wins_are_taken_back_with_their_customers(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    leads = [make_lead(session, company=name) for name in ("Nordlys", "Acme")]
    undo(apply(choose(browser_as(ann), "status:won", *leads)))
    assert [(lead.status, lead.customer_id) for lead in read(session, *leads)] == [(LeadStatus.NEW, None)] * 2
    assert all(customer.is_in_trash for customer in session.scalars(select(Customer)))
    assert all(line.undone_at for line in session.scalars(select(Conversion)))


def test_what_was_changed_since_is_left_and_listed(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    changed, same = make_lead(session, last_name="Changed"), make_lead(session, last_name="Same")
    page = apply(choose(browser_as(ann), "assign", changed, same), owner_id=str(bob.id))
    session.expire_all()
    session.get_one(Lead, changed.id).city = "Oslo"
    session.commit()
    page = undo(page)
    assert "1 lead restored" in page.text
    assert page.table == [{"Lead": "Changed", "Reason": "Changed since the edit"}]
    assert [lead.owner_id for lead in read(session, changed, same)] == [bob.id, None]


def test_a_win_that_stands_says_what_is_in_the_way(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    leads = [make_lead(session, company=name) for name in ("Nordlys", "Acme")]
    page = apply(choose(browser_as(ann), "status:won", *leads))
    session.expire_all()
    session.scalars(select(Customer).where(Customer.name == "Acme")).one().website = "https://acme.example"
    session.commit()
    page = undo(page)
    assert page.table[0]["Lead"] == "Acme"
    assert "This win can’t be undone. C-" in page.table[0]["Reason"]
    assert "Changed since then" in page.table[0]["Reason"]
    assert [lead.is_won for lead in read(session, *leads)] == [False, True]


def _rename(session: Session, customer: Customer, _lead: Lead) -> None:
    customer.name = "Other"


def _call(session: Session, customer: Customer, _lead: Lead) -> None:
    make_activity(session, customer_id=customer.id)


def _introduce(session: Session, customer: Customer, _lead: Lead) -> None:
    make_contact(session, customer)


def _rename_contact(session: Session, customer: Customer, _lead: Lead) -> None:
    session.scalars(select(Contact).where(Contact.customer_id == customer.id)).one().job_title = "Head"


def _found_subsidiary(session: Session, customer: Customer, _lead: Lead) -> None:
    make_customer(session, parent_id=customer.id)


def _sell_again(session: Session, customer: Customer, _lead: Lead) -> None:
    make_lead(session, customer_id=customer.id)


def _trash(session: Session, customer: Customer, lead: Lead) -> None:
    customer.deleted_at, customer.deleted_by_id = lead.created_at, customer.created_by_id


@pytest.mark.parametrize("touch", [_rename, _call, _introduce, _rename_contact, _found_subsidiary, _sell_again, _trash])
def test_a_trace_on_the_customer_keeps_its_win_and_no_other(
    browser_as: BrowserAs, session: Session, ann: Employee, touch: Callable[[Session, Customer, Lead], None]
) -> None:
    """The many are looked through at once; each obstacle that a single undo knows has to be found there too."""
    leads = [make_lead(session, company=name, last_name="Okoro") for name in ("Nordlys", "Acme")]
    page = apply(choose(browser_as(ann), "status:won", *leads))
    _, acme = read(session, *leads)
    touch(session, session.get_one(Customer, acme.customer_id), acme)
    session.commit()
    page = undo(page)
    assert [row["Lead"] for row in page.table] == ["Okoro"]
    assert [lead.is_won for lead in read(session, *leads)] == [False, True]
    assert "/leads/" in page.link("Okoro")


def test_a_lead_that_was_won_before_keeps_its_customer(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, company="Nordlys")
    browser = browser_as(ann)
    browser.post("leads.change_status", {"status": "won"}, lead_id=lead.id)
    # In a test all is one transaction with one time; the win before was another day.
    session.connection().exec_driver_sql("ALTER TABLE conversions DISABLE TRIGGER keep")
    session.connection().exec_driver_sql("UPDATE conversions SET converted_at = '2026-01-01'")
    browser.post("leads.change_status", {"status": "negotiation", "confirmed": "1"}, lead_id=lead.id)
    undo(apply(choose(browser, "status:won", lead)))
    (after,) = read(session, lead)
    assert after.status is LeadStatus.NEGOTIATION
    assert not session.get_one(Customer, after.customer_id).is_in_trash


def test_an_owner_who_sells_no_more_gets_nothing_back(
    browser_as: BrowserAs, session: Session, max: Employee, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = apply(choose(browser_as(max), "assign", lead), owner_id=str(bob.id))
    ann.is_active = False
    session.commit()
    page = undo(page)
    assert page.table[0]["Reason"] == "Choose an active employee. Viewers can’t own records."
    assert read(session, lead)[0].owner_id == bob.id


def test_the_maker_takes_back_what_is_a_colleagues_now(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    undo(apply(choose(browser_as(ann), "assign", lead), owner_id=str(bob.id)))
    assert read(session, lead)[0].owner_id == ann.id


def test_twice_is_once(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session)
    page = apply(choose(browser_as(ann), "status:contacted", lead))
    form = page.form("undo")
    assert form.submit().location == form.submit().location
    assert read(session, lead)[0].version == 3
    assert not page.browser.open(page.url).has("form[action$=undo]")


def test_a_draft_can_not_be_undone(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    page = choose(browser_as(ann), "trash", make_lead(session))
    browser_as(ann).open(f"{page.url}/undo", method="POST", data={})
    assert session.scalars(select(BulkEdit)).one().undone_at is None


def test_the_list_of_edits_says_what_was_done(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    undo(apply(choose(browser_as(ann), "status:contacted", make_lead(session))))
    apply(choose(browser_as(ann), "trash", make_lead(session), make_lead(session)))
    rows = browser_as(ann).get("bulk.list_edits").table
    assert [(row["Edit"], row["Records"], row["Status"]) for row in rows] == [
        ("Moved to trash", "2 leads", "Done"),
        ("Moved to Contacted", "1 lead", "Undone"),
    ]
    assert "No bulk edits yet" in browser_as(max).get("bulk.list_edits").text
    assert len(browser_as(max).get("bulk.list_edits", whose="all").table) == 2
