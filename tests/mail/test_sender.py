"""The worker sends emails over SMTP, each once, to a real server."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_web.core.config import Settings
from crm_web.core.extensions import db
from crm_web.mail import operations
from crm_web.mail.operations import PendingMail, claim_mails, delete_expired_mails, write_mail, write_mail_of_activity
from crm_web.mail.sender import MailSender, build_message
from crm_web.models import Employee, MailState, OutgoingMail
from tests.factories import make_activity, make_lead
from tests.mail.server import Mailbox, knows, make_certificate, serve
from tests.page import Browser


@pytest.fixture
def in_app(app: Flask, session: Session) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def sender(app: Flask, in_app: None, mailbox: Mailbox) -> Iterator[MailSender]:
    with serve(mailbox) as port:
        yield MailSender(set_up(app, smtp_port=port))


def set_up(app: Flask, **settings: Any) -> Settings:
    known: Settings = app.config["SETTINGS"]
    server = {"smtp_host": "127.0.0.1", "smtp_security": "none", "mail_from": "Piper CRM <crm@piper.example>"}
    return known.model_copy(update=server | settings)


def write(*employees: Employee) -> None:
    for employee in employees:
        write_mail(employee, subject="Grüße", body="Hello,\nこんにちは\n")
    db.session.commit()


def waiting() -> list[OutgoingMail]:
    db.session.expire_all()
    unsent = select(OutgoingMail).where(OutgoingMail.sent_at.is_(None))
    return list(db.session.scalars(unsent.order_by(OutgoingMail.id)))


def make_due() -> None:
    db.session.execute(text("UPDATE outgoing_mails SET next_attempt_at = now() - interval '1 second'"))
    db.session.commit()


def test_an_email_arrives_once_and_is_forgotten(
    sender: MailSender, mailbox: Mailbox, ann: Employee, bob: Employee
) -> None:
    write(ann, bob)
    assert sender.run() is False
    assert sender.run() is False
    assert [message["To"] for message in mailbox.messages] == [ann.email, bob.email]
    message = mailbox.messages[0]
    assert (message["From"], message["Subject"]) == ("Piper CRM <crm@piper.example>", "Grüße")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@piper.example>")
    assert message.get_content().splitlines() == ["Hello,", "こんにちは"]
    assert waiting() == []
    sent = db.session.scalars(select(OutgoingMail)).all()
    assert [(mail.state, mail.body) for mail in sent] == [(MailState.SENT, "")] * 2
    # By this alone the release before knows what is due.
    due = select(OutgoingMail).where(OutgoingMail.next_attempt_at < func.now() + operations.KEPT_FOR)
    assert db.session.scalars(due).all() == []


def test_what_one_worker_sends_no_other_takes(in_app: None, ann: Employee) -> None:
    write(ann)
    assert len(claim_mails(10)) == 1
    assert claim_mails(10) == []


def test_a_killed_workers_email_is_sent_after_its_lease(sender: MailSender, mailbox: Mailbox, ann: Employee) -> None:
    write(ann)
    claim_mails(10)
    make_due()
    sender.run()
    assert len(mailbox.messages) == 1


def test_a_refused_address_fails_for_good_without_its_text_and_holds_up_nobody(
    sender: MailSender, mailbox: Mailbox, ann: Employee, bob: Employee
) -> None:
    mailbox.refusals[ann.email] = "550 No such user"
    write(ann, bob)
    sender.run()
    assert [message["To"] for message in mailbox.messages] == [bob.email]
    (failed,) = waiting()
    assert (failed.error, failed.body) == ("550 No such user", "")
    assert failed.failed_at is not None


@pytest.mark.parametrize("answer", ["451 Try again later", "421 Too busy"])
def test_a_busy_server_is_asked_again_later(sender: MailSender, mailbox: Mailbox, ann: Employee, answer: str) -> None:
    mailbox.answer = answer
    write(ann)
    sender.run()
    (mail,) = waiting()
    assert (mail.attempts, mail.failed_at) == (1, None)
    assert claim_mails(10) == []
    mailbox.answer = "250 OK"
    make_due()
    sender.run()
    assert (len(mailbox.messages), waiting()) == (1, [])


def test_a_server_that_is_away_is_given_up_after_hours(sender: MailSender, ann: Employee) -> None:
    away = MailSender(sender.settings.model_copy(update={"smtp_port": 9}))
    write(ann)
    for _ in range(len(operations.PAUSES) + 1):
        assert waiting()[0].failed_at is None
        make_due()
        away.run()
    (mail,) = waiting()
    assert mail.failed_at is not None
    assert "refused" in (mail.error or "")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_speaks_tls_and_signs_in_and_trusts_no_unknown_server(
    app: Flask, in_app: None, ann: Employee, security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, mailbox = make_certificate(tmp_path), Mailbox()
    with_tls: dict[str, Any] = {"tls_context": context, "require_starttls": True, "auth_required": True}
    if security == "tls":
        with_tls = {"ssl_context": context, "auth_require_tls": False}
    with serve(mailbox, authenticator=knows(b"right"), **with_tls) as port:
        server = {"smtp_port": port, "smtp_security": security, "smtp_user": "crm"}
        write(ann)
        MailSender(set_up(app, **server, smtp_password="right")).run()
        assert "CERTIFICATE_VERIFY_FAILED" in (waiting()[0].error or "")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        make_due()
        MailSender(set_up(app, **server, smtp_password="wrong")).run()
        assert (waiting()[0].error or "").startswith("535"), "the password may be mended: it is tried again"
        make_due()
        MailSender(set_up(app, **server, smtp_password="right")).run()
    assert (len(mailbox.messages), waiting()) == (1, [])


def test_without_a_mail_server_emails_become_files_for_their_owner_only(
    app: Flask, in_app: None, session: Session, ann: Employee, tmp_path: Path
) -> None:
    activity = make_activity(session, kind="email", lead_id=make_lead(session).id, subject="Grüße", body="Hello\n")
    mail = write_mail_of_activity(activity, "zoe@acme.example", by=ann)
    db.session.commit()
    sender = MailSender(set_up(app, smtp_host="", mail_from="", var_folder=tmp_path))
    sender.run()
    assert waiting() != [], "it can be canceled for a while"
    make_due()
    sender.run()
    file = tmp_path / "mail" / f"{mail.id}.eml"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (message["To"], message["Subject"]) == ("zoe@acme.example", "Grüße")
    assert message["Reply-To"] == f"{ann.name} <{ann.email}>"
    db.session.expire_all()
    assert (mail.state, mail.body) == (MailState.SAVED, "")
    db.session.execute(text("UPDATE outgoing_mails SET sent_at = now() - interval '31 days'"))
    delete_expired_mails()
    assert db.session.scalars(select(OutgoingMail)).all() == [mail], "its activity shows what became of it"


def test_nothing_injects_headers_or_recipients(app: Flask) -> None:
    settings = set_up(app)
    mail = PendingMail(
        7, 1, "zoe@acme.example", "Hi\r\nBcc: all@acme.example", "Text", "Ann", "ann@piper.example", "abc"
    )
    message = build_message(mail, settings)
    assert (message["Bcc"], message["Subject"]) == (None, "Hi Bcc: all@acme.example")
    commas = replace(mail, recipient="a@b.example,c@d.example", sender_name="Ann, <x@y.example>")
    message = build_message(commas, settings)
    assert len(message["To"].addresses) == len(message["From"].addresses) == 1
    assert message["From"].addresses[0].addr_spec == "crm@piper.example"
    for name in ("recipient", "sender_name", "sender_email"):
        injected: Any = {name: "a@b.example\r\nBcc: c@d.example"}
        with pytest.raises(ValueError):
            build_message(replace(mail, **injected), settings)


def test_admins_see_the_outbox_and_try_again_what_failed(
    sender: MailSender, mailbox: Mailbox, browser_as: Callable[[Employee], Browser], session: Session, ada: Employee
) -> None:
    activity = make_activity(session, kind="email", lead_id=make_lead(session).id, subject="Offer", body="Hello")
    write_mail_of_activity(activity, "zoe@acme.example", by=ada)
    mailbox.refusals["zoe@acme.example"] = "550 No such user"
    make_due()
    sender.run()
    browser = browser_as(ada)
    page = browser.get("emails.show_outbox")
    assert [(row["To"], row["Status"], row["Reason"]) for row in page.table] == [
        ("zoe@acme.example", "Failed", "550 No such user")
    ]
    assert "No mail server" in page.text
    mailbox.refusals.clear()
    mail_id = waiting()[0].id
    assert "will be sent again" in browser.post("emails.retry", mail_id=mail_id).follow().flash
    sender.run()
    assert [message.get_content() for message in mailbox.messages] == ["Hello\r\n"]
    assert [row["Status"] for row in browser.get("emails.show_outbox").table] == ["Sent"]
    assert "can’t be sent again" in browser.post("emails.retry", mail_id=mail_id).follow().flash
