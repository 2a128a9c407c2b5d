"""The form on the page of a record is kept for each person and day, but each page has a form of its own."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.core import clock
from crm_web.models import Activity, Employee
from tests.factories import make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]
FORM = ".add-activity form"


def values_in(page: Page) -> tuple[str, str, str]:
    form = page.one(FORM)
    names = ("csrf_token", "submission")
    token, key = (str(page.one(f"{FORM} input[name={name}]")["value"]) for name in names)
    return str(form["action"]), token, key


def test_each_page_has_a_form_of_its_own(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    one, other, customer = make_lead(session), make_lead(session), make_customer(session)
    browser = browser_as(ann)
    opened = [browser.get("leads.show_lead", lead_id=lead.id) for lead in (one, one, other)]
    opened.append(browser.get("customers.show_customer", customer_id=customer.id))
    found = [values_in(page) for page in opened]
    paths = [f"/leads/{one.id}", f"/leads/{one.id}", f"/leads/{other.id}", f"/customers/{customer.id}"]
    assert [url for url, _, _ in found] == [f"{path}/activities" for path in paths]
    assert len({token for _, token, _ in found}) == len({key for _, _, key in found}) == 4
    for number, page in enumerate(opened):
        page.form("/activities").submit(kind="note", subject=f"Note {number}")
    added = session.query(Activity).order_by(Activity.id).all()
    assert [activity.subject for activity in added] == [f"Note {number}" for number in range(4)]
    assert [activity.lead_id or activity.customer_id for activity in added] == [one.id, one.id, other.id, customer.id]


@pytest.mark.parametrize(
    ("statement", "words", "is_shown_after"),
    [
        ("INSERT INTO employees (name, email, role) VALUES ('Cem', 'cem@piper.example', 'sales')", "Cem", True),
        ("UPDATE employees SET is_active = false WHERE id = :bob", "Bob Tanaka", False),
    ],
)
def test_who_can_do_a_task_is_up_to_date(
    browser_as: BrowserAs,
    session: Session,
    ann: Employee,
    bob: Employee,
    statement: str,
    words: str,
    is_shown_after: bool,
) -> None:
    lead, browser = make_lead(session), browser_as(ann)

    def is_offered() -> bool:
        form = browser.get("leads.show_lead", lead_id=lead.id).form("/activities")
        return words in form.choices("assignee_id").values()

    assert is_offered() is not is_shown_after
    session.execute(text(statement), {"bob": bob.id})
    session.commit()
    assert is_offered() is is_shown_after


def test_the_days_to_press_are_those_of_today(
    browser_as: BrowserAs, session: Session, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, browser = make_lead(session), browser_as(ann)
    found = []
    # On a Sunday, Monday is tomorrow.
    for day in (datetime(2027, 5, 12, 12, tzinfo=UTC), datetime(2027, 5, 16, 12, tzinfo=UTC)):
        monkeypatch.setattr(clock, "now", lambda day=day: day)
        found.append("Monday" in browser.get("leads.show_lead", lead_id=lead.id).one(FORM).get_text())
    assert found == [True, False]


def test_it_begins_with_the_kind_that_is_asked_for(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead, browser = make_lead(session), browser_as(ann)
    for kind in ("call", None, "task", "nonsense"):
        page = browser.get("leads.show_lead", lead_id=lead.id, log=kind)
        chosen = [radio["value"] for radio in page.one(FORM).select("input[type=radio][checked]")]
        assert chosen == ([kind] if kind in ("call", "task") else [])
