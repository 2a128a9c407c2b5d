"""Files in the API: uploaded, listed, downloaded, moved to trash and restored."""

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.files import operations
from crm_web.models import Employee, File, Scope
from tests.api.conftest import ProgramOf
from tests.factories import make_activity, make_customer, make_file, make_lead

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30


def form(content: bytes = b"Text", name: str = "Offer.txt", **others: Any) -> dict[str, Any]:
    return {"data": {"file": (io.BytesIO(content), name), **others}, "content_type": "multipart/form-data"}


def test_a_file_goes_in_and_comes_out(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead, customer = make_lead(session, owner_id=ann.id), make_customer(session, owner_id=ann.id)
    call = make_activity(session, by=ann, kind="call", lead_id=lead.id)
    program = program_of(ann)
    for path in (f"/leads/{lead.id}", f"/customers/{customer.id}", f"/activities/{call.id}"):
        made = program.send("POST", f"{path}/files", **form(PNG, "../b/Bild “ü”.png"))
        told = made.get_json()
        assert (made.status_code, told["name"], told["media_type"]) == (201, "Bild “ü”.png", "image/png")
        assert told["size"] == len(PNG)
        assert program.get(made.headers["Location"]).get_json() == told
    assert (told["lead_id"], told["activity_id"], told["created_by_id"]) == (lead.id, call.id, ann.id)
    answer = program.get(f"{made.headers['Location']}/content")
    assert (answer.data, answer.mimetype) == (PNG, "application/octet-stream")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    found = {query: program.get(f"/files?{query}").get_json()["items"] for query in ("limit=9", f"lead={lead.id}")}
    assert [len(items) for items in found.values()] == [3, 2]
    assert program.get(f"/files?activity={call.id}&fields=id").get_json()["items"] == [{"id": told["id"]}]


def test_a_key_makes_one_file(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, owner_id=ann.id)
    program, key = program_of(ann), {"Idempotency-Key": "a"}
    first, again = (program.send("POST", f"/leads/{lead.id}/files", headers=key, **form()) for _ in range(2))
    assert (first.get_json(), again.headers["Idempotent-Replayed"]) == (again.get_json(), "true")
    other = program.send("POST", f"/leads/{lead.id}/files", headers=key, **form(b"Other"))
    assert other.status_code == 422
    assert len(session.query(File).all()) == 1


def test_what_is_refused(
    app: Flask, session: Session, ann: Employee, bob: Employee, program_of: ProgramOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    path, program = f"/leads/{lead.id}/files", program_of(ann)
    monkeypatch.setattr(operations, "MEGABYTE", 1)
    too_large = program.send("POST", path, **form(b"x" * 26))
    assert (too_large.status_code, too_large.mimetype) == (413, "application/problem+json")
    assert too_large.get_json()["detail"] == "Offer.txt is too large. The limit is 25 MB for each file."
    with monkeypatch.context() as patch:
        patch.setitem(app.config, "MAX_CONTENT_LENGTH", 100)
        assert program.send("POST", path, **form(b"x" * 100)).status_code == 413
    nameless = {"data": {"file": "x"}, "content_type": "multipart/form-data"}
    for sent, status in ((form(note="x"), 422), (nameless, 422), ({"json": {}}, 415)):
        assert program.send("POST", path, **sent).status_code == status
    assert program_of(ann, Scope.READ).send("POST", path, **form()).status_code == 403
    assert program_of(bob).send("POST", path, **form()).status_code == 403
    assert session.query(File).all() == []


def test_the_trash_keeps_a_file(session: Session, ann: Employee, bob: Employee, program_of: ProgramOf) -> None:
    file = make_file(session, make_lead(session, owner_id=ann.id))
    path, program = f"/files/{file.id}", program_of(ann)
    assert program_of(bob).delete(path, match=1).status_code == 403
    assert [program.delete(path, match=version).status_code for version in (None, 2, 1)] == [428, 412, 204]
    assert program.get(path).get_json()["deleted_at"]
    assert program.get(f"{path}/content").status_code == 404
    assert program.get("/files").get_json()["items"] == []
    assert program.post(f"{path}/restore").get_json()["deleted_at"] is None
    assert program.get(f"{path}/content").data == b"Text"
