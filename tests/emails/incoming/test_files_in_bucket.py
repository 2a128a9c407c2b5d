"""Attachments where files are kept in a bucket: an upload ends the transaction, and nothing is lost by that."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.emails.incoming.operations import receive_email
from crm_web.files.storage import bucket
from crm_web.files.storage.bucket import FilesUnreachable
from crm_web.files.storage.queries import read_content
from crm_web.models import Activity, Employee, File, FileChunk, IncomingEmail, Lead
from tests.emails.incoming.messages import write
from tests.factories import make_lead
from tests.files.store import running_store
from tests.operation.launch import find_free_port
from tests.page import Browser

pytestmark = pytest.mark.slow
BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def store(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with running_store() as running:
        known = app.config["SETTINGS"].model_copy(update=running.settings)
        monkeypatch.setitem(app.config, "SETTINGS", known)
        monkeypatch.setattr(bucket._Pause, "until", 0.0)
        yield


def message(sender: str, number: int) -> bytes:
    email = write(From=sender, Message_ID=f"<{number}@acme.example>")
    email.add_attachment(b"%PDF-" * 1000, maintype="application", subtype="pdf", filename="Order.pdf")
    return email.as_bytes()


def receive(app: Flask, sender: str, number: int) -> int:
    with app.app_context():
        email = receive_email(message(sender, number))
        db.session.commit()
        assert email is not None
        return email.id


@pytest.mark.usefixtures("store")
def test_emails_are_placed_with_their_files(app: Flask, session: Session, browser_as: BrowserAs, max: Employee) -> None:
    make_lead(session, last_name="Okoro", email="zoe@acme.example")
    other = make_lead(session, last_name="Other")
    browser = browser_as(max)
    receive(app, "zoe@acme.example", 1)
    by_hand = receive(app, "new@a.example", 2)
    browser.post("incoming_emails.place_email", {"record": f"lead-{other.id}"}, email_id=by_hand)
    browser.post("incoming_emails.make_lead", email_id=receive(app, "Nia New <nia@a.example>", 3))
    activities = session.scalars(select(Activity).order_by(Activity.id)).all()
    files = session.scalars(select(File).order_by(File.id)).all()
    assert [file.activity_id for file in files] == [activity.id for activity in activities]
    assert session.scalars(select(FileChunk)).all() == []
    assert session.scalars(select(Lead.last_name).where(Lead.email == "nia@a.example")).one() == "New"
    with app.app_context():
        assert {b"".join(read_content(file.id, file.size)) for file in files} == {b"%PDF-" * 1000}


def test_while_the_bucket_is_away_an_email_is_not_taken(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_lead(session, last_name="Okoro", email="zoe@acme.example")
    account = {"s3_bucket": "piper-files", "s3_access_key_id": "a", "s3_secret_access_key": "b", "files_store": "s3"}
    account["s3_endpoint"] = f"http://127.0.0.1:{find_free_port()}"
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update=account))
    monkeypatch.setattr(bucket._Pause, "until", 0.0)
    with app.app_context():
        with pytest.raises(FilesUnreachable):
            receive_email(message("zoe@acme.example", 1))
        db.session.rollback()
        bucket._Pause.until = 0.0
    assert session.scalars(select(IncomingEmail)).all() == []
