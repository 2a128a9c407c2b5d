"""No form is answered with a server error, whatever is sent in its fields."""

import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule

from crm_web.core.extensions import db
from crm_web.core.problem_details import PROGRAMS
from crm_web.models import ApiToken, BulkEdit, Change, Employee, SavedView, SignIn
from tests.auth.test_permissions import list_rules
from tests.factories import (
    make_activity,
    make_contact,
    make_customer,
    make_employee,
    make_file,
    make_incoming_email,
    make_lead,
    make_mail_template,
    make_merge,
    make_pair,
    make_passkey,
    make_token,
)
from tests.imports.stored.states import make_imports
from tests.page import Browser
from tests.webhooks.conftest import make_webhook
from tests.webhooks.test_pages import make_delivery

BrowserAs = Callable[[Employee], Browser]
World = dict[str, list[Any]]
NASTY = (
    "",
    "a\x00b",
    "\ud800",
    "-1",
    str(2**63),
    "9" * 400,
    "x" * 100_001,
    "2026-02-31",
)
"""What no field expects, or only some do."""
OWN = {"csrf_token", "_method"}
VALID: dict[str, dict[str, Any]] = {
    "activities": {
        "kind": "task",
        "subject": "Call",
        "due_on": "2026-03-31",
        "happened_at": "2026-03-31T10:00",
        "due_time": "14:30",
        "recurrence": "Every week",
        "remind_at": "2026-03-31T09:00",
        "version": "1",
    },
    "auth": {
        "password": "quiet harbour 12",
        "repeated_password": "quiet harbour 12",
        "time_zone": "UTC",
        "locale": "en",
    },
    "bulk": {"action": "assign", "ids": ["{lead_id}"], "owner_id": "0", "source": "Fair", "lost_reason": "price"},
    "customers": {"name": "New", "last_name": "New", "kind": "person", "status": "active", "version": "1"},
    "emails": {"to": "a@b.example", "subject": "Hi", "body": "Hello", "name": "New", "version": "1"},
    "employees": {"name": "New", "email": "a@b.example", "role": "viewer", "time_zone": "UTC", "locale": "en"},
    "history": {"field": "last_name"},
    "imports": {
        "encoding": "utf-8",
        "delimiter": ",",
        "region": "US",
        "currency": "USD",
        "existing": "fill",
        "line": "3",
    },
    "leads": {"last_name": "New", "amount": "12", "currency": "EUR", "version": "1", "status": "won", "create": "1"},
    "passkeys": {"name": "Laptop"},
    "saved_views": {"list": "leads", "name": "New", "address": "status=new", "on": "1"},
    "tokens": {"name": "Report", "scope": "read", "days": "7"},
    "webhooks": {"url": "https://hooks.example.com/a", "events": ["*"], "version": "1", "skip_missed": "1"},
}
"""By blueprint what its forms take, so that one wrong field meets others that are right."""


class Asked(ImmutableMultiDict[str, str]):
    """What was sent; it notes the names that are asked of it."""

    names: set[str] = set()

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return super().__getitem__(name)

    def getlist(self, key: str, *args: Any, **settings: Any) -> Any:
        self.names.add(key)
        return super().getlist(key, *args, **settings)


@pytest.fixture
def world(app: Flask, session: Session, ada: Employee, browser_as: BrowserAs) -> World:
    """The records that addresses name, one of each kind."""
    browser = browser_as(ada)
    lead, gone, customer = make_lead(session, ada, last_name="Lee"), make_lead(session), make_customer(session)
    lead.last_name = "Leigh"
    session.commit()
    browser.post("leads.trash_lead", lead_id=gone.id)
    browser.post("saved_views.create_view", {"list": "leads", "name": "View"})
    for action in ("assign", "source", "status:lost", "status:won", "trash"):
        browser.post("bulk.choose_records", {"action": action, "ids": [lead.id]}, entity="lead")
    make_token(session, ada)
    merge = make_merge(session, lead)
    webhook, pair = make_webhook(session), make_pair(session, gone, lead)
    changes = select(Change.id).where(Change.entity == "lead", Change.entity_id == lead.id, Change.action == "changed")
    return {
        "lead_id": [lead.id],
        "customer_id": [customer.id],
        "contact_id": [make_contact(session, customer).id],
        "activity_id": [make_activity(session, kind="task", lead_id=lead.id).id],
        "file_id": [make_file(session, lead).id],
        "employee_id": [make_employee(session).id],
        "webhook_id": [webhook.id],
        "delivery_id": [make_delivery(session, webhook).id],
        "mail_id": [1],
        "email_id": [make_incoming_email(session).id],
        "template_id": [make_mail_template(session).id],
        "edit_id": list(session.scalars(select(BulkEdit.id))),
        "view_id": list(session.scalars(select(SavedView.id)))[:1],
        "import_id": make_imports(session, browser),
        "passkey_id": [make_passkey(session, ada).id],
        "token_id": list(session.scalars(select(ApiToken.id)))[:1],
        "sign_in_id": list(session.scalars(select(SignIn.id)))[:1],
        "notification_id": [1],
        "change_id": list(session.scalars(changes))[:1],
        "kind": ["lead"],
        "record_id": [gone.id],
        "entity": ["lead"],
        "version": [1],
        "records": ["leads"],
        "erasure_id": [1],
        "merge_id": [merge.id],
        "pair_id": [pair.id],
        "group_id": [pair.id],
    }


@pytest.mark.slow
def test_nothing_sent_to_any_form_breaks_it(
    app: Flask, session: Session, ada: Employee, browser_as: BrowserAs, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "testing", False)
    monkeypatch.setattr(app.request_class, "parameter_storage_class", Asked)
    session.close()
    crawl = Crawl(app, browser_as(ada))
    rules = [rule for rule in list_rules(app, "POST") if not rule.rule.startswith(PROGRAMS)]
    for rule in rules:
        for url in _list_addresses(app, rule, world):
            crawl.try_form(url, _valid_for(rule, world))
    assert len(rules) > 40
    assert crawl.sent > 400
    assert crawl.accepted > 20
    assert crawl.broken == []


class Crawl:
    """Sends forms, takes back whatever each has done, and keeps what was answered with a server error."""

    def __init__(self, app: Flask, browser: Browser) -> None:
        self.client, self.token = browser.client, browser._csrf_token()
        self.sent = self.accepted = 0
        self.broken: list[tuple[str, str, int]] = []
        with app.app_context():
            self.connection: Any = db.engines[None]
        with self.client.session_transaction() as cookie:
            self.cookie = dict(cookie)

    def try_form(self, url: str, valid: dict[str, Any]) -> None:
        """Send a form as it should be, then without each field it needs, then with nonsense in each and in all."""
        Asked.names.clear()
        self.accepted += self._send(url, "valid", valid) < 400
        names = sorted(Asked.names - OWN)
        if not names:
            return
        for name in names:
            # What was not among the valid fields was absent already.
            if name in valid:
                self._send(url, f"without {name}", {key: value for key, value in valid.items() if key != name})
                self._send(url, f"{name} blank", valid | {name: ""})
                self._send(url, f"{name} wrong", valid | {name: "\ud800"})
        self._send(url, "twice", {name: ["1", valid.get(name, "x"), "2"] for name in names})
        for nasty in NASTY:
            self._send(url, f"all={nasty[:9]!r}", dict.fromkeys(names, nasty))
        self._send(url, "files", {name: (io.BytesIO(b"x"), "x.txt") for name in names})

    def _send(self, url: str, what: str, fields: dict[str, Any]) -> int:
        with self.client.session_transaction() as cookie:
            cookie.clear()
            cookie.update(self.cookie)
        data = {name: _as_sent(value) for name, value in fields.items()} | {"csrf_token": self.token}
        self.connection.exec_driver_sql("SAVEPOINT form")
        try:
            status = self.client.post(url, data=data, buffered=True).status_code
        finally:
            self.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT form")
        self.sent += 1
        if status >= 500:
            self.broken.append((url, what, status))
        return status


def _as_sent(value: Any) -> Any:
    """A lone surrogate goes as the bytes that no UTF-8 may hold."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _valid_for(rule: Rule, world: World) -> dict[str, Any]:
    known = {name: str(ids[0]) for name, ids in world.items()}
    valid = VALID.get(rule.endpoint.partition(".")[0], {})
    return {
        name: [v.format(**known) for v in value] if isinstance(value, list) else value for name, value in valid.items()
    }


def _list_addresses(app: Flask, rule: Rule, world: World) -> Iterator[str]:
    names = sorted(rule.arguments)
    for values in itertools.product(*(world[name] for name in names)):
        with app.test_request_context():
            address = app.url_for(rule.endpoint, **dict(zip(names, values, strict=True)))
        yield address
