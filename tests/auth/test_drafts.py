"""Forms that are sent after their session ended: the words are there again, and nothing is saved by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from crm_web.auth.drafts.operations import MOST_DRAFTS, keep_draft
from crm_web.core.problem_details import PROGRAMS
from crm_web.models import BulkAction, BulkEdit, BulkEntity, BulkItem, Draft, Employee, Lead, SignIn, Webhook
from crm_web.models.draft import LARGEST_DRAFT
from crm_web.web.refills import MESSAGE
from tests.auth.test_permissions import address_of, list_rules
from tests.databases import PASSWORD
from tests.factories import (
    make_activity,
    make_contact,
    make_customer,
    make_incoming_email,
    make_lead,
    make_mail_template,
    make_pair,
    make_passkey,
)
from tests.imports.stored.states import make_imports
from tests.page import Browser, Form, Page
from tests.worker.run import run_worker

BrowserAs = Callable[[Employee], Browser]
TYPED = {"last_name": "Okoro", "company": "Nørdlys & <b>Søn</b>", "description": "One\n“two”\t三", "amount": "12"}


def sign_in(browser: Browser, email: str = "ann@piper.example", url: str = "/sign-in") -> Page:
    """Sign in through the page."""
    return browser.open(url, method="POST", data={"email": email, "password": PASSWORD})


def end_sessions(session: Session) -> None:
    """End every session on the server, as an administrator or time does."""
    session.execute(update(SignIn).values(ended_at=func.now()))
    session.commit()


def count_leads(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Lead)) or 0


@pytest.fixture
def ann_at(browser_as: BrowserAs, ann: Employee) -> Browser:
    """Ann's browser."""
    return browser_as(ann)


def form_of_lead(browser: Browser) -> Form:
    return browser.get("leads.new_lead").form().fill(**TYPED)


def holds(form: Form) -> dict[str, Any]:
    return {name: form[name].lstrip("\n") for name in TYPED}


def lose_cookie(browser: Browser, _: Session) -> None:
    browser.client.delete_cookie("piper_session")


def lose_session(_: Browser, session: Session) -> None:
    end_sessions(session)


def sign_out(browser: Browser, _: Session) -> None:
    browser.post("auth.sign_out")


@pytest.mark.parametrize("lose", [lose_session, lose_cookie, sign_out])
def test_what_was_typed_is_there_after_signing_in_again(
    ann_at: Browser, session: Session, lose: Callable[[Browser, Session], None]
) -> None:
    form = form_of_lead(ann_at)
    lose(ann_at, session)

    page = form.submit()
    assert page.status == 303
    asked = page.follow()
    assert asked.h1 == "Sign in"
    assert "Sign in to continue where you left off." in asked.flash
    again = sign_in(ann_at, url=page.location or "").follow()

    assert (again.status, again.h1) == (422, "New lead")
    assert again.errors[""] == MESSAGE
    assert holds(again.form()) == TYPED
    assert again.form()["submission"] == form["submission"]
    assert ann_at.open(again.url).form()["last_name"] == "Okoro", "loaded again it is the same"
    assert count_leads(session) == 0, "nothing is saved without a click"

    saved = again.form().submit()
    assert saved.location == form.submit(csrf_token=again.form()["csrf_token"]).location, "sent twice it is saved once"
    assert count_leads(session) == 1
    lead = session.scalars(select(Lead)).one()
    assert (lead.company, lead.description) == (TYPED["company"], "One\n“two”\t三")


def test_signed_out_and_in_again_in_another_tab_the_form_is_shown_again(ann_at: Browser, session: Session) -> None:
    form = form_of_lead(ann_at)
    ann_at.post("auth.sign_out")
    sign_in(ann_at)

    page = form.submit()

    assert (page.status, page.h1) == (422, "New lead")
    assert (page.errors, holds(page.form())) == ({"": MESSAGE}, TYPED)
    assert session.scalars(select(Draft)).all() == [], "nothing has to be kept"
    assert count_leads(session) == 0
    assert page.form().submit().status == 303


def test_nobody_else_is_shown_what_was_typed(ann_at: Browser, session: Session) -> None:
    form = form_of_lead(ann_at)
    ann_at.post("auth.sign_out")
    place = form.submit().location or ""

    other = sign_in(ann_at, "bob@piper.example", place).follow()
    assert other.location == "/"
    assert "belongs to someone else" in other.follow().flash
    refused = form.submit()
    assert (refused.status, refused.h1) == (400, "This form belongs to someone else")
    for page in (other.follow(), refused):
        assert "Okoro" not in page.body

    # It is still there for Ann, at any instance.
    ann_at.post("auth.sign_out")
    assert holds(sign_in(ann_at, url=place).follow().form()) == TYPED


def test_it_is_kept_for_an_hour(ann_at: Browser, session: Session) -> None:
    form = form_of_lead(ann_at)
    end_sessions(session)
    place = form.submit().location or ""
    session.execute(update(Draft).values(created_at=func.now() - timedelta(minutes=59)))
    session.commit()
    assert sign_in(ann_at, url=place).follow().h1 == "New lead"
    session.execute(update(Draft).values(created_at=func.now() - timedelta(minutes=60)))
    session.commit()
    assert "has expired" in ann_at.open(place.partition("next=")[2]).follow().flash
    run_worker(ann_at.app)
    assert session.scalars(select(Draft)).all() == []


def test_secrets_are_not_kept(visitor: Browser, session: Session, bob: Employee) -> None:
    sign_in(visitor, "ada@piper.example")
    typed = {"name": "Jo Park", "email": "jo@company.com", "role": "sales", "password": "a secret of Jo"}
    form = visitor.get("employees.new_employee").form().fill(**typed)
    end_sessions(session)
    place = form.submit().location or ""
    draft = session.scalars(select(Draft)).one()
    assert not any("secret" in value or name in ("password", "csrf_token") for name, value in draft.fields)
    page = sign_in(visitor, "ada@piper.example", place).follow()
    assert (page.form()["name"], page.form()["password"]) == ("Jo Park", "")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_what_comes_from_elsewhere_is_refused(ann_at: Browser, session: Session, headers: dict[str, str]) -> None:
    form = form_of_lead(ann_at)
    for lose in (sign_out, lambda *_: sign_in(ann_at)):
        lose(ann_at, session)
        answer = ann_at.client.post("/leads/new", data=form.values, headers=headers)
        assert answer.status_code == 400
        assert "Okoro" not in answer.text
    assert session.scalars(select(Draft)).all() == []


def test_without_a_token_of_that_person_nothing_is_kept(ann_at: Browser, visitor: Browser, session: Session) -> None:
    form = form_of_lead(ann_at)
    ann_at.post("auth.sign_out")
    for token in ("", "made up", visitor._csrf_token() + "x", ann_at.open("/sign-in").form()["csrf_token"] + "AAAA"):
        form.submit(csrf_token=token)
    assert session.scalars(select(Draft)).all() == []


def test_a_button_leads_back_to_its_page_and_says_that_nothing_was_done(ann_at: Browser, session: Session) -> None:
    lead = make_lead(session)
    page = ann_at.get("leads.show_lead", lead_id=lead.id)
    token = page.form("/trash")["csrf_token"]
    at = {"Referer": f"http://localhost/leads/{lead.id}?x=1"}
    ann_at.post("auth.sign_out")

    answer = ann_at.client.post(f"/leads/{lead.id}/trash", data={"csrf_token": token}, headers=at)
    assert answer.location == f"/sign-in?next=/leads/{lead.id}?x%3D1"
    assert "nothing was changed" in ann_at.open(answer.location).flash
    sign_in(ann_at, url=answer.location)
    answer = ann_at.client.post(f"/leads/{lead.id}/trash", data={"csrf_token": token}, headers=at)
    assert answer.location == f"/leads/{lead.id}?x=1"
    assert "nothing was changed" in ann_at.open(answer.location).flash
    for referrer in ("https://evil.example/leads", "http://localhost//evil.example", "nonsense", ""):
        answer = ann_at.client.post(
            f"/leads/{lead.id}/trash", data={"csrf_token": token}, headers={"Referer": referrer}
        )
        assert answer.location == "/"
    session.refresh(lead)
    assert not lead.is_in_trash


def test_a_customer_typed_for_a_win_survives(ann_at: Browser, session: Session, ann: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id, company="Nordlys")
    form = ann_at.get("leads.preview_win", lead_id=lead.id).form("/status").fill(name="Nordlys Holding")
    end_sessions(session)
    page = sign_in(ann_at, url=form.submit().location or "").follow()
    kept = page.form("/status")
    assert (page.status, kept["name"]) == (422, "Nordlys Holding")
    assert MESSAGE in page.errors[""]
    session.refresh(lead)
    assert lead.customer_id is None
    assert kept.submit().status == 303


def test_a_draft_of_a_record_that_is_gone_says_so(ann_at: Browser, session: Session, ann: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id)
    form = ann_at.get("leads.edit_lead", lead_id=lead.id).form().fill(company="Typed")
    end_sessions(session)
    place = form.submit().location or ""
    session.execute(text("DELETE FROM leads WHERE id = :id"), {"id": lead.id})
    session.commit()
    page = sign_in(ann_at, url=place).follow()
    assert (page.status, "Permanently deleted" in page.text) == (410, True)


def test_too_much_is_not_kept_and_few_are(app: Flask, session: Session, ann: Employee) -> None:
    with app.app_context():
        assert keep_draft(ann.id, "/leads/new", [("description", "x" * LARGEST_DRAFT)]) is None
        for _ in range(MOST_DRAFTS + 2):
            assert keep_draft(ann.id, "/leads/new", [("last_name", "\x00\\u0000\ufffd" + "é" * 9000)])
        assert len(session.scalars(select(Draft)).all()) == MOST_DRAFTS


def test_the_database_refuses_what_a_view_would_write_while_it_shows_a_form_again(
    ann_at: Browser, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a view marked that saves without asking its form, nothing would be saved all the same."""
    lead = make_lead(session)
    monkeypatch.setattr(ann_at.app.view_functions["leads.trash_lead"], "refillable_with", (), raising=False)
    token = form_of_lead(ann_at)["csrf_token"]
    ann_at.post("auth.sign_out")
    sign_in(ann_at)
    assert ann_at.client.post(f"/leads/{lead.id}/trash", data={"csrf_token": token}).status_code == 503
    session.refresh(lead)
    assert not lead.is_in_trash


# Every form there is

# What is typed or chosen into each form that has a page: field names and values that stay as they are.
FORMS: dict[str, dict[str, str]] = {
    "activities.add_to_customer": {"subject": "Rang up"},
    "activities.add_to_lead": {"subject": "Rang up"},
    "activities.change_activity": {"subject": "Rang up"},
    "auth.change_password": {},
    "passkeys.begin_adding": {"name": "Typed"},
    "passkeys.remove_passkey": {},
    "second_factor.renew_codes": {},
    "second_factor.set_up_factor": {},
    "second_factor.turn_off": {},
    "auth.change_preferences": {"time_zone": "Asia/Tokyo"},
    "notifications.change_channels": {"lead_won": "off"},
    "bulk.apply_edit": {"source": "Typed"},
    "bulk.merge_many": {},
    "customers.change_contact": {"last_name": "Typed"},
    "customers.change_customer": {"name": "Typed"},
    "customers.create_contact": {"last_name": "Typed"},
    "customers.create_customer": {"name": "Typed"},
    "emails.change_template": {"subject": "Typed"},
    "emails.create_template": {"subject": "Typed"},
    "emails.send_from_customer": {"subject": "Typed"},
    "emails.send_from_lead": {"subject": "Typed"},
    "employees.change_employee": {"job_title": "Typed"},
    "employees.create_employee": {"job_title": "Typed"},
    "employees.deactivate_employee": {},
    "employees.set_password": {},
    "files.add_to_activity": {},
    "files.add_to_customer": {},
    "files.add_to_lead": {},
    "imports.add_files": {},
    "imports.change_columns": {},
    "imports.change_file": {"currency": "JPY"},
    "imports.change_row": {"line": "3"},
    "imports.create_import": {},
    "leads.change_lead": {"last_name": "Typed"},
    "leads.change_status": {"lost_note": "Typed"},
    "leads.create_lead": {"last_name": "Typed"},
    "merging.merge": {},
    "saved_views.change_view": {"name": "Typed"},
    "saved_views.create_view": {"name": "Typed", "list": "leads", "address": "status=new"},
    "rates.change_rate": {"per_euro": "1.0825"},
    "rates.upload_file": {},
    "tokens.create_token": {"name": "Typed"},
    "webhooks.change_webhook": {"url": "https://typed.example/x"},
    "webhooks.create_webhook": {"url": "https://typed.example/x"},
}
# What must stand behind an address.
QUERIES = {"merging.merge": "?ids={contact_id},{other_contact_id}"}
# Signing in has no session that could have ended before.
BUTTONS_OF_VISITORS = {
    "auth.sign_in",
    "passkeys.begin_sign_in",
    "passkeys.sign_in",
    "second_factor.answer_challenge",
    "single_sign_on.end_sign_ins",
}


@pytest.fixture
def records(session: Session, ada: Employee, browser_as: BrowserAs) -> dict[str, int]:
    """One record of each kind, by the name of its id in addresses."""
    customer = make_customer(session, owner_id=ada.id)
    edit = BulkEdit(entity=BulkEntity.LEAD, action=BulkAction.SOURCE, made_by_id=ada.id, place="/leads")
    hook = Webhook(url="https://a.example", events=["lead.won"], secret=b"x" * 24)
    session.add_all([edit, hook])
    session.flush()
    lead = make_lead(session, owner_id=ada.id)
    make_pair(session, lead, make_lead(session, owner_id=ada.id))
    session.add(BulkItem(bulk_edit_id=edit.id, record_id=lead.id, version_seen=1, before={"source": None}))
    view = session.scalar(
        text("INSERT INTO saved_views (owner_id, list, name, address) VALUES (:id, 'leads', 'Mine', '') RETURNING id"),
        {"id": ada.id},
    )
    session.commit()
    return {
        "lead_id": lead.id,
        "activity_id": make_activity(session, lead_id=lead.id).id,
        "customer_id": customer.id,
        "contact_id": make_contact(session, customer).id,
        "other_contact_id": make_contact(session, customer).id,
        "employee_id": session.scalars(select(Employee.id).where(Employee.email == "bob@piper.example")).one(),
        "view_id": int(view or 0),
        "edit_id": edit.id,
        "webhook_id": hook.id,
        "template_id": make_mail_template(session).id,
        "email_id": make_incoming_email(session).id,
        "passkey_id": make_passkey(session, ada).id,
        # One that is checked, whose third line is refused.
        "import_id": make_imports(session, browser_as(ada))[2],
    }


def test_every_form_keeps_what_was_typed_and_every_button_says_that_nothing_was_done(
    app: Flask, browser_as: BrowserAs, ada: Employee, session: Session, records: dict[str, int]
) -> None:
    visitor = browser_as(ada)
    stale = visitor.open("/leads/new").form()["csrf_token"]
    visitor.post("auth.sign_out")
    before = snapshot(session)
    rules = [rule for rule in list_rules(app, "POST") if not rule.rule.startswith(PROGRAMS)]
    places: dict[str, str] = {}
    for rule in rules:
        values: dict[str, Any] = {name: records.get(name, 4711) for name in rule.arguments if name.endswith("_id")}
        with app.test_request_context():
            address = app.url_for(rule.endpoint, **values) if rule.arguments <= values.keys() else address_of(app, rule)
        address += QUERIES.get(rule.endpoint, "").format(**records)
        page = visitor.open(address, method="POST", data={"csrf_token": stale, **FORMS.get(rule.endpoint, {})})
        if rule.endpoint not in BUTTONS_OF_VISITORS:
            assert (page.status, (page.location or "")[:8]) == (303, "/sign-in"), rule.endpoint
            places[rule.endpoint] = (page.location or "").partition("next=")[2]
    sign_in(visitor, "ada@piper.example")
    for endpoint, place in places.items():
        if endpoint not in FORMS:
            assert place == "", f"{endpoint} keeps what it has no page for: add it to FORMS"
            continue
        assert place.startswith("/drafts/"), f"{endpoint} forgets what was typed"
        page = visitor.open(place)
        assert page.status == 422, f"{endpoint}: {page!r}"
        assert MESSAGE in page.text, endpoint
        forms = [Form(page, form, str(form.get("action"))) for form in page.soup.select("main form[method=post]")]
        form = next(form for form in forms if FORMS[endpoint].keys() <= form.values.keys())
        kept = {name: form.values[name] for name in FORMS[endpoint]}
        assert kept == FORMS[endpoint], f"{endpoint} shows {kept}"
        assert not str(form.action).startswith("/drafts"), f"{endpoint} would send its form to the draft"
    assert snapshot(session) == before


def snapshot(session: Session) -> dict[str, Any]:
    """How many rows each table has, and the last change of history."""
    tables = session.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('drafts', 'sign_ins')")
    )
    counted = {name: session.scalar(text(f'SELECT count(*) FROM "{name}"')) for name in tables}  # noqa: S608
    counted.pop("sign_in_failures")
    return counted
