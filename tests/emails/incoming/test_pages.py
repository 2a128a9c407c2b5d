"""Managers place, ignore and read the emails that wait; others don't see them."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.emails.incoming.operations import receive_email
from crm_web.emails.incoming.retention import delete_expired_emails
from crm_web.models import (
    Activity,
    Change,
    Employee,
    File,
    IncomingAttachment,
    IncomingEmail,
    Lead,
    MailboxCheck,
    PlacingState,
)
from tests.emails.incoming.messages import write
from tests.factories import make_contact, make_customer, make_incoming_email, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
NEW = "new@elsewhere.example"


@pytest.fixture
def browser(browser_as: BrowserAs, max: Employee) -> Browser:
    """The manager's."""
    return browser_as(max)


def receive(browser: Browser, **headers: str) -> int:
    """Let an email arrive that no record has the address of, with a file."""
    message = write("Hello\n\n> quoted", **{"From": f"Nia New <{NEW}>", **headers})
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Order.pdf")
    with browser.app.app_context():
        email = receive_email(message.as_bytes())
        db.session.commit()
        assert email is not None
        return email.id


def state_of(session: Session, email_id: int) -> PlacingState:
    session.expire_all()
    return session.get_one(IncomingEmail, email_id).state


def test_a_manager_places_an_email_and_takes_that_back(
    browser: Browser, session: Session, max: Employee, ann: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id, company="Elsewhere Ltd")
    email_id = receive(browser)
    listed = browser.get("incoming_emails.list_emails")
    assert (len(listed.table), "No record has its address." in listed.text) == (1, True)
    page = browser.get("incoming_emails.show_email", email_id=email_id)
    assert ("Hello" in page.text, "Order.pdf" in page.text, "quoted" in page.text) == (True, True, True)
    found = browser.open(f"/emails/incoming/{email_id}?q=elsewhere")
    placed = found.form("/place").submit()
    shown = placed.follow()
    assert "Email placed on Elsewhere Ltd." in shown.flash
    assert ("Received" in shown.text, "Order.pdf" in shown.text) == (True, True)
    activity = session.scalars(select(Activity)).one()
    assert (activity.lead_id, activity.created_by_id) == (lead.id, max.id)
    undone = shown.button("Undo").follow()
    assert "is waiting to be placed again" in undone.flash
    assert state_of(session, email_id) is PlacingState.WAITING
    assert session.scalars(select(Activity)).all() == []
    again = browser.post("incoming_emails.place_email", {"record": f"lead-{lead.id}"}, email_id=email_id).follow()
    assert "Order.pdf" in again.text


def test_a_manager_reads_the_files_of_an_email_that_waits(
    browser: Browser, browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    email_id, other_id = receive(browser), receive(browser, Message_ID="<2@elsewhere.example>")
    file = session.scalars(select(IncomingAttachment).where(IncomingAttachment.email_id == email_id)).one()
    address = f"/emails/incoming/{email_id}/files/{file.id}"
    assert browser.get("incoming_emails.show_email", email_id=email_id).link("Order.pdf") == address
    answer = browser.client.get(address)
    assert (answer.data, answer.mimetype) == (b"%PDF-1.7", "application/octet-stream")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert browser_as(ann).client.get(address).status_code == 403
    for wrong in (f"/emails/incoming/{other_id}/files/{file.id}", f"/emails/incoming/{email_id}/files/{2**70}"):
        assert browser.open(wrong).status == 404
    file.left_out = "It is too large."
    session.commit()
    assert browser.open(address).status == 404
    assert "Left out" in browser.get("incoming_emails.show_email", email_id=email_id).text


def test_an_email_that_is_placed_moves_with_its_files(browser: Browser, session: Session) -> None:
    lead, customer = make_lead(session), make_customer(session, name="Other")
    email_id = receive(browser)
    for place in (f"lead-{lead.id}", f"customer-{customer.id}"):
        browser.post("incoming_emails.place_email", {"record": place}, email_id=email_id)
    activity, file = session.scalars(select(Activity)).one(), session.scalars(select(File)).one()
    assert (activity.lead_id, activity.customer_id) == (None, customer.id)
    assert (file.lead_id, file.customer_id) == (None, customer.id)
    changed = select(Change).where(Change.entity == "activity", Change.action == "changed")
    assert session.scalars(changed).one().fields["customer_id"] == [None, customer.id]


def test_a_lead_is_made_of_its_sender_once(browser: Browser, session: Session, max: Employee) -> None:
    email_id = receive(browser)
    shown = browser.post("incoming_emails.make_lead", email_id=email_id).follow()
    assert (shown.h1, "Nia New created." in shown.flash) == ("Nia New", True)
    lead = session.scalars(select(Lead)).one()
    assert (lead.first_name, lead.last_name, lead.email, lead.owner_id) == ("Nia", "New", NEW, max.id)
    assert "already placed this email" in browser.post("incoming_emails.make_lead", email_id=email_id).follow().flash
    assert session.scalar(select(func.count()).select_from(Lead)) == 1


@pytest.mark.parametrize("fields", [{"sender_name": ""}, {"sender_email": ""}, {"sender_name": "", "sender_email": ""}])
def test_a_lead_is_made_of_whatever_is_known(browser: Browser, session: Session, fields: dict[str, str]) -> None:
    email = make_incoming_email(session, **fields)
    assert browser.post("incoming_emails.make_lead", email_id=email.id).follow().status == 200


def test_an_email_is_ignored_and_that_is_taken_back(browser: Browser, session: Session) -> None:
    email_id = receive(browser)
    ignored = browser.post("incoming_emails.ignore_email", email_id=email_id).follow()
    assert (state_of(session, email_id), ignored.table if ignored.has("table") else []) == (PlacingState.IGNORED, [])
    again = browser.post("incoming_emails.ignore_email", email_id=email_id).follow()
    assert "Someone else has already handled this email" in again.flash
    assert "Max Lindqvist ignored it." in browser.open("/emails/incoming?state=ignored").text
    browser.post("incoming_emails.reconsider_email", email_id=email_id)
    assert state_of(session, email_id) is PlacingState.WAITING


def test_the_trash_takes_no_email(browser: Browser, session: Session) -> None:
    lead = make_lead(session)
    email_id = receive(browser)
    browser.post("leads.trash_lead", lead_id=lead.id)
    page = browser.post("incoming_emails.place_email", {"record": f"lead-{lead.id}"}, email_id=email_id).follow()
    assert "in the trash" in page.flash
    assert state_of(session, email_id) is PlacingState.WAITING
    for record in ("", "lead-", "lead-x", "contact-1", "lead-99999999999999999999"):
        assert browser.post("incoming_emails.place_email", {"record": record}, email_id=email_id).status == 400
    assert browser.post("incoming_emails.place_email", {"record": "lead-4711"}, email_id=email_id).status == 404


def test_records_with_its_address_are_offered(browser: Browser, session: Session) -> None:
    for name in ("One", "Two"):
        make_lead(session, company=name, email=NEW)
    page = browser.get("incoming_emails.show_email", email_id=receive(browser))
    assert {row["Name"].split()[0] for row in page.table} == {"One", "Two"}


def test_a_restored_activity_is_its_email_again(browser: Browser, session: Session) -> None:
    lead = make_lead(session, email=NEW)
    email_id = receive(browser)
    session.expire_all()
    first = session.get_one(IncomingEmail, email_id).activity_id
    removed = browser.post("activities.remove_activity", activity_id=first).follow()
    assert "Its activity was removed" in browser.open("/emails/incoming?state=placed").text
    removed.button("Undo")
    session.expire_all()
    activity = session.scalars(select(Activity)).one()
    assert session.get_one(IncomingEmail, email_id).activity_id == activity.id != first
    assert "Received" in browser.get("leads.show_lead", lead_id=lead.id).text


def test_sales_and_viewers_see_none(browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee) -> None:
    email = make_incoming_email(session)
    for employee in (ann, vera):
        browser = browser_as(employee)
        assert browser.get("incoming_emails.list_emails").status == 403
        assert browser.get("incoming_emails.show_email", email_id=email.id).status == 403
        assert browser.post("incoming_emails.ignore_email", email_id=email.id).status == 403


def test_queries_do_not_grow(browser: Browser, session: Session) -> None:
    counts = []
    for number in (2, 18):
        for _ in range(number):
            make_incoming_email(session)
        counts.append(browser.count_queries("incoming_emails.list_emails"))
    assert (counts[0] == counts[1], counts[0] <= 8) == (True, True)
    lead = make_lead(session, email="zoe@acme.example")
    make_contact(session, make_customer(session, email="zoe@acme.example"), email="zoe@acme.example")
    email = make_incoming_email(session)
    for words in (None, "acme"):
        assert browser.count_queries("incoming_emails.show_email", email_id=email.id, q=words) <= 8
    assert lead.id


def test_admins_see_that_the_mailbox_can_not_be_read(
    browser_as: BrowserAs, session: Session, ada: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browser_as(ada)
    values = {"imap_host": "imap.example", "incoming_address": "crm@piper.example"}
    known = browser.app.config["SETTINGS"].model_copy(update=values)
    monkeypatch.setitem(browser.app.config, "SETTINGS", known)
    assert "has not been read yet" in browser.get("emails.show_outbox").text
    check = session.get_one(MailboxCheck, 1)
    check.error, check.failed_at = "[AUTHENTICATIONFAILED] <b>no</b>", func.now()
    session.commit()
    assert "[AUTHENTICATIONFAILED] <b>no</b>" in browser.get("emails.show_outbox").text


def test_what_is_on_no_record_expires(browser: Browser, session: Session) -> None:
    waiting, ignored = make_incoming_email(session), make_incoming_email(session, state="ignored")
    placed = receive(browser, From="Zoe <zoe@acme.example>")
    browser.post("incoming_emails.make_lead", email_id=placed)
    recent = make_incoming_email(session)
    assert session.scalar(select(func.count()).select_from(IncomingAttachment)) == 1
    old = func.now() - func.make_interval(0, 0, 0, 91)
    for email_id in (waiting.id, ignored.id, placed):
        session.get_one(IncomingEmail, email_id).received_at = old
    session.get_one(IncomingEmail, placed).placed_at = old
    session.commit()
    with browser.app.app_context():
        assert delete_expired_emails() is False
        db.session.commit()
    session.expire_all()
    assert set(session.scalars(select(IncomingEmail.id))) == {placed, recent.id}
    assert session.scalars(select(IncomingAttachment)).all() == []
    assert session.scalar(select(func.count()).select_from(File)) == 1


def test_deleting_a_record_for_good_deletes_its_emails(browser_as: BrowserAs, session: Session, ada: Employee) -> None:
    browser = browser_as(ada)
    lead = make_lead(session, email=NEW)
    receive(browser)
    browser.post("leads.trash_lead", lead_id=lead.id)
    browser.post("trash.purge", kind="lead", record_id=lead.id)
    assert session.scalars(select(IncomingEmail)).all() == []
