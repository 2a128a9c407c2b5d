"""Applying a bulk edit: POST /bulk/<id>/apply, all or nothing, and its receipt."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.request_log import count_queries
from crm_web.models import (
    BulkEdit,
    BulkItem,
    BulkOutcome,
    Change,
    ChangeSource,
    Conversion,
    Customer,
    CustomerStatus,
    Employee,
    Lead,
    LeadStatus,
    LostReason,
)
from tests.factories import make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def choose(browser: Browser, action: str, *records: Any, **filters: Any) -> Page:
    """Tick records in their list and press the button; gives the page that confirms."""
    entity = type(records[0]).__name__.lower()
    data = {"ids": [str(record.id) for record in records], "action": action}
    return browser.post("bulk.choose_records", data, entity=entity, **filters).follow()


def apply(page: Page, **values: Any) -> Page:
    """Confirm; gives the receipt."""
    return page.form("apply").submit(**values).follow()


def read(session: Session, *records: Any) -> list[Any]:
    """The records as they are now."""
    session.expire_all()
    return [session.get_one(type(record), record.id) for record in records]


def outcomes(session: Session) -> dict[str, str | None]:
    """What became of each record, with the reason."""
    session.expire_all()
    names = {lead.id: lead.name for lead in session.scalars(select(Lead))}
    return {names[item.record_id]: item.reason or item.outcome.value for item in session.scalars(select(BulkItem))}


def test_leads_are_assigned_at_once(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    leads = [make_lead(session, last_name=name, owner_id=ann.id) for name in ("Okoro", "Berg")]
    page = choose(browser_as(ann), "assign", *leads)
    assert page.h1 == "Assign 2 leads"
    assert "Review before applying." in page.text
    assert "2 leads: Okoro, Berg." in page.text
    assert [lead.owner_id for lead in read(session, *leads)] == [ann.id, ann.id]
    page = apply(page, owner_id=str(bob.id))
    assert page.h1 == "Assigned to Bob Tanaka"
    assert "2 leads changed by Ann Keller" in page.text
    assert [row["Lead"] for row in page.table] == ["Okoro", "Berg"]
    assert [(lead.owner_id, lead.version) for lead in read(session, *leads)] == [(bob.id, 2), (bob.id, 2)]


def test_history_names_the_source_and_the_person(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    apply(choose(browser_as(ann), "assign", lead), owner_id=str(bob.id))
    change = session.scalars(select(Change).where(Change.entity == "lead").order_by(Change.id.desc()).limit(1)).one()
    assert (change.source, change.actor_id, change.version) == (ChangeSource.BULK, ann.id, 2)
    assert change.fields == {"owner_id": [ann.id, bob.id]}


def test_what_is_not_mine_or_trashed_or_already_so_is_told_before(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    mine, new = make_lead(session, last_name="Mine", status=LeadStatus.QUALIFIED), make_lead(session, last_name="New")
    his = make_lead(session, last_name="His", owner_id=bob.id, status=LeadStatus.QUALIFIED)
    gone = make_lead(session, last_name="Gone", deleted_at=mine.created_at, deleted_by_id=bob.id)
    page = choose(browser_as(ann), "status:new", mine, his, gone, new)
    others = [item.get_text() for item in page.soup.select("#others li")]
    assert sorted(others) == ["1 lead: In the trash", "1 lead: Owned by Bob Tanaka", "1 lead: Status is already New"]
    page = apply(page)
    assert outcomes(session) == {
        "Mine": "done",
        "New": "Status is already New",
        "His": "Owned by Bob Tanaka",
        "Gone": "In the trash",
    }
    assert page.click("Failed 2").table[0] == {"Lead": "His", "Reason": "Owned by Bob Tanaka"}


def test_all_that_match_are_frozen(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    session.add_all(Lead(last_name=f"Lead{number}", status=LeadStatus.CONTACTED) for number in range(60))
    session.commit()
    other = make_lead(session)
    browser = browser_as(ann)
    page = browser.get("leads.list_leads", status="contacted")
    assert "All 60 leads that match" in page.text
    page = page.form("/bulk/lead").submit(everything="1", action="status:qualified").follow()
    assert page.h1 == "Move 60 leads to Qualified"
    late = make_lead(session, status=LeadStatus.CONTACTED)
    apply(page)
    assert {lead.status for lead in read(session, other, late)} == {LeadStatus.NEW, LeadStatus.CONTACTED}
    assert len(session.scalars(select(Lead).where(Lead.status == LeadStatus.QUALIFIED)).all()) == 60


def test_winning_makes_a_customer_of_each(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    leads = [make_lead(session, last_name="Okoro", company=name, owner_id=ann.id) for name in ("Nordlys", "Acme")]
    page = choose(browser_as(ann), "status:won", *leads)
    assert "2 new customers will be created" in page.text
    apply(page)
    customers = session.scalars(select(Customer).order_by(Customer.id)).all()
    assert [customer.name for customer in customers] == ["Nordlys", "Acme"]
    after = read(session, *leads)
    assert [(lead.status, lead.customer_id) for lead in after] == [(LeadStatus.WON, it.id) for it in customers]
    assert [item.version_after for item in session.scalars(select(BulkItem))] == [lead.version for lead in after]
    assert len(session.scalars(select(Conversion)).all()) == 2


def test_likely_customers_are_left_to_a_person(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session, name="Nordlys", email="post@nordlys.example")
    make_customer(session, name="Somebody", email="somebody@alice.it")
    make_lead(session, last_name="Berg")
    leads = [
        make_lead(session, last_name="Rossi", email="anna@alice.it"),
        make_lead(session, last_name="Verdi", email="carlo@alice.it"),
        make_lead(session, last_name="Okoro", email="zoe@nordlys.example"),
        make_lead(session, last_name="Ek", company="Acme"),
        make_lead(session, last_name="Lund", company="ACME"),
    ]
    page = choose(browser_as(ann), "status:won", *leads)
    assert "3 new customers will be created" in page.text
    assert "2 leads may already be a customer" in page.text
    apply(page)
    reasons = outcomes(session)
    assert [reasons[name] for name in ("Ek", "Rossi", "Verdi")] == ["done"] * 3
    assert "Nordlys (same domain). Open the lead to choose." in (reasons["Okoro"] or "")
    assert "same customer as Ek" in (reasons["Lund"] or "")


def test_a_person_may_say_that_all_become_customers(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session, name="Nordlys")
    lead = make_lead(session, company="Nordlys")
    apply(choose(browser_as(ann), "status:won", lead), create_all="y")
    assert read(session, lead)[0].is_won
    assert len(session.scalars(select(Customer)).all()) == 2


def test_losing_needs_a_reason(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    leads = [make_lead(session) for _ in range(2)]
    page = choose(browser_as(ann), "status:lost", *leads)
    wrong = page.form("apply").submit()
    assert wrong.status == 422
    assert wrong.errors == {"lost_reason": "Choose a reason."}
    wrong = page.form("apply").submit(lost_reason="other")
    assert wrong.errors == {"lost_note": "Enter a note that explains the reason."}
    assert not any(lead.is_lost for lead in read(session, *leads))
    apply(page, lost_reason="price", lost_note="twice ours")
    assert {(lead.lost_reason, lead.lost_note) for lead in read(session, *leads)} == {(LostReason.PRICE, "twice ours")}


def test_a_source_is_spelt_as_everywhere(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    known = make_lead(session, source="Trade fair")
    lead = make_lead(session)
    page = apply(choose(browser_as(ann), "source", lead, known), source="TRADE FAIR")
    assert page.h1 == "Source set to Trade fair"
    assert read(session, lead)[0].source == "Trade fair"
    assert "Source is already Trade fair" in page.click("Skipped 1").text


def test_customers_change_status_owner_and_trash(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    customers = [make_customer(session, name=name) for name in ("Nordlys", "Acme")]
    browser = browser_as(ann)
    apply(choose(browser, "status:former", *customers))
    assert {it.status for it in read(session, *customers)} == {CustomerStatus.FORMER}
    apply(choose(browser, "trash", *customers))
    assert all(it.is_in_trash for it in read(session, *customers))


def test_a_deactivated_owner_is_refused_for_all(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = choose(browser_as(ann), "assign", lead)
    bob.is_active = False
    session.commit()
    wrong = page.form("apply").submit(owner_id=str(bob.id))
    assert wrong.status == 422
    assert "Choose an active employee. Viewers can’t own records." in wrong.errors["owner_id"]
    assert read(session, lead)[0].owner_id == ann.id


def test_what_changed_after_it_was_chosen_is_skipped(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    moved, trashed, renamed = (make_lead(session, last_name=name) for name in ("Moved", "Trashed", "Renamed"))
    page = choose(browser_as(ann), "status:contacted", moved, trashed, renamed)
    moved.status, renamed.first_name = LeadStatus.QUALIFIED, "Zoë"
    trashed.deleted_at, trashed.deleted_by_id = trashed.created_at, bob.id
    session.commit()
    apply(page)
    assert outcomes(session) == {
        "Moved": "Status changed since you selected it",
        "Trashed": "In the trash",
        "Zoë Renamed": "done",
    }


def test_a_rule_that_forbids_one_stops_no_other(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    gone = make_customer(session, name="Gone", deleted_at=ann.created_at, deleted_by_id=ann.id)
    broken, fine = make_lead(session, customer_id=gone.id), make_lead(session, last_name="Fine")
    apply(choose(browser_as(ann), "status:won", broken, fine))
    assert [lead.is_won for lead in read(session, broken, fine)] == [False, True]
    assert "is in the trash. Restore it first." in (outcomes(session)[broken.name] or "")


def test_a_won_lead_keeps_its_customer_and_that_is_told(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    won, other = make_lead(session, status=LeadStatus.WON), make_lead(session)
    page = choose(browser_as(ann), "status:contacted", won, other)
    assert "1 of them is won. Customers created from won leads are kept." in page.text
    apply(page)
    after, _ = read(session, won, other)
    assert (after.status, after.customer_id) == (LeadStatus.CONTACTED, won.customer_id)


def test_nobody_is_no_default(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = choose(browser_as(ann), "assign", lead)
    assert page.form("apply").submit().errors == {"owner_id": "Choose an owner or “Unassigned”."}
    assert page.form("apply").submit(owner_id="999").errors == {
        "owner_id": "Choose an active employee. Viewers can’t own records."
    }
    page = apply(page, owner_id="0")
    assert page.h1 == "Unassigned"
    assert read(session, lead)[0].owner_id is None


def test_asks_the_database_as_often_for_many(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser = browser_as(ann)

    def cost(ask: Callable[[], Page]) -> int:
        with count_queries() as queries:
            ask()
        return queries.count

    costs = []
    for rows in (2, 20):
        leads = [make_lead(session, company=f"Company {rows} {number}") for number in range(rows)]
        page = choose(browser, "status:won", *leads)
        confirm, undo = page.form("apply"), f"{page.url}/undo"
        open_again = partial(browser.open, page.url)
        steps: list[Callable[[], Page]] = [open_again, confirm.submit, open_again]
        steps.append(partial(browser.open, undo, method="POST", data={}))
        costs.append([cost(step) for step in steps])
    assert costs[0] == costs[1]


def test_twice_is_once(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session)
    form = choose(browser_as(ann), "status:contacted", lead).form("apply")
    assert form.submit().location == form.submit().location
    assert read(session, lead)[0].version == 2


def test_nothing_ticked_says_what_to_do(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session)
    page = browser_as(ann).get("leads.list_leads", status="new").form("/bulk/lead").submit(action="trash")
    assert page.location == "/leads?status=new"
    assert "Select at least one lead." in page.follow().flash


@pytest.mark.parametrize("action", ["", "explode", "status:nonsense"])
def test_an_action_that_is_none_is_refused(browser_as: BrowserAs, session: Session, ann: Employee, action: str) -> None:
    lead = make_lead(session)
    data = {"ids": str(lead.id), "action": action}
    page = browser_as(ann).post("bulk.choose_records", data, entity="lead").follow()
    assert "Choose an action" in page.flash
    assert session.scalars(select(BulkEdit)).all() == []


def test_customers_have_no_source(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    data = {"ids": str(make_customer(session).id), "action": "source"}
    assert "Choose an action" in browser_as(ann).post("bulk.choose_records", data, entity="customer").follow().flash


def test_a_viewer_sees_no_bar_and_is_refused(browser_as: BrowserAs, session: Session, vera: Employee) -> None:
    lead = make_lead(session)
    browser = browser_as(vera)
    page = browser.get("leads.list_leads")
    assert not page.has("#bulk")
    assert not page.has("input[name=ids]")
    assert browser.post("bulk.choose_records", {"ids": str(lead.id)}, entity="lead").status == 403


def test_a_colleague_sees_no_receipt_of_mine_and_a_manager_does(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, max: Employee
) -> None:
    lead = make_lead(session)
    page = choose(browser_as(ann), "status:contacted", lead)
    assert browser_as(bob).open(page.url).status == 403
    assert browser_as(bob).open(f"{page.url}/apply", method="POST", data={}).status == 403
    assert browser_as(max).open(f"{page.url}/apply", method="POST", data={}).status == 403
    apply(page)
    assert browser_as(max).open(page.url).h1 == "Moved to Contacted"
    assert browser_as(bob).open(f"{page.url}/undo", method="POST", data={}).status == 403
    assert read(session, lead)[0].status is LeadStatus.CONTACTED


def test_a_stranger_is_asked_to_sign_in(visitor: Browser) -> None:
    assert visitor.post("bulk.choose_records", {}, entity="lead").status == 303
    assert visitor.get("bulk.show_edit", edit_id=1).location == "/sign-in?next=/bulk/1"


def test_an_unknown_edit_is_not_there(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).get("bulk.show_edit", edit_id=9).status == 404
    assert browser_as(ann).post("bulk.apply_edit", edit_id=9).status == 404


def test_a_draft_stays_pending(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    choose(browser_as(ann), "trash", make_lead(session))
    assert [item.outcome for item in session.scalars(select(BulkItem))] == [BulkOutcome.PENDING]
    assert "No bulk edits yet" in browser_as(ann).get("bulk.list_edits").text
