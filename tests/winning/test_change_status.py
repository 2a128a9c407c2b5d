"""Moving a lead along, winning and losing it: POST /leads/<id>/status."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.request_log import count_queries
from crm_web.models import Change, ChangeSource, Contact, Conversion, Customer, Employee, Lead, LeadStatus, LostReason
from tests.factories import make_customer, make_lead
from tests.page import Browser, Page, words
from tests.rows import count

BrowserAs = Callable[[Employee], Browser]


def read(session: Session, lead: Lead) -> Lead:
    session.expire_all()
    return session.get_one(Lead, lead.id)


def facts(page: Page) -> dict[str, str]:
    """The facts of the lead, without the fields that history names."""
    return {words(row.select("dt")[0]): words(row.select("dd")[0]) for row in page.soup.select("#facts .fact")}


def move(browser: Browser, lead: Lead, status: str | None, **more: Any) -> Page:
    return browser.post("leads.change_status", {"status": status, **more}, lead_id=lead.id)


@pytest.mark.parametrize("status", ["contacted", "qualified", "proposal", "negotiation", "on_hold"])
def test_moves_an_open_lead_to_any_open_status(
    browser_as: BrowserAs, session: Session, ann: Employee, status: str
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = move(browser_as(ann), lead, status)
    assert (page.status, page.location) == (303, f"/leads/{lead.id}")
    assert page.follow().flash == f"Moved to {LeadStatus(status).label}. Undo"
    lead = read(session, lead)
    assert (lead.status, lead.closed_at) == (status, None)


def test_the_steps_on_the_page_are_the_form(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id).button("Qualified").follow()
    assert page.one(".step [aria-current=step]").get_text(strip=True) == "Qualified"
    page = page.button("Put on hold").follow()
    assert page.one(".steps-aside [aria-current=step]").get_text(strip=True) == "On hold"


def test_choosing_the_same_status_changes_nothing(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, status=LeadStatus.QUALIFIED)
    move(browser_as(ann), lead, "qualified")
    assert read(session, lead).version == 1


def test_history_says_who_moved_it(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session)
    move(browser_as(ann), lead, "qualified")
    change = session.scalars(select(Change).where(Change.entity == "lead").order_by(Change.id.desc())).all()[0]
    assert change.fields["status"] == ["new", "qualified"]
    assert (change.actor_id, change.source) == (ann.id, ChangeSource.WEB)


# Won


def test_winning_creates_the_customer_and_says_so_with_a_link(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(
        session,
        first_name="Zoë",
        last_name="Okoro",
        company="Nordlys A/S",
        email="zoe@nordlys.example",
        owner_id=ann.id,
    )
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id).button("Won").follow()
    customer = session.scalars(select(Customer)).one()
    assert f"Won. Customer {customer.number} Nordlys A/S created." in page.flash
    assert page.link("View customer") == f"/customers/{customer.id}"
    assert facts(page)["Customer"] == f"{customer.number} Nordlys A/S"
    assert (customer.owner_id, customer.created_from_lead_id) == (ann.id, lead.id)
    assert session.scalars(select(Contact)).one().name == "Zoë Okoro"
    assert session.scalars(select(Conversion)).one().converted_by_id == ann.id
    lead = read(session, lead)
    assert (lead.status, lead.customer_id) == (LeadStatus.WON, customer.id)
    assert lead.closed_at is not None


def test_winning_again_changes_nothing_and_shows_the_same_customer(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, company="Nordlys")
    move(browser_as(ann), lead, "won", from_status="new")
    version = read(session, lead).version
    page = move(browser_as(ann), lead, "won", from_status="new").follow()
    customer = session.scalars(select(Customer)).one()
    assert f"This lead is already won. Customer {customer.number} Nordlys is its customer." in page.flash
    assert page.link("View customer") == f"/customers/{customer.id}"
    assert read(session, lead).version == version
    assert count(session, Conversion) == 1


def test_a_customer_who_buys_again_is_not_made_twice(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys")
    lead = make_lead(session, customer_id=customer.id)
    page = move(browser_as(ann), lead, "won").follow()
    assert f"Won. Linked to customer {customer.number} Nordlys." in page.flash
    assert count(session, Customer) == 1


def test_leaving_won_says_that_the_customer_stays(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, company="Nordlys")
    move(browser_as(ann), lead, "won")
    page = move(browser_as(ann), lead, "negotiation", confirmed="1").follow()
    customer = session.scalars(select(Customer)).one()
    assert f"Moved to Negotiation. Customer {customer.number} Nordlys is kept." in page.flash
    lead = read(session, lead)
    assert (lead.customer_id, lead.closed_at) == (customer.id, None)
    assert "Won." in move(browser_as(ann), lead, "won").follow().flash
    assert count(session, Customer) == 1


def test_leaving_won_asks_first(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, company="Nordlys", last_name="Okoro", owner_id=ann.id)
    browser = browser_as(ann)
    move(browser, lead, "won")
    customer, board = session.scalars(select(Customer)).one(), "/leads/board?q=nordlys"
    page = move(browser, lead, "lost", from_status="won", next=board, lost_reason="other", lost_note="Moved").follow()
    assert page.h1 == "Move Okoro out of Won?"
    assert f"Customer {customer.number} Nordlys is kept." in page.text
    assert (page.link("Keep as won"), page.link("Back")) == (board, board)
    assert read(session, lead).status == LeadStatus.WON
    answer = page.button("Move to Lost")
    assert (answer.status, answer.location) == (303, board)
    lead = read(session, lead)
    assert (lead.status, lead.lost_note, lead.customer_id) == (LeadStatus.LOST, "Moved", customer.id)
    # Pressed again, or opened when there is nothing to ask.
    assert page.button("Move to Lost").location == board
    place = f"/leads/{lead.id}"
    assert browser.get("leads.leave_won", lead_id=lead.id, status="new").location == place


def test_leaving_won_asks_for_the_reason_before_it_asks(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, company="Nordlys")
    browser = browser_as(ann)
    move(browser, lead, "won")
    page = move(browser, lead, "lost")
    assert page.errors == {"lost_reason": "Choose a lost reason."}
    for status in (None, "", "nonsense", "won"):
        assert browser.get("leads.leave_won", lead_id=lead.id, status=status).location == f"/leads/{lead.id}"


def test_a_confirmation_holds_for_one_press(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, company="Nordlys")
    browser = browser_as(ann)
    move(browser, lead, "won")
    page = move(browser, lead, "contacted", from_status="new", confirmed="1")
    assert page.status == 409
    assert page.button("Contacted").follow().h1.endswith("out of Won?")


def test_a_customer_in_the_trash_is_in_the_way(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys", deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    lead = make_lead(session, customer_id=customer.id)
    page = move(browser_as(ann), lead, "won")
    assert page.status == 422
    assert f"Its customer {customer.number} Nordlys is in the trash. Restore it first." in page.errors[""]
    assert read(session, lead).status == LeadStatus.NEW


# Lost


@pytest.mark.parametrize("status", ["lost", "disqualified"])
def test_losing_takes_a_reason(browser_as: BrowserAs, session: Session, ann: Employee, status: str | None) -> None:
    lead = make_lead(session)
    page = move(browser_as(ann), lead, status, lost_reason="competitor", lost_note="They were nearer")
    shown = page.follow()
    assert (facts(shown)["Lost reason"], facts(shown)["Lost note"]) == ("Chose a competitor", "They were nearer")
    lead = read(session, lead)
    assert (lead.status, lead.lost_reason) == (status, LostReason.COMPETITOR)
    assert lead.closed_at is not None


@pytest.mark.parametrize("status", ["contacted", "won"])
def test_a_reason_for_losing_is_refused_elsewhere(
    browser_as: BrowserAs, session: Session, ann: Employee, status: str
) -> None:
    lead = make_lead(session)
    page = move(browser_as(ann), lead, status, lost_reason="price", lost_note="Too dear")
    assert page.status == 422
    wrong = "Only lost or disqualified leads have this. Leave it blank."
    assert page.errors == {"lost_reason": wrong, "lost_note": wrong}
    assert read(session, lead).status == LeadStatus.NEW
    assert move(browser_as(ann), lead, "contacted", lost_reason="", lost_note=" ").status == 303


def test_losing_without_a_reason_is_asked_for_it(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id).button("Mark as lost")
    assert page.status == 422
    assert page.errors == {"lost_reason": "Choose a lost reason."}
    assert page.one("details.steps-losing").has_attr("open")
    assert read(session, lead).status == LeadStatus.NEW
    form = page.form("status")
    assert form["from_status"] == "new"


def test_another_reason_is_asked_for_in_words(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session)
    page = move(browser_as(ann), lead, "lost", lost_reason="other", lost_note=" ")
    assert page.errors == {"lost_note": "Enter a note that explains the reason."}
    assert page.one("#lost_reason option[selected]")["value"] == "other"
    assert move(browser_as(ann), lead, "lost", lost_reason="other", lost_note="Moved away").status == 303


@pytest.mark.parametrize("reason", ["not_recorded", "nonsense"])
def test_only_the_reasons_on_the_list_count(
    browser_as: BrowserAs, session: Session, ann: Employee, reason: str
) -> None:
    page = move(browser_as(ann), make_lead(session), "lost", lost_reason=reason)
    assert page.errors["lost_reason"].startswith("Choose one from the list.")


def test_a_note_that_is_too_long_is_refused(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    page = move(browser_as(ann), make_lead(session), "lost", lost_reason="price", lost_note="x" * 301)
    assert "Shorten this to 300 characters" in page.errors["lost_note"]


def test_opening_it_again_drops_the_reason(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, status=LeadStatus.LOST)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    assert not page.has("details.steps-losing")
    page.button("Contacted")
    lead = read(session, lead)
    assert (lead.status, lead.lost_reason, lead.closed_at) == (LeadStatus.CONTACTED, None, None)


def test_the_reason_can_be_corrected(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, status=LeadStatus.LOST)
    closed_at = lead.closed_at
    move(browser_as(ann), lead, "lost", lost_reason="no_budget")
    lead = read(session, lead)
    assert (lead.lost_reason, lead.closed_at) == (LostReason.NO_BUDGET, closed_at)
    move(browser_as(ann), lead, "disqualified", lost_reason="not_a_fit")
    lead = read(session, lead)
    assert (lead.status, lead.closed_at) == (LeadStatus.DISQUALIFIED, closed_at)


# Overtaken


def test_a_stale_page_does_not_open_again_what_someone_won(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    lead = make_lead(session, company="Nordlys", owner_id=ann.id)
    stale = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    move(browser_as(max), lead, "won")
    page = stale.button("Contacted")
    assert page.status == 409
    assert "Max Lindqvist moved this lead to Won after you opened this page." in page.errors[""]
    assert page.one(".step [aria-current=step]").get_text(strip=True) == "Won"
    assert read(session, lead).status == LeadStatus.WON
    page.button("Contacted").follow().button("Move to Contacted")
    assert read(session, lead).status == LeadStatus.CONTACTED


def test_two_who_want_the_same_agree(browser_as: BrowserAs, session: Session, ann: Employee, max: Employee) -> None:
    lead = make_lead(session, company="Nordlys", owner_id=ann.id)
    stale = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    move(browser_as(max), lead, "won")
    assert stale.button("Won").status == 303


@pytest.mark.parametrize("from_status", [None, "", "nonsense"])
def test_another_program_need_not_say_what_it_saw(
    browser_as: BrowserAs, session: Session, ann: Employee, from_status: str | None
) -> None:
    lead = make_lead(session, status=LeadStatus.QUALIFIED)
    assert move(browser_as(ann), lead, "proposal", from_status=from_status).status == 303


# Refused


@pytest.mark.parametrize("status", [None, "", "nonsense", "WON", "\x00"])
def test_what_is_no_status_is_refused(
    browser_as: BrowserAs, session: Session, ann: Employee, status: str | None
) -> None:
    lead = make_lead(session)
    page = move(browser_as(ann), lead, status)
    assert page.status == 422
    assert page.errors[""] in ("Choose a status.", "Choose one from the list.")
    assert read(session, lead).version == 1


def test_a_colleagues_lead_is_refused_with_the_reason(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = move(browser_as(bob), lead, "won")
    assert page.status == 403
    assert "Only the owner, a manager or an admin can edit it." in page.text
    assert count(session, Customer) == 0


def test_a_viewer_is_refused(browser_as: BrowserAs, session: Session, vera: Employee) -> None:
    lead = make_lead(session)
    assert move(browser_as(vera), lead, "won").status == 403


def test_a_manager_moves_anybodys_lead(browser_as: BrowserAs, session: Session, max: Employee, ann: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id)
    assert move(browser_as(max), lead, "won").status == 303


def test_a_lead_in_the_trash_is_restored_first(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    page = move(browser_as(ann), lead, "won")
    assert page.status == 422
    assert "This lead is in the trash. Restore it first." in page.errors[""]


def test_asks_a_stranger_to_sign_in(visitor: Browser, session: Session) -> None:
    lead = make_lead(session)
    assert visitor.post("leads.change_status", {"status": "won"}, lead_id=lead.id).status == 303
    assert read(session, lead).status == LeadStatus.NEW


def test_a_link_moves_nothing(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session)
    assert browser_as(ann).open(f"/leads/{lead.id}/status?status=won").status == 405


def test_an_unknown_lead_is_not_there(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).post("leads.change_status", {"status": "won"}, lead_id=9999).status == 404


def test_a_post_without_its_token_is_refused(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session)
    assert move(browser_as(ann), lead, "won", csrf_token="made up").status == 400
    assert read(session, lead).status == LeadStatus.NEW


def test_a_move_reads_the_lead_alone(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id, customer_id=make_customer(session, owner_id=bob.id).id)
    browser = browser_as(ann)
    # A process that has answered a page knows its employees.
    browser.get("leads.show_lead", lead_id=lead.id)
    with count_queries() as queries:
        move(browser, lead, "qualified")
    reads = [statement for statement in queries.statements if "FROM leads" in statement]
    assert [statement for statement in reads if " JOIN " in statement] == []
    # Who is signed in, the lead, and its change.
    assert queries.count == 3
