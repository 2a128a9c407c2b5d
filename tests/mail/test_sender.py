"""The worker sends emails over SMTP, each once, to a real server."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.core.config import Settings
from crm_web.core.extensions import db
from crm_web.mail import operations
from crm_web.mail.operations import claim_mails, write_mail
from crm_web.mail.sender import MailSender
from crm_web.models import Employee, OutgoingMail
from tests.operation.launch import find_free_port


class Mailbox:
    """A mail server's side: what it took, and what it answers.

    :param refusals: recipients to the answers that refuse them
    """

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refusals: dict[str, str] = {}
        self.answer = "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            self.messages.append(message_from_bytes(envelope.content or b"", policy=policy.default))  # type: ignore[arg-type]
        return self.answer


@pytest.fixture
def in_app(app: Flask, session: Session) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def sender(app: Flask, in_app: None, mailbox: Mailbox) -> Iterator[MailSender]:
    port = find_free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    settings: Settings = app.config["SETTINGS"]
    server = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
    yield MailSender(settings.model_copy(update=server | {"mail_from": "Piper CRM <crm@piper.example>"}))
    controller.stop()


def write(*employees: Employee) -> None:
    for employee in employees:
        write_mail(employee, subject="Grüße", body="Hello,\nこんにちは\n")
    db.session.commit()


def waiting() -> list[OutgoingMail]:
    db.session.expire_all()
    return list(db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))


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
