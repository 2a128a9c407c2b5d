"""`flask mail receive`: a mail server hands over one email, and tries again whenever that did not work."""

import asyncio
import os
import smtplib
import subprocess
import sys
from threading import Barrier, Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from sqlalchemy import func, select

from crm_web.core.config import ROOT
from crm_web.core.extensions import db
from crm_web.emails.incoming.operations import receive_email
from crm_web.models import Activity, IncomingEmail
from tests.databases import OwnDatabase
from tests.emails.incoming.messages import INBOX, write
from tests.factories import make_lead
from tests.operation.launch import find_free_port

NOWHERE = "postgresql://piper@127.0.0.1:1/piper?connect_timeout=2"


def environment(url: str, own: OwnDatabase) -> dict[str, str]:
    known = {"DATABASE_URL": url, "SECRET_KEY": own.app.config["SECRET_KEY"], "INCOMING_ADDRESS": INBOX}
    return {"PATH": os.environ["PATH"], "FLASK_APP": "wsgi", **known}


def receive(message: bytes, own: OwnDatabase, url: str | None = None) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "flask", "mail", "receive"]
    return subprocess.run(
        command, input=message, env=environment(url or own.url, own), cwd=ROOT, capture_output=True, timeout=120
    )


def count_activities(own: OwnDatabase) -> int:
    with own.session() as session:
        return session.scalar(select(func.count()).select_from(Activity)) or 0


def test_an_email_is_taken_once_and_tried_again_while_the_database_is_away(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        make_lead(session, last_name="Okoro", email="zoe@acme.example")
    message = write().as_bytes()
    away = receive(message, own_database, NOWHERE)
    assert away.returncode == os.EX_TEMPFAIL, away.stderr
    assert (b"Database: piper@127.0.0.1:1/piper" in away.stderr, b"Not received" in away.stderr) == (True, True)
    assert b"Traceback" not in away.stderr
    first = receive(message, own_database)
    assert (first.returncode, first.stdout) == (0, b"Placed. Its address is that of this record.\n"), first.stderr
    assert b"Database: " in first.stderr
    again = receive(message, own_database)
    assert (again.returncode, again.stdout) == (0, b"It was received before.\n")
    assert count_activities(own_database) == 1
    empty = receive(b"\n", own_database)
    assert (empty.returncode, empty.stdout) == (0, b"")


def test_an_email_of_50_mb_is_taken_with_its_beginning(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        make_lead(session, last_name="Okoro", email="zoe@acme.example")
    taken = receive(write("Hello").as_bytes() + b"x" * 60 + b"\n" + b"word " * 10_000_000, own_database)
    assert taken.returncode == 0, taken.stderr
    with own_database.session() as session:
        body = session.scalars(select(Activity.body)).one() or ""
    assert "Left out: Rest of the email. The limit is 40 MB for an email." in body
    assert "Hello" in body


def test_two_who_receive_the_same_email_at_the_same_time_add_it_once(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        make_lead(session, last_name="Okoro", email="zoe@acme.example")
    start, results = Barrier(4), list[bool]()

    def take() -> None:
        with own_database.app.app_context():
            start.wait()
            results.append(receive_email(write().as_bytes()) is not None)
            db.session.commit()
            db.session.remove()

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, False, True]
    assert count_activities(own_database) == 1


class Pipe:
    """A mail server's side: it hands each email to the command, and answers what that says."""

    def __init__(self, own: OwnDatabase) -> None:
        self.own = own
        self.url: str | None = NOWHERE

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        done = await asyncio.to_thread(receive, content, self.own, self.url)
        return {0: "250 OK", os.EX_TEMPFAIL: "451 Try again later"}.get(done.returncode, "554 Refused")


def test_a_mail_server_pipes_what_it_takes(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        make_lead(session, last_name="Okoro", email="zoe@acme.example")
    pipe, port = Pipe(own_database), find_free_port()
    controller = Controller(pipe, hostname="127.0.0.1", port=port, ready_timeout=30)
    controller.start()
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=120) as client:
            with pytest.raises(smtplib.SMTPDataError, match="451"):
                client.send_message(write())
            pipe.url = None
            client.send_message(write(), to_addrs=[INBOX])
    finally:
        controller.stop()
    with own_database.session() as session:
        email = session.scalars(select(IncomingEmail)).one()
        assert (email.sender_email, email.activity_id is not None) == ("zoe@acme.example", True)
