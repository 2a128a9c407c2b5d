"""The buttons on top of a lead and of a customer that log something or write to it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Activity, ActivityKind, Employee
from tests.factories import make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


@pytest.mark.parametrize("kind", ["lead", "customer"])
def test_each_button_opens_the_form_for_its_kind(
    browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee, kind: str
) -> None:
    record: Any = make_lead(session, email="a+b@nordlys.example")
    without: Any = make_lead(session, last_name="Berg")
    if kind == "customer":
        record, without = make_customer(session, email="a+b@nordlys.example"), make_customer(session)
    url = f"/{kind}s/{record.id}"
    page = browser_as(ann).open(url)
    assert page.link("Email") == f"{url}/email"
    assert browser_as(vera).open(url).link("Email") == "mailto:a%2Bb@nordlys.example", (
        "who can’t write here does so there"
    )
    for label, value in (("Log call", "call"), ("Note", "note"), ("Task", "task")):
        opened = page.click(label)
        assert opened.url == f"{url}?log={value}"
        assert opened.form("activities")["kind"] == value
        assert opened.one("[autofocus]")["name"] == "subject"
    for unknown in ("", "?log=visit"):
        page = browser_as(ann).open(url + unknown)
        assert "kind" not in page.form("activities").values
        assert not page.has("main [autofocus]"), page.one("main [autofocus]")
    assert not [link for link in browser_as(vera).open(url).soup.select("main a") if "log=" in str(link["href"])]
    assert not browser_as(ann).open(f"/{kind}s/{without.id}").has("a[href^=mailto]")


def test_a_day_button_adds_the_task_for_that_day(
    browser_as: BrowserAs, session: Session, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_web.activities.forms.today", lambda: date(2026, 11, 28))
    lead = make_lead(session, owner_id=ann.id)
    page = browser_as(ann).open(f"/leads/{lead.id}?log=task")
    form = page.form("activities").fill(subject="Send the offer")
    assert "to" not in form.values
    assert form.submit(to="monday").location == f"/leads/{lead.id}"
    task = session.scalars(select(Activity)).one()
    assert (task.kind, task.due_on) == (ActivityKind.TASK, date(2026, 11, 30))
    page = browser_as(ann).open(f"/leads/{lead.id}?log=call")
    page.form("activities").fill(subject="Called").submit(to="monday")
    assert session.scalars(select(Activity.due_on).where(Activity.kind == ActivityKind.CALL)).one() is None
