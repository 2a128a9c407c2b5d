"""Open tasks go along when their record changes hands, and when somebody leaves."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_web.models import Activity, ActivityKind, Change, Employee
from tests.api.client import Program
from tests.bulk.test_apply_edit import apply, choose
from tests.factories import make_activity, make_customer, make_lead, make_token
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
TASK = ActivityKind.TASK


def make_tasks(session: Session, ann: Employee, max: Employee, **record: Any) -> dict[str, Activity]:
    """One task of each sort on a record of Ann's."""
    done = func.now()
    return {
        "hers": make_activity(session, kind=TASK, assignee_id=ann.id, **record),
        "done": make_activity(session, kind=TASK, assignee_id=ann.id, done_at=done, **record),
        "other": make_activity(session, kind=TASK, assignee_id=max.id, **record),
        "free": make_activity(session, kind=TASK, **record),
    }


def read(session: Session, tasks: dict[str, Activity]) -> dict[str, int | None]:
    session.expire_all()
    return {name: task.assignee_id for name, task in tasks.items()}


def by_form(browser: Browser, place: str, to: int) -> Any:
    return browser.open(f"{place}/edit").form().submit(owner_id=str(to))


def by_sql(session: Session, place: str, to: int) -> None:
    _, table, row_id = place.split("/")
    session.execute(text(f"UPDATE {table} SET owner_id = {to} WHERE id = {row_id}"))  # noqa: S608
    session.commit()


@pytest.mark.parametrize("kind", ["leads", "customers"])
@pytest.mark.parametrize("way", ["form", "api", "bulk", "sql"])
def test_the_owners_open_tasks_go_to_the_next_owner(
    session: Session,
    browser_as: BrowserAs,
    app: Flask,
    ann: Employee,
    bob: Employee,
    max: Employee,
    kind: str,
    way: str,
) -> None:
    record = make_lead(session, owner_id=ann.id) if kind == "leads" else make_customer(session, owner_id=ann.id)
    tasks = make_tasks(session, ann, max, **{f"{kind[:-1]}_id": record.id})
    elsewhere = make_activity(session, kind=TASK, assignee_id=ann.id, lead_id=make_lead(session, owner_id=ann.id).id)
    place = f"/{kind}/{record.id}"
    if way == "form":
        assert by_form(browser_as(max), place, bob.id).status == 303
    elif way == "api":
        assert (
            Program(app, make_token(session, max)).patch(place, {"owner_id": bob.id}, match=record.version).status_code
            == 200
        )
    elif way == "bulk":
        apply(choose(browser_as(max), "assign", record), owner_id=str(bob.id))
    else:
        by_sql(session, place, bob.id)
    assert read(session, tasks) == {"hers": bob.id, "done": ann.id, "other": max.id, "free": None}
    assert elsewhere.assignee_id == ann.id
    changes = session.scalars(select(Change).where(Change.entity == "activity", Change.action == "changed")).all()
    assert [(change.entity_id, change.fields) for change in changes] == [
        (tasks["hers"].id, {"assignee_id": [ann.id, bob.id]})
    ]


def test_tasks_of_nobody_go_to_whoever_takes_their_record(
    session: Session, browser_as: BrowserAs, ann: Employee, max: Employee
) -> None:
    lead = make_lead(session)
    tasks = make_tasks(session, ann, max, lead_id=lead.id)
    by_form(browser_as(ann), f"/leads/{lead.id}", ann.id)
    assert read(session, tasks) == {"hers": ann.id, "done": ann.id, "other": max.id, "free": ann.id}


@pytest.mark.parametrize("to", ["bob", "nobody"])
def test_who_leaves_leaves_no_open_task(
    session: Session, browser_as: BrowserAs, ada: Employee, ann: Employee, bob: Employee, max: Employee, to: str
) -> None:
    tasks = make_tasks(session, ann, max, lead_id=make_lead(session, owner_id=ann.id).id)
    on_others = make_activity(session, kind=TASK, assignee_id=ann.id, customer_id=make_customer(session).id)
    page = browser_as(ada).get("employees.confirm_deactivation", employee_id=ann.id)
    assert "Ann Keller owns 1 lead and has 2 open tasks." in page.text
    successor = bob.id if to == "bob" else None
    answer = page.form("deactivate").submit(successor_id=str(successor or "nobody"))
    assert answer.follow().flash.endswith(": 1 lead and 2 open tasks.")
    assert read(session, tasks | {"on others": on_others}) == {
        "hers": successor,
        "done": ann.id,
        "other": max.id,
        "free": None,
        "on others": successor,
    }


def test_who_only_has_tasks_needs_a_successor_too(
    session: Session, browser_as: BrowserAs, app: Flask, ada: Employee, vera: Employee
) -> None:
    task = make_activity(session, kind=TASK, assignee_id=vera.id, lead_id=make_lead(session).id)
    page = browser_as(ada).post("employees.deactivate_employee", {}, employee_id=vera.id)
    assert page.errors == {"successor_id": "Vera Rossi has 1 open task. Choose a new owner."}
    assert Program(app, make_token(session, ada)).post(f"/employees/{vera.id}/deactivate").status_code == 409
    left = Program(app, make_token(session, ada)).post(f"/employees/{vera.id}/deactivate", {"hand_over_to": ada.id})
    assert left.status_code == 200
    assert read(session, {"task": task}) == {"task": ada.id}


def test_a_task_of_somebody_who_left_is_reopened_for_the_owner(
    session: Session, browser_as: BrowserAs, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    task = make_activity(session, kind=TASK, assignee_id=bob.id, done_at=func.now(), lead_id=lead.id)
    bob.is_active = False
    session.commit()
    assert browser_as(ann).post("activities.reopen_task", activity_id=task.id).status == 303
    assert read(session, {"task": task}) == {"task": ann.id}


def test_the_undo_of_a_bulk_edit_puts_each_task_back(
    session: Session, browser_as: BrowserAs, ann: Employee, bob: Employee, max: Employee
) -> None:
    """Also those that the next owner had before, or took since: they never were the old owner's."""
    browser = browser_as(max)
    for owner_id in (str(bob.id), "0"):
        lead = make_lead(session, owner_id=ann.id)
        tasks = make_tasks(session, ann, max, lead_id=lead.id)
        tasks["bobs"] = make_activity(session, kind=TASK, assignee_id=bob.id, lead_id=lead.id)
        before = read(session, tasks)
        receipt = apply(choose(browser, "assign", lead), owner_id=owner_id)
        new_owner = bob.id if owner_id != "0" else None
        assert read(session, tasks) == before | {"hers": new_owner}
        receipt.button("Undo edit")
        assert read(session, tasks) == before
        assert lead.owner_id == ann.id


def test_a_task_that_changed_hands_since_stays_where_it_is(
    session: Session, browser_as: BrowserAs, ann: Employee, bob: Employee, max: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    tasks = make_tasks(session, ann, max, lead_id=lead.id)
    receipt = apply(choose(browser_as(max), "assign", lead), owner_id=str(bob.id))
    session.expire_all()
    # All of a test is one transaction: who changed the bulk edit's tasks last is told apart by the way only.
    session.execute(text("SELECT set_config('crm.source', 'sql', true)"))
    tasks["hers"].assignee_id = max.id
    session.commit()
    receipt.button("Undo edit")
    assert read(session, tasks)["hers"] == max.id


def test_the_database_refuses_an_open_task_of_somebody_who_left(session: Session, ann: Employee, bob: Employee) -> None:
    lead = make_lead(session)
    task = make_activity(session, kind=TASK, assignee_id=ann.id, lead_id=lead.id)
    bob.is_active = False
    session.commit()
    wrong = {
        "ck_employees_has_no_tasks": "UPDATE employees SET is_active = false WHERE id = :ann",
        "ck_assignee_active": "UPDATE activities SET assignee_id = :bob WHERE id = :task",
    }
    values = {"ann": ann.id, "bob": bob.id, "task": task.id}
    for constraint, statement in wrong.items():
        with pytest.raises(IntegrityError, match="open task") as caught, session.begin_nested():
            session.execute(text(statement), values)
        assert caught.value.orig.diag.constraint_name == constraint  # type: ignore[union-attr]
