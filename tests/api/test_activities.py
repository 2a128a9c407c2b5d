"""What a program does with activities."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Activity, Change, Employee
from tests.api.conftest import ProgramOf
from tests.factories import make_activity, make_customer, make_employee, make_lead


def test_adds_changes_completes_and_removes_a_task(
    session: Session, ann: Employee, bob: Employee, program_of: ProgramOf
) -> None:
    lead = make_lead(session, owner_id=bob.id)
    program = program_of(ann)
    task = {"kind": "task", "subject": "Send the offer", "due_on": "2026-12-01", "due_time": "14:30"}
    added = program.post(f"/leads/{lead.id}/activities", task, headers={"Idempotency-Key": "a"})
    assert (added.status_code, added.headers["ETag"]) == (201, '"1"')
    told = added.get_json()
    assert {name: told[name] for name in task} == task
    assert (told["lead_id"], told["assignee_id"], told["created_by_id"]) == (lead.id, ann.id, ann.id)
    again = program.post(f"/leads/{lead.id}/activities", task, headers={"Idempotency-Key": "a"})
    assert (again.get_json()["id"], again.headers["Idempotent-Replayed"]) == (told["id"], "true")
    place = f"/activities/{told['id']}"
    assert added.headers["Location"].endswith(place)
    changed = program.patch(place, {"due_time": None, "assignee_id": bob.id}, match=1).get_json()
    assert (changed["due_on"], changed["due_time"], changed["assignee_id"]) == ("2026-12-01", None, bob.id)
    done = program.post(f"{place}/finish").get_json()["done_at"]
    assert done
    assert program.post(f"{place}/finish").get_json()["done_at"] == done
    assert program.post(f"{place}/reopen").get_json()["done_at"] is None
    version = program.get(place).get_json()["version"]
    assert program.delete(place).status_code == 428
    assert program.delete(place, match=version - 1).status_code == 412
    assert program.delete(place, match=version).status_code == 204
    assert program.get(place).status_code == 404
    story = session.scalars(select(Change).where(Change.entity == "activity").order_by(Change.id)).all()
    assert [change.action.value for change in story] == ["created", "changed", "changed", "changed", "deleted"]
    assert {change.source.value for change in story} == {"api"}


def test_adds_a_call_to_a_customer(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    customer = make_customer(session)
    call = {"kind": "call", "subject": "Asked", "outcome": "reached", "happened_at": "2026-03-31T14:30:00+02:00"}
    told = program_of(ann).post(f"/customers/{customer.id}/activities", call).get_json()
    assert (told["customer_id"], told["happened_at"]) == (customer.id, "2026-03-31T12:30:00Z")
    assert (told["outcome"], told["assignee_id"]) == ("reached", None)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "call", "due_on": "2026-12-01"}, "due_on"),
        ({"kind": "note", "priority": "high"}, "priority"),
        ({"kind": "task", "outcome": "busy"}, "outcome"),
        ({"kind": "task", "due_time": "09:00"}, "due_on"),
        ({"kind": "task", "due_on": "2026-12-01", "due_time": "9:00"}, "due_time"),
        ({"kind": "note", "happened_at": "2026-03-31T14:30:00"}, "happened_at"),
        ({"kind": "visit"}, "kind"),
        ({"kind": "note", "subject": " "}, "subject"),
    ],
)
def test_refuses_what_does_not_fit(
    session: Session, ann: Employee, program_of: ProgramOf, sent: dict[str, Any], field: str
) -> None:
    answer = program_of(ann).post(f"/leads/{make_lead(session).id}/activities", {"subject": "A", **sent})
    assert (answer.status_code, [error["field"] for error in answer.get_json()["errors"]]) == (422, [field])
    assert session.scalars(select(Activity)).all() == []


def test_refuses_what_stands_in_the_way(
    session: Session, ann: Employee, bob: Employee, vera: Employee, program_of: ProgramOf
) -> None:
    lead = make_lead(session)
    gone = make_employee(session, is_active=False)
    note = make_activity(session, by=bob, lead_id=lead.id)
    task = make_activity(session, by=ann, lead_id=lead.id, kind="task")
    program = program_of(ann)
    assert program.patch(f"/activities/{note.id}", {"subject": "B"}, match=1).status_code == 403
    assert program.delete(f"/activities/{note.id}", match=1).status_code == 403
    assert program_of(vera).post(f"/leads/{lead.id}/activities", {"kind": "note", "subject": "A"}).status_code == 403
    assert program_of(bob).post(f"/activities/{note.id}/finish").status_code == 409
    assert program_of(bob).patch(f"/activities/{note.id}", {"due_on": "2026-12-01"}, match=1).status_code == 409
    assert program.patch(f"/activities/{task.id}", {"due_time": "09:00"}, match=1).status_code == 409
    assert program.patch(f"/activities/{task.id}", {"assignee_id": gone.id}, match=1).status_code == 409
    assert program.patch(f"/activities/{task.id}", {"subject": None}, match=1).status_code == 422
    assert program.post("/leads/999999/activities", {"kind": "note", "subject": "A"}).status_code == 404


def test_recurrence_is_an_rrule(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    program, lead = program_of(ann), make_lead(session)
    rule = "FREQ=MONTHLY;INTERVAL=3"
    place, known = f"/leads/{lead.id}/activities", {"kind": "task", "subject": "Review", "recurrence": rule}
    assert program.post(place, known).get_json()["errors"][0]["field"] == "due_on"
    assert program.post(place, known | {"due_on": "2026-12-01", "recurrence": "FREQ=HOURLY"}).status_code == 422
    made = program.post(place, known | {"due_on": "2099-12-01", "remind_at": "2099-11-30T09:00:00Z"}).get_json()
    assert (made["recurrence"], made["remind_at"]) == (rule, "2099-11-30T09:00:00Z")
    assert program.post(f"/activities/{made['id']}/finish").get_json()["done_at"]
    assert session.scalars(select(Activity).where(Activity.done_at.is_(None))).one().due_on == date(2100, 3, 1)
    task = make_activity(session, lead_id=lead.id, kind="task", due_on=date(2026, 12, 1), recurrence=rule)
    assert program.patch(f"/activities/{task.id}", {"due_on": None}, match=1).status_code == 409
