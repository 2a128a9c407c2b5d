"""Adding a note, call, meeting, email or task: POST /leads/<id>/activities and /customers/<id>/activities."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Activity, ActivityKind, Change, Customer, Employee, File, Lead
from tests.factories import make_activity, make_customer, make_employee, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def lead(session: Session, bob: Employee) -> Lead:
    return make_lead(session, last_name="Okoro", owner_id=bob.id)


@pytest.fixture
def customer(session: Session, bob: Employee) -> Customer:
    return make_customer(session, name="Nordlys", owner_id=bob.id)


def find(session: Session) -> Any:
    session.expire_all()
    return session.scalars(select(Activity)).one_or_none()


def test_a_note_is_added_from_the_page_of_a_lead_even_of_someone_else(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead
) -> None:
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    page = page.form("activities").fill(subject="Talked", body="Line one\nLine two").submit()
    assert page.location == f"/leads/{lead.id}"
    page = page.follow()
    assert page.flash == "Note added: Talked Undo"
    assert "Note: Talked Ann Keller" in page.text
    assert page.one(".timeline .note").get_text().strip() == "Line one\nLine two"
    note = find(session)
    assert (note.kind, note.lead_id, note.customer_id, note.created_by_id) == (ActivityKind.NOTE, lead.id, None, ann.id)
    assert note.body == "Line one\nLine two"


def test_a_task_is_added_from_the_page_of_a_customer(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, customer: Customer
) -> None:
    form = browser_as(ann).get("customers.show_customer", customer_id=customer.id).form("activities")
    assert form["assignee_id"] == str(ann.id)
    page = form.fill(kind="task", subject="Send the offer", due_on="2190-12-01", assignee_id=str(bob.id)).submit()
    assert page.location == f"/customers/{customer.id}"
    assert "Due Dec 1, 2190 · Bob Tanaka" in page.follow().text
    task = find(session)
    assert (task.customer_id, task.due_on, task.assignee_id) == (customer.id, date(2190, 12, 1), bob.id)


def test_the_moment_is_meant_in_the_readers_zone(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead
) -> None:
    ann.time_zone = "Asia/Tokyo"
    session.commit()
    data = {"kind": "call", "subject": "Called", "happened_at": "2026-03-02T08:30"}
    browser_as(ann).post("activities.add_to_lead", data, lead_id=lead.id)
    assert find(session).happened_at == datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


NOT_A_TASK = [kind.value for kind in ActivityKind if kind is not ActivityKind.TASK]


def test_an_untouched_form_of_any_kind_is_taken(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead
) -> None:
    browser = browser_as(ann)
    for kind in ActivityKind:
        form = browser.get("activities.new_on_lead", lead_id=lead.id).form()
        assert (form["due_on"], form["assignee_id"]) == ("", str(ann.id))
        assert form.submit(kind=kind.value, subject=kind.value).status == 303
    for activity in session.scalars(select(Activity)):
        assert (activity.due_on, activity.assignee_id) == (None, ann.id if activity.is_task else None)


@pytest.mark.parametrize("kind", NOT_A_TASK)
def test_what_only_a_task_has_is_refused_elsewhere(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, lead: Lead, kind: str
) -> None:
    data = {"kind": kind, "subject": "Lunch", "due_on": "2026-12-01", "assignee_id": str(bob.id)}
    page = browser_as(ann).post("activities.add_to_lead", data, lead_id=lead.id)
    assert page.status == 422
    assert page.errors == {
        "due_on": "Only tasks have a due date. Choose Task, or clear the date.",
        "assignee_id": "Only tasks can be assigned to someone else. Choose Task, or choose yourself.",
    }
    # A style hides these fields while another kind is chosen; what is wrong has to be seen.
    assert not page.has(".of-tasks")
    assert find(session) is None
    assert page.form().submit(due_on="", assignee_id="").status == 303
    assert (find(session).due_on, find(session).assignee_id) == (None, None)


def test_a_due_date_that_is_no_date_is_seen_on_a_note(browser_as: BrowserAs, ann: Employee, lead: Lead) -> None:
    page = browser_as(ann).post("activities.add_to_lead", {"subject": "Lunch", "due_on": "soon"}, lead_id=lead.id)
    assert "Enter a date" in page.errors["due_on"]
    assert not page.has(".of-tasks")


def test_what_is_typed_is_kept_byte_for_byte_and_harmless(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead
) -> None:
    hostile = " <script>alert(1)</script> =1+1 \u202e’ "
    browser_as(ann).post("activities.add_to_lead", {"subject": hostile, "body": hostile}, lead_id=lead.id)
    assert (find(session).subject, find(session).body) == (hostile, hostile)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    assert page.one(".timeline .subject").get_text() == hostile


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({"subject": "  "}, "subject", "Enter a subject."),
        ({"subject": "x" * 301}, "subject", "Shorten this to 300"),
        ({"subject": "a\x00b"}, "subject", "NUL"),
        ({"happened_at": "yesterday"}, "happened_at", "Enter a date and time"),
        ({"happened_at": "0026-03-02T08:30"}, "happened_at", "Enter a date and time"),
        ({"due_on": "soon"}, "due_on", "Enter a date"),
        ({"assignee_id": "9999"}, "assignee_id", "Choose an active employee."),
    ],
)
def test_an_invalid_form_comes_back_with_everything_typed(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead, data: dict[str, Any], field: str, message: str
) -> None:
    typed = {"kind": "task", "subject": "Send it", "body": "More\nof it"}
    page = browser_as(ann).post("activities.add_to_lead", typed | data, lead_id=lead.id)
    assert page.status == 422
    assert page.h1 == "New activity"
    assert message in page.errors[field]
    form = page.form()
    assert (form["kind"], form["body"]) == ("task", "More\nof it")
    assert find(session) is None


def test_an_unknown_kind_is_refused(browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead) -> None:
    page = browser_as(ann).post("activities.add_to_lead", {"kind": "party", "subject": "x"}, lead_id=lead.id)
    assert page.status == 422
    assert "Choose one from the list." in page.text
    assert page.link("Type: Choose one from the list.") == "#kind"


def test_someone_who_left_gets_no_task(browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead) -> None:
    gone = make_employee(session, is_active=False)
    data = {"kind": "task", "subject": "x", "assignee_id": str(gone.id)}
    assert "assignee_id" in browser_as(ann).post("activities.add_to_lead", data, lead_id=lead.id).errors


@pytest.mark.parametrize("place", ["lead", "customer"])
def test_nothing_is_added_in_the_trash(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, place: str, request: pytest.FixtureRequest
) -> None:
    record = request.getfixturevalue(place)
    record.deleted_at, record.deleted_by_id = datetime.now(UTC), bob.id
    session.commit()
    page = browser_as(ann).post(f"activities.add_to_{place}", {"subject": "x"}, **{f"{place}_id": record.id})
    assert page.status == 422
    assert "in the trash. Restore it first." in page.errors[""]
    assert find(session) is None


@pytest.mark.parametrize("place", ["lead", "customer"])
def test_has_a_page_of_its_own(
    browser_as: BrowserAs, ann: Employee, place: str, request: pytest.FixtureRequest
) -> None:
    record = request.getfixturevalue(place)
    page = browser_as(ann).get(f"activities.new_on_{place}", **{f"{place}_id": record.id})
    assert (page.status, page.h1) == (200, "New activity")
    assert page.form().fill(subject="Hello").submit().location == f"/{place}s/{record.id}"


def test_history_says_who_added_it(browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead) -> None:
    browser_as(ann).post("activities.add_to_lead", {"subject": "Talked"}, lead_id=lead.id)
    change = session.scalars(select(Change).where(Change.entity == "activity")).one()
    assert (change.actor_id, change.source, change.fields["subject"]) == (ann.id, "web", [None, "Talked"])


def test_a_viewer_sees_no_form_and_is_refused(
    browser_as: BrowserAs, session: Session, vera: Employee, lead: Lead
) -> None:
    browser = browser_as(vera)
    assert "Add a note" not in browser.get("leads.show_lead", lead_id=lead.id).text
    page = browser.post("activities.add_to_lead", {"subject": "x"}, lead_id=lead.id)
    assert page.status == 403
    assert "Viewers can’t add or edit records." in page.text
    assert browser.get("activities.new_on_lead", lead_id=lead.id).status == 403


def test_signed_out_people_sign_in_first(visitor: Browser, lead: Lead) -> None:
    assert visitor.post("activities.add_to_lead", {"subject": "x"}, lead_id=lead.id).location == "/sign-in"


@pytest.mark.parametrize("place", ["lead", "customer"])
def test_what_is_not_there_is_not_found(browser_as: BrowserAs, ann: Employee, place: str) -> None:
    browser = browser_as(ann)
    assert browser.get(f"activities.new_on_{place}", **{f"{place}_id": 9999}).status == 404
    assert browser.post(f"activities.add_to_{place}", {"subject": "x"}, **{f"{place}_id": 9999}).status == 404


def test_getting_it_changes_nothing(browser_as: BrowserAs, ann: Employee, lead: Lead) -> None:
    assert browser_as(ann).open(f"/leads/{lead.id}/activities").status == 405


def test_a_copy_begins_with_what_the_activity_says(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    """It is not done; whatever else an address asks to copy is ignored."""
    lead = make_lead(session, owner_id=ann.id)
    known: dict[str, Any] = {"due_on": date(2026, 12, 1), "recurrence": "FREQ=WEEKLY", "priority": "high"}
    task = make_activity(session, by=ann, lead_id=lead.id, kind="task", subject="Send it", body="Two", **known)
    task.done_at = task.happened_at
    session.flush()
    browser = browser_as(ann)
    browser.get("activities.edit_activity", activity_id=task.id).click("Duplicate").form().submit()
    copy = session.scalars(select(Activity).order_by(Activity.id.desc())).first()
    assert copy is not None and copy.id != task.id and copy.done_at is None
    names = ("kind", "subject", "body", "due_on", "recurrence", "priority", "lead_id")
    assert [getattr(copy, name) for name in names] == [getattr(task, name) for name in names]
    for wrong in ("0", "-1", "x", str(2**70), "999999"):
        page = browser.get("activities.new_on_lead", lead_id=lead.id, copy=wrong)
        assert page.form()["subject"] == ""


def with_file(name: str = "call.mp3", **fields: Any) -> dict[str, Any]:
    return {"kind": "call", "subject": "Rang up", **fields, "files": [(io.BytesIO(b"Hello"), name)]}


def test_a_call_is_logged_with_its_recording(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead
) -> None:
    browser = browser_as(ann)
    assert browser.get("leads.show_lead", lead_id=lead.id).one(".add-activity form")["enctype"] == "multipart/form-data"
    page = browser.post("activities.add_to_lead", with_file(), lead_id=lead.id).follow()
    assert page.flash == "Call added: Rang up Undo"
    file = session.scalars(select(File)).one()
    assert (file.name, file.lead_id, file.activity_id) == ("call.mp3", lead.id, find(session).id)
    assert browser.get("files.save_file", file_id=file.id).response.data == b"Hello"


def test_files_of_a_form_that_is_shown_again_are_named(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead
) -> None:
    page = browser_as(ann).post(
        "activities.add_to_lead", with_file("Offer 1.pdf", subject="", body="It went well"), lead_id=lead.id
    )
    assert page.status == 422
    assert page.errors["files"] == "These weren’t added yet. Choose them again: Offer 1.pdf."
    assert "It went well" in page.text
    assert session.scalars(select(File)).all() == []


def test_a_file_that_is_too_large_adds_nothing(
    app: Flask, browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.config["SETTINGS"].model_copy(update={"max_file_mb": 0})
    with monkeypatch.context() as patch:
        patch.setitem(app.config, "SETTINGS", settings)
        page = browser_as(ann).post("activities.add_to_lead", with_file(), lead_id=lead.id)
    assert (page.status, page.errors["files"]) == (422, "call.mp3 is too large. The limit is 0 MB for each file.")
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 100)
    page = browser_as(ann).post("activities.add_to_lead", with_file(), lead_id=lead.id)
    assert (page.status, "The limit is 100 bytes in all." in page.text) == (413, True)
    assert find(session) is None
