"""A bucket that can't be reached, or was forgotten in the settings: what needs it says so, the rest goes on."""

import io
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_web.core.config import ConfigurationError, load_settings
from crm_web.files.storage import bucket
from crm_web.models import Employee, File, FileChunk, FileObject
from tests.api.client import Program
from tests.factories import make_file, make_lead, make_token
from tests.operation.launch import find_free_port
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
ACCOUNT = {"s3_bucket": "piper-files", "s3_access_key_id": "a", "s3_secret_access_key": "b"}
WORDS = "The file store can’t be reached. Try again in a few minutes."


@pytest.fixture(autouse=True)
def away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    place = {"s3_endpoint": f"http://127.0.0.1:{find_free_port()}", "files_store": "s3"}
    settings = app.config["SETTINGS"].model_copy(update=ACCOUNT | place)
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    monkeypatch.setattr(bucket._Pause, "until", 0.0)
    yield
    bucket._Pause.until = 0.0


def make_stored_file(session: Session) -> File:
    """A file of which only the bucket has what it holds."""
    file = make_file(session, make_lead(session))
    session.query(FileChunk).delete()
    session.add(FileObject(key=UUID(int=1), file_id=file.id, sha256=b"", expires_at=func.now()))
    session.commit()
    return file


def test_the_form_says_it_and_nothing_is_added(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id)
    browser = browser_as(ann)
    page = browser.post("files.add_to_lead", {"files": [(io.BytesIO(b"a"), "a.txt")]}, lead_id=lead.id)
    assert (page.status, page.errors["files"]) == (503, WORDS)
    assert session.scalars(select(File)).all() == []
    assert browser.get("leads.show_lead", lead_id=lead.id).status == 200
    assert browser.open("/readyz").status == 200


def test_the_store_is_left_alone_for_seconds(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    file = make_stored_file(session)
    browser = browser_as(ann)
    assert browser.get("files.save_file", file_id=file.id).status == 503
    until = bucket._Pause.until
    assert browser.get("files.save_file", file_id=file.id).status == 503
    assert bucket._Pause.until == until > 0


def test_a_download_says_it(app: Flask, browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    file = make_stored_file(session)
    page = browser_as(ann).get("files.save_file", file_id=file.id)
    assert (page.status, page.h1) == (503, "File not available")
    assert WORDS in page.text
    answer = Program(app, make_token(session, ann)).get(f"/files/{file.id}/content")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert (answer.get_json()["detail"], answer.headers["Retry-After"]) == (WORDS, "5")


def test_the_api_says_it_and_adds_nothing(app: Flask, session: Session, ann: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id)
    form: dict[str, Any] = {"data": {"file": (io.BytesIO(b"a"), "a.txt")}, "content_type": "multipart/form-data"}
    answer = Program(app, make_token(session, ann)).send("POST", f"/leads/{lead.id}/files", **form)
    assert (answer.status_code, answer.get_json()["detail"]) == (503, WORDS)
    assert session.scalars(select(File)).all() == []


def test_settings_without_the_bucket_are_logged(
    app: Flask,
    browser_as: BrowserAs,
    session: Session,
    ann: Employee,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = app.config["SETTINGS"].model_copy(update={"s3_bucket": "", "files_store": "database"})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    assert browser_as(ann).get("files.save_file", file_id=make_stored_file(session).id).status == 503
    assert "S3_BUCKET is not set" in caplog.text
    result = app.test_cli_runner().invoke(args=["files", "move", "--to", "database"])
    assert "Set S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY first." in result.stderr


def test_settings_are_checked_at_the_start() -> None:
    own = {"DATABASE_URL": "postgresql://piper@db/crm", "SECRET_KEY": "x" * 32}
    account = {name.upper(): value for name, value in ACCOUNT.items()}
    for given, words in (
        ({"FILES_STORE": "s3"}, "needs S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY"),
        ({"S3_BUCKET": "piper-files"}, "needs S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY"),
        ({"FILES_STORE": "disk"}, "must be database or s3"),
        (account | {"S3_BUCKET": "Piper_Files"}, "S3_BUCKET ('Piper_Files') must be a bucket's name"),
        (account | {"S3_ENDPOINT": "s3.example.com"}, "must be an address like https://s3.example.com"),
    ):
        with pytest.raises(ConfigurationError, match=words.replace("(", r"\(").replace(")", r"\)")) as refusal:
            load_settings(own | given)
        assert "'b'" not in refusal.value.message
    assert load_settings(own | account).files_store == "database"
    assert load_settings(own | account | {"FILES_STORE": "s3"}).s3_region == "us-east-1"
