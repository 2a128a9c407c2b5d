"""The worker reads the mailbox of a real IMAP server, each email once, whatever is killed in between."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import func, select, text

from crm_web.core.extensions import db
from crm_web.emails.incoming import mailbox
from crm_web.emails.incoming.mailbox import MailboxReader
from crm_web.emails.incoming.operations import receive_email
from crm_web.models import Activity, IncomingEmail, MailboxCheck
from tests.databases import OwnDatabase
from tests.emails.incoming.dovecot import PASSWORD, USER, count_unread, needs_dovecot, put, serve
from tests.emails.incoming.messages import BOMBS, INBOX, write
from tests.factories import make_lead

pytestmark = [needs_dovecot, pytest.mark.slow]


@dataclass
class Mailbox:
    """The server and the database of a test."""

    port: int
    tls_port: int
    folder: Path
    own: OwnDatabase

    def reader(self, **settings: Any) -> MailboxReader:
        known = {"imap_host": "127.0.0.1", "imap_port": self.port, "imap_security": "none", "imap_user": USER}
        known |= {"imap_password": PASSWORD, "incoming_address": INBOX}
        return MailboxReader(self.own.app.config["SETTINGS"].model_copy(update=known | settings))

    def read(self, **settings: Any) -> bool:
        with self.own.app.app_context():
            return self.reader(**settings).run()

    def check(self) -> MailboxCheck:
        with self.own.session() as session:
            return session.get_one(MailboxCheck, 1)

    def count(self, model: Any = IncomingEmail) -> int:
        with self.own.session() as session:
            return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def inbox(own_database: OwnDatabase) -> Iterator[Mailbox]:
    with own_database.session() as session:
        make_lead(session, last_name="Okoro", email="zoe@acme.example")
    with tempfile.TemporaryDirectory(prefix="imap", ignore_cleanup_errors=True) as name, serve(Path(name)) as ports:
        yield Mailbox(*ports, Path(name), own_database)


def letter(number: int) -> bytes:
    return write(f"Hello {number}", Message_ID=f"<{number}@acme.example>").as_bytes()


def test_what_is_unread_is_read_once_and_marked(inbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    put(inbox.port, *(letter(number) for number in range(3)))
    monkeypatch.setattr(mailbox, "AT_ONCE", 2)
    assert inbox.read() is True
    assert inbox.read() is False
    assert (inbox.count(), inbox.count(Activity), count_unread(inbox.port)) == (3, 3, 0)
    assert inbox.read() is False
    assert inbox.count() == 3
    check = inbox.check()
    assert (check.error, check.failed_at, check.read_at is not None) == (None, None, True)


def test_what_a_killed_worker_had_kept_is_known_again(inbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    put(inbox.port, letter(1))
    with monkeypatch.context() as killed:

        def die(*_: Any) -> None:
            raise SystemExit

        killed.setattr(mailbox, "log_event", die)
        killed.setattr("imaplib.IMAP4.uid", _until_store(die))
        with pytest.raises(SystemExit):
            inbox.read()
    assert (inbox.count(Activity), count_unread(inbox.port)) == (1, 1)
    assert inbox.read() is False, "the lease of the killed one holds"
    assert count_unread(inbox.port) == 1
    with inbox.own.engine.begin() as connection:
        connection.execute(text("UPDATE mailbox_checks SET free_at = now()"))
    inbox.read()
    assert (inbox.count(Activity), count_unread(inbox.port)) == (1, 0)


def _until_store(die: Any) -> Any:
    from imaplib import IMAP4

    real = IMAP4.uid

    def uid(self: IMAP4, command: str, *args: str) -> Any:
        return die() if command == "STORE" else real(self, command, *args)

    return uid


def test_two_workers_read_each_email_once(inbox: Mailbox) -> None:
    put(inbox.port, *(letter(number) for number in range(10)))
    threads = [Thread(target=inbox.read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inbox.count(), inbox.count(Activity)) == (10, 10)


def test_hostile_emails_hold_nobody_up(inbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "LARGEST", 200_000)
    put(
        inbox.port, BOMBS["10,000 parts"], BOMBS["1,000 levels"], write("x" * 70 + "\n" + "word\n" * 100_000).as_bytes()
    )
    put(inbox.port, letter(1))
    inbox.read()
    assert (inbox.count(), count_unread(inbox.port)) == (4, 0)
    with inbox.own.session() as session:
        body = session.scalars(select(Activity.body).where(Activity.body.contains("Rest of the email"))).one()
    assert "Left out: Rest of the email." in (body or "")


def test_an_email_that_can_not_be_kept_waits_and_others_are_read(
    inbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(inbox.port, letter(1), letter(2))

    def receive(message: bytes, **options: Any) -> Any:
        return 1 / 0 if b"Hello 1" in message else receive_email(message, **options)

    with inbox.own.app.app_context():
        reader = inbox.reader()
        with monkeypatch.context() as broken:
            broken.setattr(mailbox, "receive_email", receive)
            reader.run()
            reader.run()
        assert (inbox.count(), count_unread(inbox.port)) == (1, 1)
    inbox.read()
    assert (inbox.count(), count_unread(inbox.port)) == (2, 0)


def test_it_connects_with_encryption(inbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(inbox.folder / "certificate.pem"))
    ways: list[dict[str, Any]] = [{"imap_security": "tls", "imap_port": inbox.tls_port}, {"imap_security": "starttls"}]
    for number, settings in enumerate(ways, 1):
        put(inbox.port, letter(number))
        inbox.read(**settings)
        assert (inbox.check().error, inbox.count()) == (None, number)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"imap_password": "wrong"}, "AUTHENTICATIONFAILED"),
        ({"imap_folder": 'No "such" folder'}, "Mailbox doesn't exist"),
        ({"imap_port": 1}, "Connection refused"),
        ({"imap_security": "starttls"}, "CERTIFICATE_VERIFY_FAILED"),
    ],
)
def test_why_it_can_not_be_read_is_told(inbox: Mailbox, settings: dict[str, Any], said: str) -> None:
    assert inbox.read(**settings) is False
    check = inbox.check()
    assert said in (check.error or "")
    assert (check.failed_at is not None, PASSWORD in (check.error or "")) == (True, False)
    inbox.read(**settings)
    assert inbox.check().failed_at == check.failed_at, "since when it fails stays"
    inbox.read()
    assert inbox.check().error is None


def test_a_server_that_falls_silent_is_given_up(inbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(mailbox, "TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        inbox.read(imap_port=silent.getsockname()[1])
    assert "timed out" in (inbox.check().error or "")


def test_without_the_database_an_email_stays_unread(inbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    put(inbox.port, letter(1))

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("server closed the connection"))

    with inbox.own.app.app_context():
        with monkeypatch.context() as broken:
            broken.setattr(mailbox, "receive_email", fail)
            with pytest.raises(OperationalError):
                inbox.reader().run()
        db.session.rollback()
    assert (inbox.count(), count_unread(inbox.port)) == (0, 1)
