"""Editing a lead: GET and POST /leads/<id>/edit."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.request_log import count_queries
from crm_web.models import Change, Employee, Lead, LeadStatus
from tests.factories import make_customer, make_lead
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]


def read(session: Session, lead: Lead) -> Lead:
    session.expire_all()
    return session.get_one(Lead, lead.id)


def test_saves_what_is_typed_and_keeps_the_rest(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro", city="Aarhus", amount=5, status=LeadStatus.PROPOSAL, owner_id=ann.id)
    page = browser_as(ann).get("leads.edit_lead", lead_id=lead.id)
    assert page.h1 == "Edit Okoro"
    page = page.form("edit").fill(last_name="Okoro-Berg", next_step="Call").submit()
    assert page.location == f"/leads/{lead.id}"
    assert "Okoro-Berg saved." in page.follow().flash
    lead = read(session, lead)
    assert (lead.last_name, lead.next_step, lead.city, lead.amount) == ("Okoro-Berg", "Call", "Aarhus", Decimal(5))
    assert (lead.status, lead.version, lead.updated_by_id) == (LeadStatus.PROPOSAL, 2, ann.id)


def test_saving_takes_few_statements(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    """The sign-in, the record, what may be chosen, the lock that names the employee to the history, and the change."""
    browser = browser_as(ann)
    lead = make_lead(session, last_name="Okoro", source="Web", owner_id=ann.id)
    new = browser.get("leads.new_lead").form("new").fill(last_name="Berg", email="berg@acme.example", source="Web")
    edited = browser.get("leads.edit_lead", lead_id=lead.id).form("edit").fill(next_step="Call")
    moved = browser.get("leads.show_lead", lead_id=lead.id).form("status").fill(status="qualified")
    counts = []
    for form in (new, edited, moved):
        with count_queries() as queries:
            assert form.submit().status == 303
        counts.append(queries.count)
    created, changed, status = counts
    # One who enters a lead has its key claimed and answered, its possible duplicates and the spelling of its source
    # looked up.
    assert created <= 9
    assert changed <= 5
    assert status <= 4


def test_saving_nothing_new_writes_no_history(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro", source="Web", phone="+45 33 12 34 56", phone_e164="+4533123456")
    browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit").submit()
    assert len(session.scalars(select(Change).where(Change.entity == "lead")).all()) == 1


def test_history_says_what_changed(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro", owner_id=ann.id)
    browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(company="Nordlys").submit()
    change = session.scalars(select(Change).where(Change.entity == "lead").order_by(Change.id.desc())).all()[0]
    assert change.fields == {"company": [None, "Nordlys"]}
    assert change.actor_id == ann.id


def test_emptying_a_field_empties_it(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro", phone="+45 33 12 34 56", phone_e164="+4533123456", source="Web")
    form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    assert form.fill(phone="", source="").submit().status == 303
    lead = read(session, lead)
    assert (lead.phone, lead.phone_e164, lead.source) == (None, None, None)


def test_an_invalid_form_comes_back_with_everything_typed(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", company="Old")
    form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    page = form.fill(last_name="", company="", email="nobody", description="A\nB").submit()
    assert page.status == 422
    assert "Enter an email address" in page.errors["email"]
    form = page.form("edit")
    assert (form["company"], form["email"], form["description"]) == ("", "nobody", "A\nB")
    assert read(session, lead).company == "Old"


# Two people at once


def choices(page: Page, name: str) -> dict[str, str]:
    """What the page of two changes offers for a field: labels and what each sends."""
    found = {}
    for radio in page.soup.select(f'input[type=radio][name="{name}"]'):
        assert not radio.has_attr("checked"), "nobody decides unseen"
        found[words(page.one(f'label[for="{radio["id"]}"]'))] = str(radio["value"])
    return found


def test_what_two_people_change_in_different_fields_is_saved_both(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", company="Old", amount=1200, city="Aarhus")
    mine = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    browser_as(max).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(amount="1300", source="Web").submit()
    page = mine.fill(company="Mine").submit()
    assert page.status == 303
    assert page.follow().flash == (
        "Okoro saved. Max Lindqvist changed the amount and the source while you were editing. Both changes are saved."
    )
    lead = read(session, lead)
    assert (lead.company, lead.amount, lead.source, lead.city) == ("Mine", Decimal(1300), "Web", "Aarhus")
    last = session.scalars(select(Change).where(Change.entity == "lead").order_by(Change.id.desc())).first()
    assert last is not None
    assert (last.fields, last.actor_id) == ({"company": ["Old", "Mine"]}, ann.id)


def test_the_same_field_changed_by_both_is_decided_by_the_second(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", company="Old", amount=5, description="One\nTwo", street="Gate 1")
    mine = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    theirs = browser_as(max).get("leads.edit_lead", lead_id=lead.id).form("edit")
    theirs.fill(company="<b>Theirs", amount="7", currency="EUR", city="Aarhus", owner_id=str(ann.id)).submit()
    mine.fill(company="Mine", amount="8", next_step="Call", description="Three\nFour", owner_id=str(max.id))
    page = mine.submit()
    assert page.status == 409
    assert page.h1 == "Conflicting changes to Okoro"
    assert "Max Lindqvist saved changes here after you opened this page." in page.text
    assert "Choose which value to keep." in page.text
    who = "Saved by Max Lindqvist"
    assert choices(page, "company") == {f"{who}: <b>Theirs": "<b>Theirs", "Your change: Mine": "Mine"}
    assert choices(page, "amount") == {f"{who}: 7": "7", "Your change: 8": "8"}
    assert choices(page, "currency") == {f"{who}: EUR": "EUR", "Your change: USD": "USD"}
    assert choices(page, "owner_id") == {f"{who}: Ann Keller": str(ann.id), "Your change: Max Lindqvist": str(max.id)}
    before = {words(line) for line in page.soup.select("fieldset .help")}
    assert before == {"Original: Old", "Original: 5", "Original: USD", "Original: empty"}
    assert read(session, lead).company == "<b>Theirs"

    page = page.form().submit(company="Mine", amount="7", currency="EUR", owner_id=str(ann.id))
    assert (page.status, page.location) == (303, f"/leads/{lead.id}")
    lead = read(session, lead)
    assert (lead.company, lead.amount, lead.currency, lead.owner_id) == ("Mine", Decimal(7), "EUR", ann.id)
    assert (lead.next_step, lead.city, lead.description) == ("Call", "Aarhus", "Three\nFour")


def test_where_nothing_is_chosen_what_is_saved_stays(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", company="Old")
    mine = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(company="Mine", city="Oslo")
    browser_as(max).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(company="Theirs").submit()
    assert mine.submit().form().submit().status == 303
    assert (read(session, lead).company, read(session, lead).city) == ("Theirs", "Oslo")


def test_a_third_change_while_someone_decides_is_not_lost(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", company="Old")
    mine = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(company="Mine")
    browser_as(max).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(company="Theirs").submit()
    page = mine.submit()
    browser_as(max).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(company="Third", city="Oslo").submit()
    page = page.form().submit(company="Mine")
    assert page.status == 409
    assert choices(page, "company") == {"Saved by Max Lindqvist: Third": "Third", "Your change: Mine": "Mine"}
    assert page.form().submit(company="Mine").status == 303
    assert (read(session, lead).company, read(session, lead).city) == ("Mine", "Oslo")


def test_two_people_never_leave_a_lead_without_a_name(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", company="Nordlys")
    mine = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(last_name="")
    browser_as(max).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(company="").submit()
    page = mine.submit()
    assert page.status == 422
    assert page.errors["last_name"] == "Enter at least a last name, company or email."
    assert page.form("edit").fill(last_name="Berg").submit().status == 303
    assert (read(session, lead).last_name, read(session, lead).company) == ("Berg", None)


def test_a_status_moved_meanwhile_stays(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro")
    mine = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(city="Oslo")
    browser_as(ann).post("leads.change_status", {"status": "proposal"}, lead_id=lead.id)
    assert mine.submit().follow().flash == "Okoro saved. You moved it to Proposal while you were editing."
    assert (read(session, lead).status, read(session, lead).city) == (LeadStatus.PROPOSAL, "Oslo")


def test_who_moved_it_meanwhile_is_said_beside_what_they_changed(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro")
    form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    theirs = browser_as(max)
    theirs.get("leads.edit_lead", lead_id=lead.id).form("edit").fill(source="Web").submit()
    theirs.post("leads.change_status", {"status": "won"}, lead_id=lead.id)
    assert "Max Lindqvist moved it to Won while you were editing." in form.submit(source="Fair").text
    assert form.submit(city="Oslo", source="").follow().flash == (
        "Okoro saved. Max Lindqvist changed the source while you were editing. Both changes are saved."
        " Max Lindqvist moved it to Won while you were editing."
    )


def test_the_currency_that_the_form_proposes_is_nobodys_change(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro")
    mine = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(city="Oslo")
    theirs = browser_as(max).get("leads.edit_lead", lead_id=lead.id).form("edit")
    theirs.fill(amount="1200", currency="EUR").submit()
    page = mine.submit()
    assert page.status == 303
    assert "Max Lindqvist changed the amount and the currency while you were editing" in page.follow().flash
    assert (read(session, lead).amount, read(session, lead).currency) == (Decimal(1200), "EUR")


def test_who_moved_it_there_and_back_has_moved_nothing(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro")
    form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    for status in ("proposal", "new"):
        browser_as(ann).post("leads.change_status", {"status": status}, lead_id=lead.id)
    assert form.submit(city="Oslo").follow().flash == "Okoro saved."


@pytest.mark.parametrize("version", [None, "", "nonsense", "99999999999999999999", "-1"])
def test_without_its_version_nothing_is_overwritten(
    browser_as: BrowserAs, session: Session, ann: Employee, version: str | None
) -> None:
    lead = make_lead(session, last_name="Okoro")
    page = browser_as(ann).post("leads.change_lead", {"last_name": "x", "version": version}, lead_id=lead.id)
    assert page.status == 409
    assert read(session, lead).last_name == "Okoro"


def test_the_same_form_twice_changes_nothing_more(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro")
    form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(last_name="x")
    assert form.submit().status == 303
    assert form.submit().status == 303
    assert read(session, lead).version == 2


# Owners


def test_sellers_hand_on_what_is_theirs(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    lead = make_lead(session, last_name="Okoro", owner_id=ann.id)
    form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    page = form.fill(owner_id=str(bob.id)).submit().follow()
    assert read(session, lead).owner_id == bob.id
    assert "Only the owner, a manager or an admin can edit it." in page.text
    assert "Edit" not in [link.get_text(strip=True) for link in page.soup.select("main a")]


# Possible duplicates


def test_a_new_email_that_someone_else_has_is_asked_about(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    make_lead(session, last_name="Known", email="zoe@nordlys.example")
    lead = make_lead(session, last_name="Okoro")
    form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    page = form.fill(email="zoe@nordlys.example").submit()
    assert page.status == 422
    assert "Known" in page.one("[role=alert]").get_text()
    assert read(session, lead).email is None
    assert page.button("Save anyway").status == 303
    assert read(session, lead).email == "zoe@nordlys.example"


def test_what_was_the_same_before_is_not_asked_about_again(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    make_lead(session, email="zoe@nordlys.example")
    lead = make_lead(session, last_name="Okoro", email="zoe@nordlys.example")
    form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    assert form.fill(next_step="Call").submit().status == 303


def test_its_own_customer_is_no_duplicate(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, email="zoe@nordlys.example")
    lead = make_lead(session, last_name="Okoro", customer_id=customer.id)
    form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    assert form.fill(email="zoe@nordlys.example").submit().status == 303


# Who may


def test_nobodys_lead_is_open_to_every_seller(browser_as: BrowserAs, session: Session, bob: Employee) -> None:
    lead = make_lead(session, last_name="Okoro")
    assert browser_as(bob).get("leads.edit_lead", lead_id=lead.id).form("edit").submit().status == 303


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_colleagues_lead_is_refused_with_the_reason(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, method: str
) -> None:
    lead = make_lead(session, last_name="Okoro", owner_id=ann.id)
    browser = browser_as(bob)
    page = (
        browser.get("leads.edit_lead", lead_id=lead.id)
        if method == "get"
        else browser.post("leads.change_lead", {"last_name": "x", "version": 1}, lead_id=lead.id)
    )
    assert page.status == 403
    assert "Owned by Ann Keller." in page.text
    assert read(session, lead).last_name == "Okoro"


def test_a_viewer_is_refused_in_words(browser_as: BrowserAs, session: Session, vera: Employee) -> None:
    lead = make_lead(session, last_name="Okoro")
    page = browser_as(vera).get("leads.edit_lead", lead_id=lead.id)
    assert page.status == 403
    assert "Viewers can’t add or edit records" in page.text
    assert browser_as(vera).post("leads.change_lead", {"last_name": "x"}, lead_id=lead.id).status == 403


def test_a_lead_in_the_trash_is_restored_first(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro", deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    page = browser_as(ann).get("leads.edit_lead", lead_id=lead.id)
    assert page.status == 403
    assert "This lead is in the trash. Restore it first." in page.text
    assert browser_as(ann).post("leads.change_lead", {"last_name": "x"}, lead_id=lead.id).status == 403


@pytest.mark.parametrize("lead_id", [0, 9999, 2**63 - 1])
def test_an_unknown_lead_is_not_there(browser_as: BrowserAs, ann: Employee, lead_id: int) -> None:
    assert browser_as(ann).get("leads.edit_lead", lead_id=lead_id).status == 404
    assert browser_as(ann).post("leads.change_lead", lead_id=lead_id).status == 404


def test_asks_a_stranger_to_sign_in(visitor: Browser, session: Session) -> None:
    lead = make_lead(session)
    assert visitor.get("leads.edit_lead", lead_id=lead.id).status == 303
    assert visitor.post("leads.change_lead", {"last_name": "x"}, lead_id=lead.id).status == 303
