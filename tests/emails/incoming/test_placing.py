"""Emails that come in are placed once, on the record that they belong to, and nobody is told of what programs send."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.core.extensions import db
from crm_web.emails.incoming.operations import receive_email
from crm_web.emails.incoming.placing import list_candidates
from crm_web.files.storage.queries import read_content
from crm_web.history.formatting import format_change
from crm_web.mail.operations import claim_mails, record_sent
from crm_web.mail.sender import build_message
from crm_web.models import (
    Activity,
    ActivityKind,
    Change,
    ChangeSource,
    EmailKind,
    Employee,
    File,
    IncomingAttachment,
    IncomingAttachmentChunk,
    IncomingEmail,
    Lead,
    MailState,
    Mention,
    Notification,
    NotificationKind,
    OutgoingMail,
    PlacingState,
    set_audit_actor,
    using_change_source,
)
from crm_web.notifications.operations import notify_of_the_rest
from tests.api.client import Program
from tests.emails.incoming.messages import INBOX, bounce, raw, write
from tests.factories import make_contact, make_customer, make_lead, make_token
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]
SETTINGS = {"incoming_address": INBOX, "mail_from": f"Piper CRM <{INBOX}>"}


@pytest.fixture
def in_app(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update=SETTINGS))
    with app.app_context():
        yield


@pytest.fixture
def lead(session: Session, ann: Employee) -> Lead:
    return make_lead(session, owner_id=ann.id, first_name="Zoe", last_name="Okoro", email="Zoe@Acme.example")


def receive(message: EmailMessage | bytes) -> IncomingEmail:
    email = receive_email(message if isinstance(message, bytes) else message.as_bytes())
    db.session.commit()
    assert email is not None
    return email


def send_from(browser: Browser, lead: Lead) -> OutgoingMail:
    """Let somebody send an email from a lead, by which it has left."""
    typed = {"to": "zoe@acme.example", "subject": "Our offer", "body": "Hello Zoe"}
    browser.post("emails.send_from_lead", typed, lead_id=lead.id)
    db.session.execute(text("UPDATE outgoing_mails SET next_attempt_at = now()"))
    for mail in claim_mails(10):
        record_sent(mail, None)
    db.session.commit()
    return db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.id.desc())).first() or OutgoingMail()


def name_records(page: Page) -> list[str]:
    return [link.get_text() for link in page.soup.select(".timeline-title > a")]


@pytest.mark.usefixtures("in_app")
def test_an_email_is_placed_on_the_lead_with_its_address_once(session: Session, ann: Employee, lead: Lead) -> None:
    message = write("Dear Ann,\n\n@ann please call.", To=f"{INBOX}, Ann <ann@piper.example>")
    message.add_attachment(b"%PDF-1.7 content", maintype="application", subtype="pdf", filename="Order.pdf")
    email = receive(message)
    assert (email.state, email.kind, email.reason) == (
        PlacingState.PLACED, EmailKind.PERSONAL, "Its address is that of this record."
    )  # fmt: skip
    activity = db.session.get_one(Activity, email.activity_id)
    assert (activity.lead_id, activity.kind, activity.subject) == (lead.id, "email", "Our order")
    assert activity.body == (
        f"From: Zoe Okoro <zoe@acme.example>\nTo: {INBOX}, ann@piper.example\n\nDear Ann,\n\n@ann please call."
    )
    assert activity.created_by_id is None
    assert db.session.scalars(select(Mention)).all() == [], "nobody outside can mention anyone"
    file = db.session.scalars(select(File)).one()
    assert (file.name, file.activity_id, file.lead_id) == ("Order.pdf", activity.id, lead.id)
    assert b"".join(read_content(file.id, file.size)) == b"%PDF-1.7 content"
    assert db.session.scalars(select(IncomingAttachment)).all() == [], "it is kept once"
    changes = db.session.scalars(
        select(Change).where(Change.entity.in_(("activity", "file"))).order_by(Change.id)
    ).all()
    assert [(it.entity, it.action, it.actor_id) for it in changes] == [
        ("activity", "created", None), ("file", "created", None)
    ]  # fmt: skip
    assert [format_change(change, {}).source for change in changes] == ["by email", "by email"]

    assert receive_email(message.as_bytes().replace(b"\n", b"\r\n")) is None, "read from another mailbox"
    message.add_header("Received", "by another.example")
    assert receive_email(message.as_bytes()) is None
    assert db.session.scalar(select(func.count()).select_from(Activity)) == 1
    other = receive(write("Something else"))
    assert other.activity_id != activity.id, "another email with the same Message-ID is not lost"


@pytest.mark.usefixtures("in_app")
def test_history_says_and_finds_what_came_by_email(
    session: Session, browser_as: BrowserAs, ann: Employee, lead: Lead
) -> None:
    browser = browser_as(ann)
    send_from(browser, lead)
    message = write("Dear Ann,")
    message.add_attachment(b"%PDF-1.7 content", maintype="application", subtype="pdf", filename="Order.pdf")
    with using_change_source(ChangeSource.COMMAND):
        activity_id = receive(message).activity_id
        set_audit_actor(None)
        db.session.add(Activity(kind=ActivityKind.NOTE, subject="By a command", lead_id=lead.id))
        db.session.commit()

    by_email, by_command = (browser.get("history.list_changes", door=door) for door in ("email", "command"))
    assert name_records(by_email) == ["Order.pdf", "Our order"]
    assert by_email.text.count("by email") == 2
    assert "Source: Email" in by_email.text
    assert name_records(by_command) == ["By a command"]
    assert "Our offer" in name_records(browser.get("history.list_changes", door="web")), "written here"
    program = Program(browser.client.application, make_token(session, ann))
    found = program.get("/history?door=email").get_json()["items"]
    assert [(it["entity"], it["door"]) for it in found] == [("file", "email"), ("activity", "email")]
    assert found[1]["entity_id"] == activity_id
    found = program.get("/history?door=command").get_json()["items"]
    assert [(it["entity"], it["door"]) for it in found] == [("activity", "command")]


@pytest.mark.usefixtures("in_app")
def test_the_owner_is_notified_but_not_of_what_a_program_sent(session: Session, ann: Employee, lead: Lead) -> None:
    personal = receive(write())
    automatic = receive(write("I am out of office", Auto_Submitted="auto-replied", Message_ID="<2@acme.example>"))
    assert (automatic.state, automatic.kind) == (PlacingState.PLACED, EmailKind.AUTOMATIC)
    for _ in range(2):
        notify_of_the_rest()
        db.session.commit()
    told = db.session.scalars(select(Notification)).all()
    assert [(it.employee_id, it.kind, it.entity_id) for it in told] == [
        (ann.id, NotificationKind.EMAIL_RECEIVED, personal.activity_id)
    ]


@pytest.mark.usefixtures("in_app")
def test_a_reply_goes_to_the_record_of_what_it_answers(
    app: Flask, session: Session, browser_as: BrowserAs, ann: Employee, lead: Lead
) -> None:
    mail = send_from(browser_as(ann), lead)
    message_id = f"<piper-{mail.thread_token}@piper.example>"
    reply = receive(write(From="Assistant <other@elsewhere.example>", In_Reply_To=message_id))
    assert (reply.is_reply, reply.reason) == (True, "It answers an email of this record.")
    assert reply.activity is not None
    assert reply.activity.lead_id == lead.id
    again = write(
        From="third@elsewhere.example", Message_ID="<3@elsewhere.example>", References="<x@y> <1@acme.example>"
    )
    assert receive(again).is_reply, "it answers one that is placed"
    guessed = write(From="a@b.example", Message_ID="<4@b>", In_Reply_To=f"<piper-{mail.id}@piper.example>")
    assert receive(guessed).state is PlacingState.WAITING, "only the token leads to a record"


@pytest.mark.usefixtures("in_app")
def test_of_several_records_a_person_has_to_choose(session: Session, lead: Lead) -> None:
    other = make_lead(session, company="Acme", email="zoe@acme.example")
    assert receive(write()).reason == "Its address is that of several records."
    session.delete(other)
    session.commit()
    assert receive(write("Again")).state is PlacingState.PLACED
    unknown = receive(write("Hi", From="new@elsewhere.example"))
    assert (unknown.state, unknown.reason) == (PlacingState.WAITING, "No record has its address.")


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"From": "Form <form@site.example>, zoe@acme.example"}, "From: Form <form@site.example>, zoe@acme.example\n"),
        (
            {"From": "Form <form@site.example>", "Reply_To": "Zoe <zoe@acme.example>"},
            "From: Form <form@site.example>\nReply to: zoe@acme.example\n",
        ),
        ({"From": "Zoe <zoe@acme.example>", "Reply_To": "ZOE@acme.example"}, "From: Zoe <zoe@acme.example>\nTo: "),
    ],
)
def test_all_who_send_or_want_the_answer_are_looked_up(lead: Lead, headers: dict[str, str], shown: str) -> None:
    activity = receive(write(**headers)).activity
    assert activity is not None
    assert activity.lead_id == lead.id
    assert (activity.body or "").startswith(shown)


@pytest.mark.usefixtures("in_app")
def test_a_sender_counts_before_whoever_wants_the_answer(session: Session, lead: Lead) -> None:
    other = make_lead(session, last_name="Other", email="max@other.example")
    activity = receive(write(Reply_To="max@other.example")).activity
    assert activity is not None
    assert activity.lead_id == lead.id
    both = receive(write("2", From="zoe@acme.example, max@other.example"))
    assert (both.state, both.reason) == (PlacingState.WAITING, "Its address is that of several records.")
    assert {it.id for it in list_candidates(both)} == {lead.id, other.id}


@pytest.mark.usefixtures("in_app")
def test_an_employee_who_writes_together_with_a_customer_is_its_author(ann: Employee, lead: Lead) -> None:
    email = receive(write(From=f"{ann.email}, zoe@acme.example"))
    activity = email.activity
    assert activity is not None
    assert (activity.lead_id, activity.created_by_id) == (lead.id, ann.id)


@pytest.mark.usefixtures("in_app")
def test_what_belongs_together_is_one_place(session: Session) -> None:
    customer = make_customer(session, name="Acme", email="office@acme.example")
    make_contact(session, customer, last_name="Okoro", email="zoe@acme.example")
    placed = receive(write("1")).activity
    assert placed is not None
    assert placed.customer_id == customer.id
    make_lead(session, email="zoe@acme.example", status="won", customer_id=customer.id)
    make_lead(session, email="zoe@acme.example", status="lost")
    placed = receive(write("2")).activity
    assert placed is not None
    assert placed.customer_id == customer.id
    sale = make_lead(session, email="zoe@acme.example", customer_id=customer.id)
    placed = receive(write("3")).activity
    assert placed is not None
    assert placed.lead_id == sale.id
    make_lead(session, email="zoe@acme.example", customer_id=customer.id)
    placed = receive(write("4")).activity
    assert placed is not None
    assert placed.customer_id == customer.id, "of two sales the customer is the clear one"


@pytest.mark.usefixtures("in_app")
def test_the_trash_takes_nothing_and_what_was_merged_leads_on(session: Session, ann: Employee, lead: Lead) -> None:
    kept = make_lead(session, last_name="Kept")
    lead.deleted_at, lead.deleted_by_id, lead.merged_into_id = now(), ann.id, kept.id
    session.commit()
    placed = receive(write()).activity
    assert placed is not None
    assert placed.lead_id == kept.id
    lead.merged_into_id = None
    session.commit()
    assert receive(write("2")).state is PlacingState.WAITING


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize("way", ["copy", "forwarded", "attached"])
def test_what_an_employee_sends_on_is_theirs(session: Session, ann: Employee, lead: Lead, way: str) -> None:
    sender = f"Ann <{ann.email.upper()}>"
    message = write("Hello Zoe", From=sender, To="zoe@acme.example", Bcc=INBOX)
    if way == "forwarded":
        message = write(f"FYI\n\n---- Forwarded ----\nFrom: Zoe <zoe@acme.example>\nTo: {ann.email}\n\nHi", From=sender)
    elif way == "attached":
        message = write("FYI", From=sender)
        message.add_attachment(write("Hi", Message_ID="<inner@acme.example>"))
    email = receive(message)
    activity = email.activity
    assert activity is not None
    assert (activity.lead_id, activity.created_by_id, email.employee_id) == (lead.id, ann.id, ann.id)
    notify_of_the_rest()
    assert db.session.scalars(select(Notification)).all() == [], "it is her own lead"


@pytest.mark.usefixtures("in_app")
def test_nobody_outside_passes_for_an_employee_if_the_mail_server_knows_better(session: Session, lead: Lead) -> None:
    forged = write(
        "Hello Zoe",
        From="ann@piper.example",
        To="zoe@acme.example",
        Authentication_Results="mx.piper.example; dmarc=fail",
    )
    email = receive(forged)
    assert email.employee_id is None
    assert email.activity is None or email.activity.created_by_id is None


@pytest.mark.usefixtures("in_app")
def test_our_own_emails_do_not_come_back(
    app: Flask, session: Session, browser_as: BrowserAs, ann: Employee, lead: Lead
) -> None:
    mail = send_from(browser_as(ann), lead)
    db.session.execute(text("UPDATE outgoing_mails SET sent_at = NULL, next_attempt_at = now()"))
    message = build_message(claim_mails(1)[0], app.config["SETTINGS"])
    assert message["Reply-To"] == f"{ann.name} <{ann.email}>, {INBOX}"
    before = db.session.scalar(select(func.count()).select_from(Activity))
    db.session.commit()
    for headers in (
        {"Message-ID": message["Message-ID"]},
        {"X-Piper-CRM": message["X-Piper-CRM"]},
        {"From": INBOX, "Message-ID": "<by-address@x>"},
    ):
        email = receive(write(f"{headers}", **headers))
        assert (email.state, email.reason) == (PlacingState.IGNORED, "It was sent from here and came back.")
    assert db.session.scalar(select(func.count()).select_from(Activity)) == before
    other = app.config["SETTINGS"].model_copy(update={"secret_key": "x" * 40})
    assert message["X-Piper-CRM"] not in other.own_marks, "another installation's emails are no loop"
    assert mail.thread_token


@pytest.mark.usefixtures("in_app")
def test_a_newsletter_of_nobody_known_is_ignored(session: Session) -> None:
    email = receive(write(From="news@shop.example", List_Id="<news.shop.example>"))
    assert (email.state, email.kind) == (PlacingState.IGNORED, EmailKind.AUTOMATIC)


@pytest.mark.usefixtures("in_app")
def test_a_bounce_marks_what_was_sent(session: Session, browser_as: BrowserAs, ann: Employee, lead: Lead) -> None:
    browser = browser_as(ann)
    mail = send_from(browser, lead)
    receive(bounce(f"<piper-{mail.thread_token}@piper.example>", action="delayed"))
    db.session.refresh(mail)
    assert mail.state is MailState.SENT
    email = receive(bounce(f"<piper-{mail.thread_token}@piper.example>").replace(b"bounce-1", b"bounce-2"))
    assert (email.kind, email.reason) == (EmailKind.BOUNCE, "The email to zoe@acme.example could not be delivered.")
    db.session.refresh(mail)
    assert (mail.state, mail.error) == (MailState.BOUNCED, "550 5.1.1 User unknown")
    page = browser.get("leads.show_lead", lead_id=lead.id)
    assert "Bounced · zoe@acme.example · 550 5.1.1 User unknown" in " ".join(page.text.split())


@pytest.mark.usefixtures("in_app")
def test_a_bounce_of_an_email_to_an_employee_needs_its_recipient(session: Session, ann: Employee) -> None:
    mail = OutgoingMail(employee_id=ann.id, recipient=ann.email, subject="x", body="", sent_at=func.now())
    db.session.add(mail)
    db.session.commit()
    for recipient, state in (("x@y.example", MailState.SENT), (ann.email, MailState.BOUNCED)):
        receive(bounce(f"<piper-{mail.id}@piper.example>", recipient=recipient))
        db.session.refresh(mail)
        assert mail.state is state


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize("days", [-20_000, -40, 40, 30_000])
def test_a_date_that_cannot_be_is_that_of_receiving(session: Session, lead: Lead, days: int) -> None:
    email = receive(write(Date=f"{now() + timedelta(days=days):%a, %d %b %Y %H:%M:%S +0000}"))
    assert email.activity is not None
    assert abs(email.activity.happened_at - now()) < timedelta(hours=1)


@pytest.mark.usefixtures("in_app")
def test_what_does_not_fit_stays_reachable(session: Session, lead: Lead) -> None:
    whole = "word " * 20_000
    email = receive(write(whole))
    assert email.activity is not None
    assert (email.activity.body or "").endswith("[The rest is in the file “Whole email.txt”.]")
    file = db.session.scalars(select(File)).one()
    assert b"".join(read_content(file.id, file.size)).decode().split() == whole.split()


@pytest.mark.usefixtures("in_app")
def test_what_waits_is_kept_with_its_files(session: Session) -> None:
    message = write(From="new@elsewhere.example")
    message.add_attachment(b"x" * 3_000_000, maintype="a", subtype="b", filename="a.bin")
    email = receive(message)
    attachment = db.session.scalars(select(IncomingAttachment).where(IncomingAttachment.email_id == email.id)).one()
    pieces = db.session.scalars(select(func.length(IncomingAttachmentChunk.content))).all()
    assert (attachment.size, sum(pieces), len(pieces)) == (3_000_000, 3_000_000, 3)


@pytest.mark.usefixtures("in_app")
def test_nothing_in_an_email_that_is_hostile_is_more_than_text(
    session: Session, browser_as: BrowserAs, ann: Employee, lead: Lead
) -> None:
    message = raw(
        'From: "<script>alert(1)</script>" <zoe@acme.example>',
        f"To: {INBOX}",
        "Subject: <img src=x onerror=alert(1)> =?utf-8?q?=00=0d=0aBcc:_all?=",
        "Content-Type: text/html",
        "",
        "<p onclick=alert(1)>Hi</p><script>alert(2)</script>[link](javascript:alert(3)) # no heading <iframe src=x>",
    )
    receive(message)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    assert "<script>alert" not in page.body
    assert "<img src=x" not in page.body
    assert "javascript:" not in "".join(str(link) for link in page.soup.select("a[href]"))
