"""Mentions of employees in notes."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Activity, Employee, Lead, Mention
from crm_web.records.mentions import find_mentioned
from crm_web.web.markdown import markdown
from tests.factories import make_activity, make_customer, make_employee, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def test_names_and_emails_are_found(app: Flask, session: Session, ann: Employee, bob: Employee) -> None:
    jose = make_employee(session, name="José Ann van Dam", email="j.vandam@piper.example")
    for name in ("Kim Twin", "Kim Twin"):
        make_employee(session, name=name)
    make_employee(session, name="Gone Away", is_active=False)
    found = {
        f"Please call, @{ann.name}, today": {ann.id},
        f"@{bob.name.upper()}: done. cc @ann": {ann.id, bob.id},
        "(@jose ann VAN dam) and @j.vandam.": {jose.id},
        "@Kim Twin @Gone Away @nobody @ @@ mail@ann ann@piper.example": set(),
        "@annson @ann_": set(),
        "": set(),
    }
    with app.app_context():
        assert {note: find_mentioned(note) for note in found} == found
        assert find_mentioned(None) == set()
        shown = markdown(f"**@{ann.name}**, @gone away and @bob<b> @nobody ann@piper.example")
    assert shown.strip() == (
        f"<p><bdi><strong><mark>@{ann.name}</mark></strong>,"
        ' <span class="muted">@gone away (deactivated)</span> and'
        " <mark>@bob</mark>&lt;b&gt; @nobody ann@piper.example</bdi></p>"
    )


def test_colleagues_are_offered_while_somebody_types(
    browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee
) -> None:
    make_employee(session, name="José Ann van Dam", email="j.vandam@piper.example")
    make_employee(session, name="Gone Ann", is_active=False)
    for number in (1, 2):
        make_employee(session, name="Ann Twin", email=f"twin{number}@piper.example")
    offered = {"ann": [ann.name, "twin1", "twin2", "José Ann van Dam"], "jose": ["José Ann van Dam"], "nn": [], "": []}
    for typed, handles in offered.items():
        assert browser_as(vera).get("employees.suggest_mentions", q=typed).response.json == handles, typed
    page = browser_as(ann).get("leads.new_lead")
    assert page.one("textarea[name=description]")["data-mention"] == "/employees/mentions"


def test_a_note_mentions_somebody_once_however_often_it_is_edited(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, max: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    call = make_activity(session, by=ann, lead_id=lead.id)

    def edit(body: str) -> list[tuple[int, int]]:
        browser_as(ann).get("activities.edit_activity", activity_id=call.id).form().submit(body=body)
        query = select(Mention.employee_id, Mention.id).where(Mention.activity_id == call.id)
        return [(row.employee_id, row.id) for row in session.execute(query.order_by(Mention.id))]

    first = edit("Ask @bob")
    assert [who for who, _ in first] == [bob.id]
    both = edit(f"Ask @bob or @{max.name}")
    assert (both[0], both[1][0]) == (first[0], max.id)
    assert edit(f"Ask @{max.name}") == both[1:]
    mention = session.scalars(select(Mention)).one()
    assert (mention.mentioned_by_id, mention.mentioned_at.tzinfo is None) == (ann.id, False)


def test_every_note_can_mention(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    """New and edited leads, customers and activities; a removed activity takes its mentions along."""
    browser = browser_as(ann)
    browser.get("leads.new_lead").form().submit(last_name="Lund", description="For @bob")
    browser.get("customers.new_customer").form().submit(name="Lund AS", description="For @bob")
    lead, customer = session.scalars(select(Lead)).one(), make_customer(session, owner_id=ann.id)
    for page in (
        browser.get("leads.edit_lead", lead_id=lead.id),
        browser.get("customers.edit_customer", customer_id=customer.id),
    ):
        page.form().submit(description="For @ann")
    browser.get("activities.new_on_lead", lead_id=lead.id).form().submit(kind="note", subject="x", body="@bob @ann")
    assert (who_by(session, "lead_id"), who_by(session, "customer_id")) == ([ann.id], [ann.id, bob.id])
    assert who_by(session, "activity_id") == [ann.id, bob.id]
    note = session.scalars(select(Activity)).one()
    browser.post("activities.remove_activity", activity_id=note.id)
    assert who_by(session, "activity_id") == []


def who_by(session: Session, column: str) -> list[int]:
    """The ids of those who are mentioned in texts of one kind."""
    query = select(Mention.employee_id).where(getattr(Mention, column).is_not(None))
    return sorted(session.scalars(query))
