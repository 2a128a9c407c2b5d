"""Every page and every API read of a record answers in every state the record can be in, gone for good included."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import product
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core import clock
from crm_web.core.problem_details import PROGRAMS
from crm_web.models import (
    BulkEdit,
    Contact,
    Conversion,
    Draft,
    Employee,
    IncomingAttachment,
    IncomingAttachmentChunk,
    Lead,
    SavedView,
    WebhookDelivery,
)
from tests.auth.test_permissions import list_rules
from tests.factories import (
    make_activity,
    make_contact,
    make_customer,
    make_employee,
    make_erasure,
    make_file,
    make_incoming_email,
    make_lead,
    make_mail_template,
    make_merge,
    make_passkey,
)
from tests.imports.stored.states import make_imports
from tests.page import Browser
from tests.webhooks.conftest import make_webhook
from tests.webhooks.test_pages import make_delivery

BrowserAs = Callable[[Employee], Browser]
Ids = dict[str, dict[str, int]]
LINK = re.compile(r'<a [^>]*?href="(/[^"#]*)')
LISTS = (
    "/leads",
    "/leads/board",
    "/customers",
    "/activities",
    "/history",
    "/trash",
    "/bulk",
    "/views",
    "/webhooks",
    "/imports",
    "/",
)
HAVE_A_PAST = ("leads.show_lead", "customers.show_customer", "customers.print_customer")
MOMENTS = [(datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (-1, 1)]
ENTITIES = ("lead", "customer", "contact", "activity", "file", "employee")


@pytest.fixture
def browser(browser_as: BrowserAs, ada: Employee) -> Browser:
    """The administrator's, who may see everything."""
    return browser_as(ada)


def make_leads(session: Session, browser: Browser, leaver: Employee) -> dict[str, int]:
    """A lead in each state."""
    names = "new changed trashed restored purged lost unowned left won linked undone customer_gone"
    leads = {name: make_lead(session, last_name=name, company=f"{name} Inc").id for name in names.split()}
    session.get_one(Lead, leads["left"]).owner_id = leaver.id
    session.commit()
    for name in ("changed", "trashed", "purged"):
        change = {"last_name": f"{name} again", "version": 1, "amount": "12", "currency": "EUR"}
        browser.post("leads.change_lead", change, lead_id=leads[name])
        browser.post("activities.add_to_lead", {"kind": "note", "subject": "Called"}, lead_id=leads[name])
    for name in ("trashed", "restored", "purged"):
        browser.post("leads.trash_lead", lead_id=leads[name])
    browser.post("leads.restore_lead", lead_id=leads["restored"])
    browser.post("trash.purge", kind="lead", record_id=leads["purged"])
    browser.post("leads.change_status", {"status": "lost", "lost_reason": "price"}, lead_id=leads["lost"])
    for name in ("won", "undone"):
        browser.post("leads.change_status", {"status": "won", "create": "1", "name": name}, lead_id=leads[name])
    browser.post("leads.undo_win", lead_id=leads["undone"])
    linked = make_customer(session, name="Linked").id
    browser.post("leads.change_status", {"status": "won", "customer_id": linked}, lead_id=leads["linked"])
    return leads


def make_customers(session: Session, browser: Browser, leaver: Employee) -> dict[str, int]:
    """A customer in each state, each with a contact."""
    customers = {
        name: make_customer(session, name=name).id for name in ["new", "changed", "trashed", "restored", "purged"]
    }
    customers["left"] = make_customer(session, owner_id=leaver.id).id
    customers["child"] = make_customer(session, parent_id=customers["purged"]).id
    customers["won"] = session.scalars(select(Conversion.customer_id)).first() or 0
    for name in ("changed", "trashed", "purged"):
        change = {"name": f"{name} again", "kind": "person", "status": "former", "version": 1}
        browser.post("customers.change_customer", change, customer_id=customers[name])
        browser.post("customers.create_contact", {"last_name": name}, customer_id=customers[name])
        browser.post("activities.add_to_customer", {"kind": "call", "subject": "Met"}, customer_id=customers[name])
    browser.post("leads.create_lead", {"last_name": "of it", "customer_id": customers["purged"]})
    for name in ("trashed", "restored", "purged"):
        browser.post("customers.trash_customer", customer_id=customers[name])
    browser.post("customers.restore_customer", customer_id=customers["restored"])
    browser.post("trash.purge", kind="customer", record_id=customers["purged"])
    return customers


def make_contacts(session: Session, browser: Browser, customers: dict[str, int]) -> dict[str, int]:
    """A contact in each state; the one in the trash with its customer is there already."""
    customer = make_customer(session)
    contacts = {
        name: make_contact(session, customer).id for name in ["new", "changed", "trashed", "restored", "purged"]
    }
    of_trashed = select(Contact.id).where(Contact.customer_id == customers["trashed"])
    contacts["of trashed"] = session.scalars(of_trashed).one()
    for name in ("changed", "trashed", "purged"):
        browser.post("customers.change_contact", {"last_name": "Again", "version": 1}, contact_id=contacts[name])
    for name in ("trashed", "restored", "purged"):
        browser.post("customers.trash_contact", contact_id=contacts[name])
    browser.post("customers.restore_contact", contact_id=contacts["restored"])
    browser.post("trash.purge", kind="contact", record_id=contacts["purged"])
    return contacts


def make_activities(session: Session, browser: Browser, leads: dict[str, int]) -> dict[str, int]:
    """A task in each state."""
    tasks = {
        name: make_activity(session, kind="task", lead_id=leads["changed"]).id
        for name in ("new", "done", "open", "gone")
    }
    for name in ("done", "open", "gone"):
        browser.post("activities.finish_task", activity_id=tasks[name])
    browser.post("activities.reopen_task", activity_id=tasks["open"])
    browser.post("activities.remove_activity", activity_id=tasks["gone"])
    return tasks


def make_edits(session: Session, browser: Browser, leads: dict[str, int], customers: dict[str, int]) -> dict[str, int]:
    """Bulk edits of records some of which are gone by now, before, after and taken back."""
    doomed = make_lead(session, company="Doomed").id
    for entity, action, ids in (
        ("lead", "status:won", [leads["new"], leads["trashed"]]),
        ("lead", "source", [doomed, leads["changed"]]),
        ("lead", "trash", [doomed, leads["unowned"]]),
        ("customer", "trash", [customers["new"], customers["left"]]),
    ):
        browser.post("bulk.choose_records", {"action": action, "ids": ids}, entity=entity)
    edits = session.scalars(select(BulkEdit.id).order_by(BulkEdit.id)).all()
    for edit in edits[1:]:
        browser.post("bulk.apply_edit", {"source": "Trade fair"}, edit_id=edit)
    browser.post("trash.purge", kind="lead", record_id=doomed)
    browser.post("bulk.undo_edit", edit_id=edits[2])
    return dict(zip(("waiting", "applied", "undone", "of customers"), edits, strict=True))


def make_views(session: Session, browser: Browser) -> dict[str, int]:
    """A saved view in each state."""
    for name, address in (("kept", "status=new"), ("trashed", "owner=4711&q=a")):
        browser.post("saved_views.create_view", {"list": "leads", "name": name, "address": address, "is_pinned": "y"})
    views = {view.name: view.id for view in session.scalars(select(SavedView))}
    browser.post("saved_views.trash_view", view_id=views["trashed"])
    return views


def make_drafts(session: Session, ada: Employee, leads: dict[str, int]) -> dict[str, int]:
    """Forms that were sent too late, on a record that is there and on one that is gone by now."""
    fields = [["last_name", "Typed"], ["version", "1"]]
    drafts = {
        name: Draft(employee_id=ada.id, place=f"/leads/{leads[name]}/edit", fields=fields) for name in ("new", "purged")
    }
    session.add_all(drafts.values())
    session.commit()
    return {name: draft.id for name, draft in drafts.items()}


def make_webhooks(session: Session, browser: Browser) -> dict[str, int]:
    """A webhook in each state, with a message."""
    webhooks = {name: make_webhook(session) for name in ("new", "paused", "removed")}
    for webhook in webhooks.values():
        make_delivery(session, webhook)
    browser.post("webhooks.pause_webhook", webhook_id=webhooks["paused"].id)
    browser.post("webhooks.remove_webhook", webhook_id=webhooks["removed"].id)
    return {name: webhook.id for name, webhook in webhooks.items()}


def make_files(session: Session, ada: Employee, leads: dict[str, int]) -> dict[str, int]:
    """A file on records in some states, one that can be shown, and one that was removed."""
    found = {name: make_file(session, session.get_one(Lead, leads[name])).id for name in ("new", "trashed")}
    new = session.get_one(Lead, leads["new"])
    found["shown"] = make_file(session, new, media_type="image/png").id
    found["removed"] = make_file(session, new, deleted_at=clock.now(), deleted_by_id=ada.id).id
    activity = make_activity(session, lead_id=new.id)
    found["of activity"] = make_file(session, activity).id
    return found


def make_emails(session: Session, activities: dict[str, int], leads: dict[str, int]) -> dict[str, int]:
    """An email in each state, also of an activity that is gone."""
    placed: dict[str, Any] = {"state": "placed", "placed_at": clock.now()}
    states: dict[str, dict[str, Any]] = {
        "waiting": {},
        "known": {"sender_email": session.get_one(Lead, leads["new"]).email or "x@y.example"},
        "ignored": {"state": "ignored", "subject": "", "sender_name": "", "sender_email": "", "body": ""},
        "placed": placed | {"activity_id": activities["new"]},
        "removed": placed | {"activity_id": activities["gone"]},
    }
    return {name: make_incoming_email(session, **fields).id for name, fields in states.items()}


def make_attachment(session: Session, email_id: int) -> int:
    """A file of an email, which its activity does not have yet."""
    attachment = IncomingAttachment(email_id=email_id, name="order.txt", size=4)
    session.add(attachment)
    session.flush()
    session.add(IncomingAttachmentChunk(attachment_id=attachment.id, number=0, content=b"Text"))
    session.commit()
    return attachment.id


@pytest.fixture
def ids(session: Session, browser: Browser, ada: Employee) -> Ids:
    """The ids of records in every state, by the name that addresses give them."""
    leaver = make_employee(session, name="Leaver")
    leads = make_leads(session, browser, leaver)
    customers = make_customers(session, browser, leaver)
    activities = make_activities(session, browser, leads)
    contacts = make_contacts(session, browser, customers)
    make_activity(session, leaver, kind="task", lead_id=leads["left"], assignee_id=leaver.id)
    browser.post("employees.deactivate_employee", {"successor_id": "nobody"}, employee_id=leaver.id)
    emails = make_emails(session, activities, leads)
    deliveries = session.scalars(select(WebhookDelivery.id)).all()
    found = {
        "lead_id": leads,
        "customer_id": customers,
        "contact_id": contacts,
        "activity_id": activities,
        "file_id": make_files(session, ada, leads),
        "employee_id": {"oneself": ada.id, "deactivated": leaver.id},
        "edit_id": make_edits(session, browser, leads, customers),
        "draft_id": make_drafts(session, ada, leads),
        "view_id": make_views(session, browser),
        "webhook_id": make_webhooks(session, browser),
        "passkey_id": {"own": make_passkey(session, ada).id, "another's": make_passkey(session, leaver).id},
        "import_id": {str(number): number for number in make_imports(session, browser)},
        "template_id": {"one": make_mail_template(session).id},
        "email_id": emails,
        "attachment_id": {name: make_attachment(session, emails[name]) for name in ("waiting", "ignored")},
        "merge_id": {"one": make_merge(session, session.get_one(Lead, leads["changed"])).id},
        "erasure_id": {"one": make_erasure(session)},
        "group_id": {},
        "delivery_id": dict.fromkeys(map(str, deliveries), 1),
        "conversion_id": {str(number): number for number in session.scalars(select(Conversion.id))},
    }
    never = {"never": 2**62, "zero": 0}
    return {name: of_kind | never for name, of_kind in found.items()}


def list_addresses(app: Flask, ids: Ids) -> list[str]:
    """All addresses that name a record, with each of the records; where a page has a past, with moments of it, too."""
    found: list[str] = []
    with app.test_request_context():
        for rule in list_rules(app, "GET"):
            for values in _list_values(rule.arguments, ids):
                found.append(app.url_for(rule.endpoint, **values))
                if rule.endpoint in HAVE_A_PAST:
                    found += [app.url_for(rule.endpoint, as_of=moment, **values) for moment in MOMENTS]
    return found


def _list_values(names: set[str], ids: Ids) -> Iterator[dict[str, Any]]:
    if names == {"kind", "record_id"}:
        for kind in ENTITIES:
            yield from ({"kind": kind, "record_id": number} for number in ids[f"{kind}_id"].values())
    elif names == {"records"}:
        yield from ({"records": records} for records in ("leads", "customers", "contacts"))
    elif names - {"name", "filename", "topic"}:
        in_order = sorted(names)
        numbers = product(*(ids[name].values() for name in in_order))
        yield from (dict(zip(in_order, these, strict=True)) for these in numbers)


@pytest.mark.slow
def test_every_page_of_a_record_answers_in_every_state(
    app: Flask, ada: Employee, vera: Employee, browser_as: BrowserAs, ids: Ids, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page links to is there, too."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    addresses = list_addresses(app, ids)
    client, paths, wrong = browser_as(ada).client, set[str](), list[str]()
    links = dict.fromkeys((*addresses, *LISTS), "")
    while links:
        address, place = links.popitem()
        answer = client.get(address, buffered=True)
        paths.add(address.partition("?")[0])
        if answer.status_code >= (400 if place else 500):
            wrong.append(f"{address} answers {answer.status_code}, linked from {place or 'nowhere'}")
        if answer.mimetype == "text/html" and not place:
            found = map(unescape, LINK.findall(answer.get_data(as_text=True)))
            links = {link: address for link in found if link.partition("?")[0] not in paths} | links
    client = browser_as(vera).client
    of_pages = [address for address in addresses if "as_of" not in address and not address.startswith(PROGRAMS)]
    answers = {address: client.get(address, buffered=True).status_code for address in of_pages}
    wrong += [f"{address} answers a viewer {status}" for address, status in answers.items() if status >= 500]

    assert wrong == []
