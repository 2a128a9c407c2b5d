"""Moving a card by its plain form: POST /leads/<id>/status from the board, and back to it."""

from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_web.models import Change, ChangeSource, Customer, Employee, Lead, LeadStatus
from tests.factories import make_customer, make_lead
from tests.page import Browser, Form, Page, words

BrowserAs = Callable[[Employee], Browser]


def form_of(page: Page, lead: Lead) -> Form:
    """The form on the card of a lead, which its menu leads to."""
    link = page.one(f"#card-{lead.id} .card-menu > a")
    return page.browser.open(urljoin(page.url, str(link["href"]))).form(f"/leads/{lead.id}/status")


def read(session: Session, lead: Lead) -> Lead:
    session.expire_all()
    return session.get_one(Lead, lead.id)


def test_moves_the_card_and_comes_back_to_the_same_board(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", owner_id=ann.id, amount=1000)
    board = browser_as(ann).get("leads.show_board", owner="me", q="oko")
    answer = form_of(board, lead).submit(status="qualified")
    assert (answer.status, answer.location) == (303, "/leads/board?owner=me&q=oko")
    page = answer.follow()
    assert page.flash == "Okoro moved to Qualified. Undo"
    assert page.has(f"#column-qualified #card-{lead.id}")
    assert page.one("#column-qualified .count").get_text() == "1"
    assert page.one("#column-qualified .column-worth").get_text() == "$1,000"
    change = session.scalars(select(Change).where(Change.entity == "lead").order_by(Change.id.desc())).first()
    assert change is not None
    assert (change.fields["status"], change.actor_id, change.source) == (["new", "qualified"], ann.id, ChangeSource.WEB)


def test_the_undo_comes_back_to_the_whole_board_where_a_script_asked_for_two_columns(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", owner_id=ann.id)
    board = browser_as(ann).get("leads.show_board", owner="me")
    columns = "/leads/board?owner=me&status=new&status=qualified"
    for back, place in (("/leads/board?owner=me", "/leads/board?owner=me"), ("//evil.example", columns)):
        moved = form_of(board, lead).submit(status="qualified", next=columns, back=back)
        assert moved.location == columns
        assert moved.follow().button("Undo").location == place


def test_it_offers_every_other_status(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, status=LeadStatus.PROPOSAL)
    offered = form_of(browser_as(ann).get("leads.show_board"), lead).choices("status")
    assert list(offered) == ["", *(status for status in LeadStatus if status is not LeadStatus.PROPOSAL)]


def test_winning_makes_the_customer_and_offers_the_undo(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, company="Nordlys", owner_id=ann.id)
    page = form_of(browser_as(ann).get("leads.show_board"), lead).submit(status="won").follow()
    assert page.url == "/leads/board"
    customer = session.scalars(select(Customer)).one()
    assert f"Won. Customer {customer.number} Nordlys created." in page.flash
    undone = page.button("Undo")
    assert undone.location == "/leads/board"
    assert read(session, lead).status == LeadStatus.NEW
    page = undone.follow()
    assert "Win undone. Nordlys is back in New." in page.flash
    assert page.has(f"#column-new #card-{lead.id}")
    again = page.button("Undo")
    assert again.location == "/leads/board"
    assert read(session, lead).status == LeadStatus.WON


def test_the_undo_of_a_win_comes_back_to_the_whole_board(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    customer = make_customer(session, name="Nordlys", email="post@nordlys.example", owner_id=ann.id)
    known = make_lead(session, company="Nordlys", email="post@nordlys.example", owner_id=ann.id)
    lead = make_lead(session, last_name="Okoro", owner_id=ann.id)
    board = browser_as(ann).get("leads.show_board", owner="me")
    columns = {"next": "/leads/board?owner=me&status=new&status=won", "back": "/leads/board?owner=me"}
    moved = form_of(board, lead).submit(status="won", **columns)
    assert moved.location == columns["next"]
    assert moved.follow().button("Undo").location == columns["back"]
    asked = form_of(board, known).submit(status="won", **columns).follow()
    assert asked.link("Back") == columns["back"]
    linked = asked.button(f"Link to this customer: {customer.number} Nordlys")
    assert linked.location == columns["back"]
    assert linked.follow().button("Undo").location == columns["back"]


def test_winning_asks_about_a_likely_customer_and_then_comes_back(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    make_customer(session, name="Nordlys", email="post@nordlys.example")
    lead = make_lead(session, company="Nordlys", email="post@nordlys.example", owner_id=ann.id)
    page = form_of(browser_as(ann).get("leads.show_board", owner="me"), lead).submit(status="won").follow()
    assert page.h1 == "Win Nordlys"
    assert page.link("Back") == "/leads/board?owner=me"
    page = page.button(str(page.one("button[aria-label^='Link to']")["aria-label"]))
    assert page.location == "/leads/board?owner=me"
    assert "Linked to customer" in page.follow().flash
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_a_new_customer_after_the_question_comes_back_too(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    make_customer(session, name="Nordlys", email="post@nordlys.example")
    lead = make_lead(session, company="Nordlys", email="post@nordlys.example", owner_id=ann.id)
    page = form_of(browser_as(ann).get("leads.show_board"), lead).submit(status="won").follow()
    page = page.button("Win and create customer")
    assert page.location == "/leads/board"


def test_losing_asks_for_the_reason_on_the_leads_page_and_then_comes_back(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro")
    page = form_of(browser_as(ann).get("leads.show_board", q="oko"), lead).submit(status="lost")
    assert page.status == 422
    assert page.errors == {"lost_reason": "Choose a lost reason."}
    form = Form(page, page.one(".steps-losing form"), f"/leads/{lead.id}/status")
    answer = form.submit(status="lost", lost_reason="price")
    assert answer.location == "/leads/board?q=oko"
    assert words(answer.follow().one("#column-lost .count")) == "1"


def test_a_card_that_someone_moved_meanwhile_says_so(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    stale = form_of(browser_as(ann).get("leads.show_board"), lead)
    form_of(browser_as(max).get("leads.show_board"), lead).submit(status="proposal")
    page = stale.submit(status="contacted")
    assert page.status == 409
    assert "Max Lindqvist moved this lead to Proposal after you opened this page." in page.errors[""]
    assert read(session, lead).status == LeadStatus.PROPOSAL
    assert page.button("Contacted").location == "/leads/board"


def test_dropped_twice_it_moves_once(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session)
    form = form_of(browser_as(ann).get("leads.show_board"), lead)
    assert [form.submit(status="contacted").status for _ in range(2)] == [303, 303]
    assert read(session, lead).version == 2


def test_nowhere_to_go_is_refused(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session)
    page = form_of(browser_as(ann).get("leads.show_board"), lead).submit()
    assert page.status == 422
    assert "Choose" in page.errors[""]


@pytest.mark.parametrize("next", ["https://evil.example/", "//evil.example", "/\t/evil.example", "\\evil", "leads"])
def test_nobody_is_sent_to_another_site(browser_as: BrowserAs, session: Session, ann: Employee, next: str) -> None:
    lead = make_lead(session)
    page = browser_as(ann).post("leads.change_status", {"status": "contacted", "next": next}, lead_id=lead.id)
    assert page.location == f"/leads/{lead.id}"


def test_only_the_card_that_is_asked_for_has_its_form(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    one, other = make_lead(session, owner_id=ann.id), make_lead(session)
    browser = browser_as(ann)
    assert not browser.get("leads.show_board").has(".card-lead form")
    page = browser.get("leads.show_board", owner="me", move=one.id)
    assert page.has(f"#card-{one.id} .card-menu[open] > form")
    assert form_of(browser.get("leads.show_board"), other)["next"] == "/leads/board"
    for address in ("move=x", f"move={10**30}", "move=0"):
        assert browser.open(f"/leads/board?{address}").status == 200
