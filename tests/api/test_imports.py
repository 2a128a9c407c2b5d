"""Programs import files by the same steps and rules as people, and undo imports."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.imports.stored.running import ImportRunner
from crm_web.models import Employee, Lead, Scope
from crm_web.worker.runner import Job, Worker
from tests.api.client import Program
from tests.api.conftest import ProgramOf
from tests.factories import make_lead
from tests.rows import count

FILE = b"Surname,Email,Stage\nTanaka,kenji@tanaka.example,New\nOkoro,no email,New\nLund,lund@looms.example,Hot\n"


def send(program: Program, content: bytes = FILE, *, key: str = "", **options: Any) -> Any:
    headers = {"Content-Type": "application/octet-stream"} | ({"Idempotency-Key": key} if key else {})
    return program.send("POST", "/imports", data=content, headers=headers, query_string=options)


def work(app: Flask) -> None:
    assert Worker(app, [Job("imports", ImportRunner().run, every=1)]).run_once() == []


def test_a_file_is_sent_set_checked_imported_and_cancelled(
    app: Flask, program_of: ProgramOf, session: Session, max: Employee
) -> None:
    known = make_lead(session, last_name="Lund", email="lund@looms.example")
    program = program_of(max)
    made = send(program, key="one", filename="people.csv")
    assert (made.status_code, made.get_json()["filename"], made.get_json()["state"]) == (201, "people.csv", "draft")
    again = send(program, key="one", filename="people.csv")
    assert again.get_json() == made.get_json() and again.headers["Idempotent-Replayed"] == "true"
    assert send(program, FILE + b"Berg,,New\n", key="one").status_code == 422
    path = f"/imports/{made.get_json()['id']}"
    assert made.headers["Location"].endswith(path)
    assert program.post(f"{path}/start").status_code == 409
    options = {"existing": "update", "statuses": {"Hot": "qualified"}, "columns": {"last_name": ["Surname"]}}
    assert program.patch(path, options).get_json()["needs"] is None
    refused = program.patch(path, {"owner_id": 10**9})
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "owner_id")
    assert program.post(f"{path}/check").get_json()["state"] == "checking"
    work(app)
    checked = program.get(path).get_json()
    assert checked["state"] == "checked"
    assert checked["counts"] == {"read": 3, "created": 1, "updated": 1, "filled": 0, "same": 0, "refused": 1}
    (row,) = program.get(f"{path}/rows").get_json()["items"]
    assert (row["line"], row["cells"]) == (3, ["Okoro", "no email", "New"]) and "no email" in row["reason"]
    assert count(session, Lead) == 1
    assert program.post(f"{path}/start").get_json()["state"] == "importing"
    assert program.post(f"{path}/start").status_code == 200
    work(app)
    done = program.get(path).get_json()
    assert (done["state"], done["counts"]["created"], done["imported_at"] is None) == ("imported", 1, False)
    session.expire_all()
    assert (count(session, Lead), known.status) == (2, "qualified")
    created = program.get(f"{path}/rows?outcome=created").get_json()["items"]
    assert [session.get_one(Lead, row["lead_id"]).last_name for row in created] == ["Tanaka"]
    assert [item["id"] for item in program.get("/imports").get_json()["items"]] == [done["id"]]
    assert program.post(f"{path}/cancel").status_code == program.patch(path, {"existing": "fill"}).status_code == 409
    other = send(program).get_json()["id"]
    assert program.post(f"/imports/{other}/cancel").status_code == 204
    assert program.get(f"/imports/{other}").status_code == 404
    assert program.post(f"{path}/undo").get_json()["state"] == "undoing"


@pytest.mark.parametrize("content", [b"", b"Last name\n", b"PK\x03\x04 no workbook"])
def test_what_is_no_file_of_rows_is_refused_with_the_reason(
    program_of: ProgramOf, max: Employee, content: bytes
) -> None:
    refused = send(program_of(max), content)
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "file")


def test_roles_and_scopes_are_those_of_the_pages(
    app: Flask, program_of: ProgramOf, max: Employee, ann: Employee, ada: Employee
) -> None:
    assert send(program_of(ann)).status_code == program_of(ann).get("/imports").status_code == 403
    assert send(program_of(max, Scope.READ)).status_code == 403
    path = f"/imports/{send(program_of(ada)).get_json()['id']}"
    refused = program_of(max).post(f"{path}/check")
    assert (refused.status_code, "Only they or an admin" in refused.get_json()["detail"]) == (403, True)
    assert program_of(max).get(path).status_code == 200
    app.config["MAX_CONTENT_LENGTH"], limit = 100, app.config["MAX_CONTENT_LENGTH"]
    try:
        assert send(program_of(max), FILE * 3).status_code == 413
    finally:
        app.config["MAX_CONTENT_LENGTH"] = limit


def test_related_files_and_words_are_sent_and_the_report_read(
    app: Flask, program_of: ProgramOf, session: Session, max: Employee, ann: Employee
) -> None:
    program = program_of(max)
    deals = send(program, b"Deal ID,Deal Name,Company ID,Amount,Currency,OwnerId\n1,A,9,5,Euros,005A\n").get_json()
    accounts = send(program, b"Company ID,Company Name,Revenue\n9,Quist,1\n", joins=deals["id"]).get_json()
    assert (deals["set_id"], accounts["set_id"], accounts["target"]) == (None, deals["id"], "customers")
    users = f"Id,Username,Email,Profile\n005A,ann,{ann.email},Sales\n".encode()
    assert send(program, users, joins=deals["id"]).get_json()["id"] == accounts["id"]
    assert send(program, users).get_json()["errors"][0]["message"].startswith("file: This is a list of users.")
    assert send(program, joins=10**9).status_code == 404
    path = f"/imports/{deals['id']}"
    assert program.patch(path, {"words": {"currency": {"Euros": "EURO"}}}).get_json()["errors"][0]["field"] == "words"
    assert program.patch(path, {"words": {"currency": {"Euros": "EUR"}}}).status_code == 200
    for step in ("check", "start"):
        program.post(f"{path}/{step}")
        work(app)
    lead = session.scalars(select(Lead)).one()
    assert (lead.currency, lead.company, lead.owner_id) == ("EUR", "Quist", ann.id)
    report = program.get(f"{path}/report")
    assert (report.mimetype, report.text.splitlines()[1][:12]) == ("text/csv", "2,created,,"[:11] + str(lead.id)[:1])
