"""Files in a bucket, with a real store: added, saved, deleted, moved there and back."""

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.files import operations
from crm_web.files.storage import bucket, moving
from crm_web.files.storage.operations import delete_expired_objects
from crm_web.models import FILE_CHUNK, Employee, File, FileChunk, FileObject, Lead
from tests.api.client import Program
from tests.factories import make_file, make_lead, make_token
from tests.files.store import Store, running_store
from tests.page import Browser, words

pytestmark = pytest.mark.slow
BrowserAs = Callable[[Employee], Browser]
LARGE = bytes(range(251)) * (2 * bucket.PART // 251 + 7)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30


@pytest.fixture(scope="module")
def running() -> Iterator[Store]:
    with running_store() as running:
        yield running


@pytest.fixture
def store(running: Store, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store that new files go to."""
    for path in running.list_objects():
        running.bucket.delete(path)
    set_settings(app, monkeypatch, **running.settings)
    monkeypatch.setattr(bucket._Pause, "until", 0.0)
    return running


def set_settings(app: Flask, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update=settings))


def upload(*files: tuple[bytes, str], **fields: Any) -> dict[str, Any]:
    return {"files": [(io.BytesIO(content), name) for content, name in files], **fields}


def path_of(session: Session, file: File) -> str:
    return f"files/{session.scalars(select(FileObject.key).where(FileObject.file_id == file.id)).one()}"


def expire_unused(session: Session) -> None:
    session.execute(
        update(FileObject).where(FileObject.file_id.is_(None)).values(expires_at=func.now() - text("'1s'::interval"))
    )
    session.commit()


def work(app: Flask) -> None:
    """Let the worker delete all that is unused."""
    with app.app_context():
        while delete_expired_objects():
            db.session.commit()
        db.session.commit()


def test_files_go_into_the_bucket_and_come_back(
    app: Flask, store: Store, browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    with app.app_context():
        received = operations.receive_files([(io.BytesIO(LARGE), "Large.bin")])
        operations.add_files(db.session.get_one(Lead, lead.id), received, by=db.session.get_one(Employee, ann.id))
        db.session.commit()
    data = upload((PNG, "a.png"), (b"", "empty.txt"))
    page = browser_as(ann).post("files.add_to_lead", data, lead_id=lead.id).follow()
    assert "2 files added." in page.flash
    assert [words(it) for it in page.soup.select("#files .subject")] == ["empty.txt", "a.png", "Large.bin"]
    assert sorted(store.list_objects().values()) == [0, len(PNG), len(LARGE)]
    assert session.scalar(select(func.count()).select_from(FileChunk)) == 0
    browser = browser_as(vera)
    for file, content in zip(session.scalars(select(File).order_by(File.id)), (LARGE, PNG, b""), strict=True):
        answer = browser.get("files.save_file", file_id=file.id).response
        assert (answer.data, answer.headers["Content-Length"]) == (content, str(len(content)))
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    shown = browser.get(
        "files.show_file", file_id=session.scalars(select(File.id).where(File.media_type == "image/png")).one()
    )
    assert (shown.response.data, shown.response.content_type) == (PNG, "image/png")


def test_the_api_does_the_same(app: Flask, store: Store, session: Session, ann: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id)
    program = Program(app, make_token(session, ann))
    form: dict[str, Any] = {"content_type": "multipart/form-data", "headers": {"Idempotency-Key": "a"}}
    first, again = (
        program.send("POST", f"/leads/{lead.id}/files", data={"file": (io.BytesIO(b"Text"), "a.bin")}, **form)
        for _ in range(2)
    )
    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert program.get(f"/files/{first.get_json()['id']}/content").data == b"Text"
    # What came twice is an object that belongs to no file.
    assert len(store.list_objects()) == 2
    expire_unused(session)
    work(app)
    assert list(store.list_objects()) == [path_of(session, session.scalars(select(File)).one())]


def test_what_was_not_added_is_deleted_after_a_day(
    app: Flask, store: Store, browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    browser = browser_as(ann)
    browser.post("leads.trash_lead", lead_id=lead.id)
    page = browser.post("files.add_to_lead", upload((b"a", "a.txt")), lead_id=lead.id)
    assert (page.status, "Restore it first." in page.text) == (422, True)
    assert session.scalars(select(File)).all() == []
    work(app)
    assert len(store.list_objects()) == 1
    hours = func.extract("epoch", FileObject.expires_at - func.now()) / 3600
    assert 23 < session.scalars(select(hours)).one() <= 24
    expire_unused(session)
    work(app)
    assert store.list_objects() == {}
    assert session.scalars(select(FileObject)).all() == []


def test_whatever_deletes_a_file_deletes_its_object(
    app: Flask, store: Store, browser_as: BrowserAs, session: Session, ada: Employee
) -> None:
    lead = make_lead(session, owner_id=None)
    browser = browser_as(ada)
    browser.post("files.add_to_lead", upload((b"a", "a.txt"), (b"b", "b.txt")), lead_id=lead.id)
    work(app)
    assert len(store.list_objects()) == 2
    session.execute(text("DELETE FROM files WHERE name = 'b.txt'"))
    session.commit()
    # One that nobody has put there by now is no obstacle.
    gone = FileObject(key=UUID(int=1), expires_at=func.now() - text("'1s'::interval"))
    session.add(gone)
    session.commit()
    expire_unused(session)
    work(app)
    assert list(store.list_objects()) == [path_of(session, session.scalars(select(File)).one())]


def test_an_object_that_was_deleted_meanwhile_is_no_file(
    app: Flask, store: Store, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    with app.app_context():
        received = operations.receive_files([(io.BytesIO(b"a"), "a.txt")])
        expire_unused(session)
        work(app)
        with pytest.raises(bucket.FilesUnreachable):
            operations.add_files(db.session.get_one(Lead, lead.id), received, by=db.session.get_one(Employee, ann.id))


def test_what_is_not_what_was_put_there_is_not_sent(
    store: Store, browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    browser = browser_as(ann)
    browser.post("files.add_to_lead", upload((b"right", "a.txt")), lead_id=lead.id)
    file = session.scalars(select(File)).one()
    path = path_of(session, file)
    store.bucket.put(path, b"wrong")
    page = browser.get("files.save_file", file_id=file.id)
    assert (page.status, page.h1) == (503, "File not available")
    store.bucket.delete(path)
    assert browser.get("files.save_file", file_id=file.id).status == 503


def test_files_move_there_and_back_while_both_are_read(
    app: Flask, store: Store, browser_as: BrowserAs, session: Session, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "AT_A_TIME", 2)
    lead = make_lead(session, owner_id=ann.id)
    files = [make_file(session, lead, content) for content in (b"one", b"", b"three")]
    large = make_file(session, lead, LARGE[:FILE_CHUNK], size=len(LARGE))
    for number in range(1, len(LARGE) // FILE_CHUNK + 1):
        piece = LARGE[number * FILE_CHUNK : (number + 1) * FILE_CHUNK]
        session.add(FileChunk(file_id=large.id, number=number, content=piece))
    session.commit()
    browser = browser_as(ann)

    def read_all() -> list[bytes]:
        return [browser.get("files.save_file", file_id=it.id).response.data for it in (*files, large)]

    def run(to: str) -> tuple[str, str]:
        runner = app.test_cli_runner()
        moved = runner.invoke(args=["files", "move", "--to", to])
        return moved.stdout or moved.stderr, runner.invoke(args=["files", "count"]).stdout

    contents = [b"one", b"", b"three", LARGE]
    versions = session.scalars(select(File.version)).all()
    assert run("s3") == ("4 files moved.\n", "database 0, s3 4\n")
    assert session.scalar(select(func.count()).select_from(FileChunk)) == 0
    assert sorted(store.list_objects().values()) == [0, 3, 5, len(LARGE)]
    assert read_all() == contents
    assert run("s3") == ("0 files moved.\n", "database 0, s3 4\n")
    assert "FILES_STORE=database" in run("database")[0]
    set_settings(app, monkeypatch, files_store="database")
    assert run("database") == ("4 files moved.\n", "database 4, s3 0\n")
    assert read_all() == contents
    work(app)
    # Somebody may be reading them yet.
    assert len(store.list_objects()) == 4
    expire_unused(session)
    work(app)
    assert store.list_objects() == {}
    assert session.scalars(select(File.version)).all() == versions


def test_a_move_that_breaks_off_leaves_files_where_they_are(
    app: Flask, store: Store, session: Session, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    first, second = (make_file(session, lead, content) for content in (b"first", b"second"))
    download = bucket.download_piece

    def garble(key: UUID, start: int, end: int, size: int) -> bytes:
        piece = download(key, start, end, size)
        return b"broken" if piece == b"second" else piece

    with monkeypatch.context() as patch:
        patch.setattr(moving, "download_piece", garble)
        result = app.test_cli_runner().invoke(args=["files", "move", "--to", "s3"])
    assert result.exit_code == 1
    assert "The file store can’t be reached." in result.stderr
    in_bucket = select(FileObject.file_id).where(FileObject.file_id.is_not(None))
    assert session.scalars(in_bucket).all() == [first.id]
    assert session.scalars(select(FileChunk.file_id)).all() == [second.id]
    assert app.test_cli_runner().invoke(args=["files", "move", "--to", "s3"]).stdout == "1 files moved.\n"
    assert session.scalars(select(FileChunk)).all() == []
    sha256 = session.scalars(select(FileObject.sha256).where(FileObject.file_id == second.id)).one()
    assert sha256 == hashlib.sha256(b"second").digest()


def test_a_download_goes_on_when_its_file_is_moved(app: Flask, store: Store, session: Session, ann: Employee) -> None:
    file = make_file(session, make_lead(session, owner_id=ann.id), LARGE[:FILE_CHUNK], size=FILE_CHUNK + 5)
    session.add(FileChunk(file_id=file.id, number=1, content=b"after"))
    session.commit()
    with app.app_context():
        from crm_web.files.storage.queries import read_content

        pieces = read_content(file.id, file.size)
        assert next(pieces) == LARGE[:FILE_CHUNK]
        db.session.rollback()
        assert moving.move_to_bucket(file.id, file.size)
        db.session.commit()
        assert list(pieces) == [b"after"]
        pieces = read_content(file.id, file.size)
        next(pieces)
        assert moving.move_to_database(file.id, file.size)
        db.session.commit()
        assert list(pieces) == [b"after"]


def test_a_wrong_secret_is_said_to_the_operator(
    app: Flask,
    store: Store,
    browser_as: BrowserAs,
    session: Session,
    ann: Employee,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    set_settings(app, monkeypatch, s3_secret_access_key="another")
    lead = make_lead(session, owner_id=ann.id)
    page = browser_as(ann).post("files.add_to_lead", upload((b"a", "a.txt")), lead_id=lead.id)
    assert (page.status, page.errors["files"]) == (503, "The file store can’t be reached. Try again in a few minutes.")
    assert "403 Forbidden" in caplog.text
