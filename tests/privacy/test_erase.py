"""A person is found with all their records, shown, and erased from everything."""

import subprocess
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import make_url, select, text
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.launcher.programs import find_program
from crm_web.models import Change, Contact, Conversion, Customer, Employee, Erasure, File, Lead, OutgoingMail
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_contact, make_customer, make_file, make_lead, make_sign_in
from tests.page import Browser
from tests.stateful.invariants import list_violations
from tests.worker.run import run_worker

BrowserAs = Callable[[Employee], Browser]
TRACES = ("quixley", "zeb.quixley", "55501234")


def dump(own: OwnDatabase) -> str:
    """The whole database, as pg_dump writes it."""
    url = make_url(own.url)
    parts = [f"--host={url.query['host']}", f"--port={url.query['port']}", f"--username={url.username}"]
    done = subprocess.run([find_program("pg_dump"), *parts, str(url.database)], capture_output=True, check=True)
    return done.stdout.decode().lower()


def live(own: OwnDatabase) -> None:
    """A person comes as a lead, is won, changed, talked to, merged and remembered in logs."""
    with own.session() as session:
        ada = own.find(session, "ada")
        browser = Browser(own.app, make_sign_in(session, ada))
        form = (
            browser.get("leads.new_lead")
            .form()
            .fill(first_name="Zeb", last_name="Quixley", amount="1200", currency="EUR")
        )
        made = form.submit(
            email="Zeb.Quixley@acme.example", phone="+44 20 5550 1234", company="Acme", street="5 Whitlow Lane"
        )
        lead_id = int((made.location or "").split("/")[-1])
        browser.post("activities.add_to_lead", {"kind": "note", "subject": "Zeb Quixley called"}, lead_id=lead_id)
        browser.post("leads.change_status", {"status": "won", "create": "1", "name": "Acme"}, lead_id=lead_id)
        lead = session.get_one(Lead, lead_id)
        note = {"kind": "call", "subject": "Met", "body": "Mr. Quixley, that is zeb quixley, likes it"}
        browser.post("activities.add_to_customer", note, customer_id=lead.customer_id)
        twin = make_lead(
            session, by=ada, last_name="Quixley", email="zeb.quixley@acme.example", next_step="Ask Quixley"
        )
        page = browser.get("merging.preview_merge", records="leads", ids=f"{lead_id},{twin.id}")
        assert page.form("merge").submit().status == 303
        browser.get("leads.edit_lead", lead_id=lead_id).form("edit").submit(job_title="Buyer", confirmed="1")
        other = make_customer(session, by=ada, name="Globex")
        make_contact(session, other, by=ada, last_name="Quixley", email="zeb.quixley@acme.example")


def test_nothing_of_a_person_is_left_in_a_whole_dump(own_database: OwnDatabase) -> None:
    live(own_database)
    before = dump(own_database)
    assert all(trace in before for trace in TRACES)
    with own_database.session() as session:
        browser = Browser(own_database.app, make_sign_in(session, own_database.find(session, "ada")))
        found = browser.get("privacy.find_people", q="ZEB.quixley@acme.example")
        person = found.click("Zeb Quixley")
        assert "Personal data".lower() in person.title.lower() and person.text.count("Quixley") > 5
        exported = browser.client.get(person.link("Download JSON")).get_json()
        assert {name: len(rows) for name, rows in exported.items() if name not in ("history", "customers")} == {
            "leads": 2,
            "contacts": 2,
            "activities": 1,
            "conversions": 1,
            "files": 0,
            "incoming_emails": 0,
        }
        erasing = browser.open(person.link("Erase person…"))
        waiting = erasing.form("erase").submit(confirmed="1").follow()
        assert "Nothing is erased yet." in waiting.text and "Zeb" not in waiting.text
        assert "This person is being erased" in browser.open(person.url).text
        run_worker(own_database.app)
        done = browser.open(waiting.url)
        assert "The receipt of an erased person." in done.text and "Zeb" not in done.text
    after = dump(own_database)
    assert [trace for trace in TRACES if trace in after] == []
    with own_database.session() as session:
        lead = session.scalars(select(Lead).where(Lead.amount.is_not(None))).first()
        assert lead is not None and (str(lead.amount), lead.is_won, lead.name) == ("1200.00", True, "Erased")
        assert session.scalars(select(Conversion)).one().customer_id == lead.customer_id
        assert session.get_one(Customer, lead.customer_id).name == "Acme"
        assert {contact.name for contact in session.scalars(select(Contact))} == {"Erased"}
        erasure = session.scalars(select(Erasure)).one()
        assert len(erasure.records["lead"]) == 2 and erasure.counts["activities"] == 2
    with own_database.app.app_context():
        assert list_violations(db.engine.raw_connection().driver_connection) == []  # type: ignore[arg-type]


def test_history_can_lose_values_and_take_none(session: Session, ann: Employee) -> None:
    lead = make_lead(session, by=ann, first_name="Zeb", last_name="Quixley")
    change = session.scalars(select(Change).where(Change.entity == "lead", Change.entity_id == lead.id)).first()
    assert change is not None
    session.execute(
        text("UPDATE changes SET fields = crm_erased(fields, '{last_name}', '{first_name}') WHERE id = :id"),
        {"id": change.id},
    )
    session.refresh(change)
    assert change.fields == {"last_name": [None, "Erased"]} | {
        key: value for key, value in change.fields.items() if key not in ("last_name", "first_name")
    }


def test_only_admins_see_and_erase(browser_as: BrowserAs, session: Session, ada: Employee, max: Employee) -> None:
    lead = make_lead(session, last_name="Quixley")
    assert browser_as(max).get("privacy.find_people").status == 403
    assert (
        browser_as(max).post("privacy.erase_person", {"confirmed": "1"}, kind="lead", record_id=lead.id).status == 403
    )
    unconfirmed = browser_as(ada).post("privacy.erase_person", kind="lead", record_id=lead.id)
    assert "Check the box to confirm" in unconfirmed.follow().flash
    session.refresh(lead)
    assert lead.last_name == "Quixley"
    assert "No person found" in browser_as(ada).get("privacy.find_people", q="Nobody").text


def test_a_form_that_was_open_does_not_bring_the_person_back(
    app: Flask, browser_as: BrowserAs, session: Session, ada: Employee, ann: Employee
) -> None:
    lead = make_lead(session, last_name="Quixley", email="zeb.quixley@acme.example", owner_id=ann.id)
    form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form("edit")
    browser_as(ada).post("privacy.erase_person", {"confirmed": "1"}, kind="lead", record_id=lead.id)
    run_worker(app)
    refused = form.submit(industry="Tools", confirmed="1")
    assert "was erased after you opened this page" in (refused.text if refused.status == 422 else refused.follow().text)
    session.expire_all()
    assert (lead.last_name, lead.email, lead.industry) == ("Erased", None, None)


def test_nor_does_the_form_of_their_company_or_of_a_text_about_them(
    app: Flask, browser_as: BrowserAs, session: Session, ada: Employee, ann: Employee
) -> None:
    known: dict[str, Any] = {"email": "zeb.quixley@acme.example", "owner_id": ann.id}
    lead, company = make_lead(session, last_name="Quixley", **known), make_customer(session, name="Acme", **known)
    other = make_lead(session, last_name="Lund", description="Ask zeb.quixley@acme.example", owner_id=ann.id)
    forms = [
        browser_as(ann).get("customers.edit_customer", customer_id=company.id).form("edit"),
        browser_as(ann).get("leads.edit_lead", lead_id=other.id).form("edit"),
    ]
    erase = {"confirmed": "1", "mentions": f"lead-{other.id}"}
    browser_as(ada).post("privacy.erase_person", erase, kind="lead", record_id=lead.id)
    run_worker(app)
    for form in forms:
        refused = form.submit(industry="Tools", confirmed="1")
        text = refused.text if refused.status == 422 else refused.follow().text
        assert "was erased after you opened this page" in text
    session.expire_all()
    assert (company.email, other.description) == (None, "Erased")


def test_the_receipt_names_what_only_people_can_judge(
    app: Flask, browser_as: BrowserAs, session: Session, ada: Employee
) -> None:
    company, other = make_customer(session, name="Acme"), make_customer(session, name="Globex")
    contact = make_contact(session, company, first_name="Zeb", last_name="Quixley", email="zeb.quixley@acme.example")
    note = make_activity(session, by=ada, customer_id=company.id, subject="Mail from Zeb Quixley")
    attached, contract = make_file(session, note), make_file(session, company, name="Contract.pdf")
    offer = make_file(session, other, name="Offer to Zeb Quixley.pdf")
    mail = OutgoingMail(activity_id=note.id, recipient="zeb.quixley@acme.example", subject="Offer", body="")
    mail.sender_name, mail.sender_email, mail.thread_token, mail.saved_as = "Ada", "ada@piper.example", "abc", "7.eml"
    session.add(mail)
    session.commit()
    mail_id, browser = mail.id, browser_as(ada)
    preview = browser.get("privacy.preview_erasure", kind="contact", record_id=contact.id)
    assert "Offer to Zeb Quixley.pdf" in preview.text and "File of Globex" in preview.text
    assert "Contract.pdf, Acme" in preview.text and "What files hold is not searched, only their names." in preview.text
    waiting = preview.form("erase").submit(confirmed="1", mentions=[f"file-{offer.id}"]).follow()
    run_worker(app)
    receipt = browser.open(waiting.url)
    assert "Contract.pdf" in receipt.text and f"{mail_id}.eml" in receipt.text and "Quixley" not in receipt.text
    assert set(session.scalars(select(File.id))) == {contract.id} and attached.id != contract.id
    assert session.scalars(select(OutgoingMail)).all() == []
