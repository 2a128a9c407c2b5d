"""Files on leads, customers and activities: added, listed, saved, shown, removed and restored."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_web.core import clock
from crm_web.core.extensions import db
from crm_web.files import operations
from crm_web.files.sending import send_content
from crm_web.files.storage import operations as storage
from crm_web.files.storage import queries as contents
from crm_web.files.types import clean_name, find_media_type
from crm_web.merging.operations import merge_records, undo_merge
from crm_web.models import Activity, Change, Customer, Employee, File, FileChunk, Lead, RecordKind
from tests.factories import make_activity, make_customer, make_file, make_lead
from tests.page import Browser, words

BrowserAs = Callable[[Employee], Browser]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30
PDF = b"%PDF-1.7\n"


def upload(*files: tuple[bytes, str], **fields: Any) -> dict[str, Any]:
    return {"files": [(io.BytesIO(content), name) for content, name in files], **fields}


def read(browser: Browser, file: File, endpoint: str = "files.save_file") -> Any:
    return browser.get(endpoint, file_id=file.id).response


def test_several_are_added_at_once_and_saved_again(
    browser_as: BrowserAs, session: Session, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (storage, contents):
        monkeypatch.setattr(module, "FILE_CHUNK", 1000)
    large = bytes(range(200)) * 10 + b"end"
    for record, endpoint in (
        (make_lead(session, owner_id=ann.id), "files.add_to_lead"),
        (make_customer(session, owner_id=ann.id), "files.add_to_customer"),
    ):
        browser = browser_as(ann)
        key = {"lead_id" if isinstance(record, Lead) else "customer_id": record.id}
        data = upload((large, "Large ünï.bin"), (PNG, "a.png"), (b"", "empty.txt"))
        page = browser.post(endpoint, data, **key).follow()
        assert "3 files added." in page.flash
        assert [words(it) for it in page.soup.select("#files .subject")] == ["empty.txt", "a.png", "Large ünï.bin"]
        first = session.scalars(select(File).where(File.name == "Large ünï.bin").order_by(File.id.desc())).first()
        assert first is not None
        answer = read(browser, first)
        assert answer.data == large
        assert answer.headers["Content-Length"] == str(len(large))
        disposition = "attachment; filename=\"Large _n_.bin\"; filename*=UTF-8''Large%20%C3%BCn%C3%AF.bin"
        assert answer.headers["Content-Disposition"] == disposition
        pieces = select(FileChunk.number).where(FileChunk.file_id == first.id)
        assert len(session.scalars(pieces).all()) == 3


def test_nothing_in_a_file_runs(browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = b"<script>alert(1)</script>"
    data = upload(
        (page, "a.html"), (b"<svg onload='a()'/>", "b.png"), (PNG, "c.html"), (PDF, "d.pdf"), (b"GIF8", "e.gif")
    )
    browser_as(ann).post("files.add_to_lead", data, lead_id=lead.id)
    files = session.scalars(select(File).order_by(File.id)).all()
    assert [it.media_type for it in files] == [None, None, "image/png", "application/pdf", None]
    browser = browser_as(vera)
    for file in files:
        answer = read(browser, file)
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    shown = [read(browser, file, "files.show_file") for file in files]
    assert [it.status_code for it in shown] == [404, 404, 200, 200, 404]
    assert [it.content_type for it in shown[2:4]] == ["image/png", "application/pdf"]
    assert "sandbox" in shown[2].headers["Content-Security-Policy"]
    assert "default-src 'none'" in shown[3].headers["Content-Security-Policy"]


def test_names_lose_folders_and_what_is_not_seen() -> None:
    for typed, kept in (
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\a.pdf", "a.pdf"),
        ("exe\u202efdp.js\x00\r\n", "exefdp.js"),
        (" . ", "file"),
        ("é".encode().decode() + "x" * 400 + ".pdf", "é" + "x" * 295 + ".pdf"),
        ("東京 “offer”; a=b.pdf", "東京 “offer”; a=b.pdf"),
    ):
        assert clean_name(typed) == kept
    assert find_media_type(b"RIFF0000WEBPVP8 ") == "image/webp"


def test_what_is_too_large_is_refused_beside_the_field(
    app: Flask, browser_as: BrowserAs, session: Session, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.config["SETTINGS"].model_copy(update={"max_file_mb": 1})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    lead = make_lead(session, owner_id=ann.id)
    browser = browser_as(ann)
    monkeypatch.setattr(operations, "MEGABYTE", 100)
    page = browser.post("files.add_to_lead", upload((b"a", "small.txt"), (b"x" * 101, "big.txt")), lead_id=lead.id)
    assert (page.status, page.errors["files"]) == (422, "big.txt is too large. The limit is 1 MB for each file.")
    page = browser.post("files.add_to_lead", upload(), lead_id=lead.id)
    assert (page.status, page.errors["files"]) == (422, "Choose a file.")
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 2048)
    page = browser.post("files.add_to_lead", upload((b"x" * 2048, "fits.txt")), lead_id=lead.id)
    assert page.status == 413
    assert "The limit is 2 KB in all." in page.text
    assert session.scalars(select(File)).all() == []


def test_a_slow_reader_holds_no_connection(app: Flask, session: Session, ann: Employee) -> None:
    file = make_file(session, make_lead(session, owner_id=ann.id), content=PNG)
    with app.test_request_context():
        pieces = iter(send_content(file, "image/png", "inline").response)
        assert next(pieces) == PNG
        assert not db.session().in_transaction()
        assert list(pieces) == []


def test_sent_twice_it_is_added_once(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id)
    browser = browser_as(ann)
    key = browser.get("files.new_on_lead", lead_id=lead.id).one("[name=submission]")["value"]
    for _ in range(2):
        page = browser.post("files.add_to_lead", upload((b"a", "a.txt"), submission=key), lead_id=lead.id)
        assert "a.txt added." in page.follow().flash
    assert len(session.scalars(select(File)).all()) == 1


def test_who_may_change_the_record_adds_and_removes(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, vera: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    file = make_file(session, lead)
    for stranger in (bob, vera):
        browser = browser_as(stranger)
        assert browser.post("files.add_to_lead", upload((b"a", "a.txt")), lead_id=lead.id).status == 403
        assert browser.get("files.new_on_lead", lead_id=lead.id).status == 403
        assert browser.post("files.remove_file", file_id=file.id).status == 403
        assert browser.post("files.restore_file", file_id=file.id).status == 403
        assert read(browser, file).data == b"Text"


def test_what_is_removed_can_be_restored_until_it_expires(
    app: Flask, browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    file = make_file(session, lead, name="Offer.pdf")
    browser = browser_as(ann)
    page = browser.get("leads.show_lead", lead_id=lead.id).button("Remove Offer.pdf").follow()
    assert "Offer.pdf removed." in page.flash
    assert read(browser, file).status_code == 404
    assert "Offer.pdf restored." in page.button("Undo").follow().flash
    assert read(browser, file).data == b"Text"
    changes = session.scalars(select(Change).where(Change.entity == "file").order_by(Change.id)).all()
    assert [change.actor_id for change in changes[1:]] == [ann.id, ann.id]
    history = browser.get("history.list_changes", kind="file").text
    assert "moved to trash" in history and "Offer.pdf" in history
    browser.post("files.remove_file", file_id=file.id)
    for days, is_left in ((29, True), (31, False)):
        session.execute(text("UPDATE files SET deleted_at = :at"), {"at": clock.now() - timedelta(days=days)})
        session.commit()
        with app.app_context():
            operations.delete_expired_files()
            db.session.commit()
        assert (session.scalar(select(func.count()).select_from(FileChunk)) == 1) is is_left
    assert browser.post("files.restore_file", file_id=file.id).status == 404


def test_the_trash_keeps_them_as_they_are(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, owner_id=ann.id)
    file = make_file(session, lead)
    browser = browser_as(ann)
    browser.post("leads.trash_lead", lead_id=lead.id)
    page = browser.post("files.add_to_lead", upload((b"a", "a.txt")), lead_id=lead.id)
    assert (page.status, "Restore it first." in page.text) == (422, True)
    assert "in the trash" in browser.post("files.remove_file", file_id=file.id).follow().flash
    assert read(browser, file).data == b"Text"


def test_purging_deletes_them(browser_as: BrowserAs, session: Session, ada: Employee) -> None:
    customer = make_customer(session, by=ada, deleted_at=clock.now(), deleted_by_id=ada.id)
    make_file(session, customer)
    browser = browser_as(ada)
    form = browser.open(f"/trash/customer/{customer.id}/purge").form("purge")
    assert form.submit(confirmed="1").status == 303
    assert session.scalar(select(func.count()).select_from(FileChunk)) == 0
    assert session.scalar(select(Customer.id)) is None


def test_an_activity_has_files_which_its_record_lists(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, vera: Employee
) -> None:
    customer = make_customer(session)
    lead = make_lead(session, owner_id=ann.id, last_name="Okoro", customer_id=customer.id)
    call = make_activity(session, by=bob, kind="call", subject="Asked for an offer", lead_id=lead.id)
    page = browser_as(bob).post("files.add_to_activity", upload((PNG, "a.png"), (b"b", "b.txt")), activity_id=call.id)
    page = page.follow()
    assert "2 files added." in page.flash
    assert [words(it) for it in page.soup.select(".timeline a[download]")] == ["b.txt", "a.png"]
    assert "Call: Asked for an offer" in words(page.one("#files"))
    page = browser_as(vera).get("customers.show_customer", customer_id=customer.id)
    assert "on lead Okoro" in words(page.one("#files"))
    assert len(page.soup.select(".timeline a[download]")) == 2
    file = session.scalars(select(File)).first()
    assert file is not None
    for stranger in (ann, vera):
        browser = browser_as(stranger)
        assert browser.post("files.add_to_activity", upload((b"a", "a.txt")), activity_id=call.id).status == 403
        assert browser.post("files.remove_file", file_id=file.id).status == 403
    history = browser_as(ann).get("history.list_changes", kind="file").text
    assert "Asked for an offer" in history


def test_what_is_removed_with_an_activity_comes_back_with_it(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    note = make_activity(session, by=ann, subject="Visit", lead_id=lead.id)
    kept, removed = make_file(session, note, name="kept.txt"), make_file(session, note, name="removed.txt")
    browser = browser_as(ann)
    browser.post("files.remove_file", file_id=removed.id)
    page = browser.get("leads.show_lead", lead_id=lead.id).button("Remove Visit").follow()
    assert page.soup.select("#files .subject") == []
    assert read(browser, kept).status_code == 404
    page = page.button("Undo").follow()
    assert [words(it) for it in page.soup.select("#files .subject, .timeline a[download]")] == ["kept.txt"] * 2
    session.expire_all()
    assert removed.is_in_trash


def test_they_move_with_their_activity(app: Flask, session: Session, ada: Employee, ann: Employee) -> None:
    kept, other = make_lead(session, owner_id=ann.id), make_lead(session, owner_id=ann.id)
    make_file(session, make_activity(session, lead_id=other.id))
    with app.app_context():
        by = db.session.get_one(Employee, ada.id)
        merge = merge_records(RecordKind.LEAD, [kept.id, other.id], keep=kept.id, by=by)
        activity = db.session.scalars(select(Activity)).one()
        operations.add_files(activity, operations.receive_files([(io.BytesIO(b"new"), "new.txt")]), by=by)
        assert list(db.session.scalars(select(File.lead_id))) == [kept.id] * 2
        assert undo_merge(merge, by=by).left == []
        assert list(db.session.scalars(select(File.lead_id))) == [other.id] * 2
        assert set(db.session.scalars(select(File.activity_id))) == {activity.id}
