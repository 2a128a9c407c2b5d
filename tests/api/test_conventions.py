"""What every endpoint does alike: versions, methods, bodies that can't be read, refusals, and secrets."""

import logging
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.api.customers import schemas as customers
from crm_web.api.leads import schemas as leads
from crm_web.customers.spec import CUSTOMERS
from crm_web.leads.spec import LEADS
from crm_web.models import Employee, Scope
from tests.api.client import Program, check_documented
from tests.api.conftest import ProgramOf
from tests.factories import make_lead, make_token
from tests.page import Browser

JSON = "application/json"


def _send(program: Program, body: bytes | str) -> tuple[int, str]:
    answer = program.send("POST", "/leads", data=body, content_type=JSON)
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, answer.get_json()["detail"]


def test_what_is_known_already_is_not_sent_again(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="A")
    program = program_of(ann)
    first = program.get(f"/leads/{lead.id}")
    again = program.get(f"/leads/{lead.id}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    program.patch(f"/leads/{lead.id}", {"city": "Graz"}, match=1)
    assert program.get(f"/leads/{lead.id}", headers={"If-None-Match": '"1", W/"0"'}).status_code == 200


@pytest.mark.parametrize(
    ("match", "status"),
    [("*", 200), ('"1"', 200), ('"7", "1"', 200), ('W/"1"', 412), ('"2"', 412), ("1", 400), ("", 400), ('"a"', 400)],
)
def test_changes_from_the_version_that_was_seen(
    session: Session, ann: Employee, program_of: ProgramOf, match: str, status: int
) -> None:
    lead = make_lead(session, last_name="A")
    program = program_of(ann)
    answer = program.send("PATCH", f"/leads/{lead.id}", json={"city": "Graz"}, headers={"If-Match": match})
    assert answer.status_code == status


def test_head_is_get_without_its_body(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="A")
    program = program_of(ann)
    for path in (f"/leads/{lead.id}", "/leads"):
        full, bare = program.get(path), program.send("HEAD", path)
        assert (bare.status_code, bare.data) == (200, b"")
        for name in ("ETag", "Content-Type", "Content-Length", "Link"):
            assert bare.headers.get(name) == full.headers.get(name)


def test_anybody_may_ask_which_methods_there_are(app: Flask) -> None:
    answer = Program(app, None).send("OPTIONS", "/leads")
    assert answer.status_code == 200
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("method", ["PUT", "TRACE", "DELETE"])
def test_a_method_that_there_is_not_names_the_others(ann: Employee, program_of: ProgramOf, method: str) -> None:
    answer = program_of(ann).send(method, "/leads")
    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_a_number_too_long_for_any_record_is_not_there(ann: Employee, program_of: ProgramOf) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        assert program_of(ann).send(method, f"/leads/{'9' * 30}", headers={"If-Match": "*"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"last_name": "\xff"}', 400),
        (b'{"last_name": "\\ud800"}', 400),
        (b"[" * 100_000, 400),
        (b'{"last_name":' * 50_000, 400),
        (b'{"last_name": "A", "last_name": "B"}', 400),
        (b'{"last_name": "A", "probability": NaN}', 422),
        (b'{"last_name": "A", "probability": 1e999}', 422),
        (b'{"last_name": "A", "owner_id": ' + b"9" * 4000 + b"}", 422),
        (b'{"last_name": "A", "amount": "1e9"}', 422),
        (b'{"last_name": "A", "expected_close_on": "2026-02-30"}', 422),
        (b'{"last_name": "A", "expected_close_on": "2026-03-31T00:00:00"}', 422),
        (b"null", 422),
        (b'"text"', 422),
    ],
)
def test_what_nobody_can_mean(ann: Employee, program_of: ProgramOf, body: bytes, status: int) -> None:
    assert _send(program_of(ann), body)[0] == status


def test_a_body_over_the_limit(ann: Employee, program_of: ProgramOf) -> None:
    body = b'{"last_name": "A", "description": "' + b"x" * (4 * 1024 * 1024) + b'"}'
    assert _send(program_of(ann), body)[0] == 413


def test_a_whole_number_with_a_point_is_whole(ann: Employee, program_of: ProgramOf) -> None:
    answer = program_of(ann).post("/leads", {"last_name": "A", "probability": 50.0})
    assert answer.get_json()["probability"] == 50


def test_empties_the_last_name_that_a_lead_has(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="A")
    answer = program_of(ann).patch(f"/leads/{lead.id}", {"last_name": None}, match=1)
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (409, "last_name")


@pytest.mark.parametrize("sent", [{"status": "contacted", "customer_id": 1}, {"status": "lost", "create": True}])
def test_a_customer_belongs_to_won(
    session: Session, ann: Employee, program_of: ProgramOf, sent: dict[str, object]
) -> None:
    lead = make_lead(session, last_name="A")
    assert program_of(ann).post(f"/leads/{lead.id}/status", sent).status_code == 422


def test_says_in_its_own_words_what_is_to_be_done(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="A")
    told = program_of(ann).patch(f"/leads/{lead.id}", {"city": "Graz"}).get_json()["detail"]
    assert told == "Send If-Match with the ETag of the version you read."


def test_a_browsers_session_needs_its_csrf_token(
    ann: Employee, app: Flask, browser_as: Callable[[Employee], Browser]
) -> None:
    browser = browser_as(ann)
    assert browser.client.get("/api/v1/leads").status_code == 200
    refused = browser.client.post("/api/v1/leads", json={"last_name": "A"})
    assert (refused.status_code, refused.mimetype) == (400, "application/problem+json")
    check_documented(app, "POST", "/api/v1/leads", refused)
    token = {"X-CSRFToken": browser._csrf_token()}
    assert browser.client.post("/api/v1/leads", json={"last_name": "A"}, headers=token).status_code == 201


def test_a_name_that_the_site_does_not_answer_to(
    app: Flask, ann: Employee, program_of: ProgramOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", ["crm.example"])
    answer = program_of(ann).get("/leads")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_what_only_the_database_sees_is_a_refusal(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    session.execute(text("ALTER TABLE leads ADD CONSTRAINT never_graz CHECK (city <> 'Graz')"))
    session.commit()
    answer = program_of(ann).post("/leads", {"last_name": "A", "city": "Graz"})
    assert answer.status_code == 422
    assert "never_graz" not in answer.get_data(as_text=True)


def test_every_answer_to_a_token_counts_down(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    program = program_of(ann)
    lead = make_lead(session, last_name="A")
    answers = [
        program.get("/leads"),
        program.get("/leads/999999"),
        program.get("/leads?limit=0"),
        program.patch(f"/leads/{lead.id}", {}),
        program.send("POST", "/leads", data="x"),
    ]
    left = [int(answer.headers["RateLimit"].partition("r=")[2].partition(";")[0]) for answer in answers]
    assert left == list(range(left[0], left[0] - len(left), -1))
    assert all(answer.headers["RateLimit-Policy"] for answer in answers)


def test_the_token_of_somebody_who_left_ends(
    app: Flask, session: Session, ada: Employee, bob: Employee, program_of: ProgramOf
) -> None:
    program = program_of(bob)
    assert program.get("/leads").status_code == 200
    assert program_of(ada).post(f"/employees/{bob.id}/deactivate").status_code == 200
    refused = program.get("/leads")
    assert (refused.status_code, refused.headers["WWW-Authenticate"].lower()) == (401, "bearer")


def test_a_token_that_only_reads(ann: Employee, program_of: ProgramOf) -> None:
    program = program_of(ann, Scope.READ)
    assert program.get("/leads").status_code == 200
    assert program.post("/leads", {"last_name": "A"}).status_code == 403


def test_secrets_are_never_repeated(
    app: Flask, session: Session, ada: Employee, caplog: pytest.LogCaptureFixture
) -> None:
    secret = make_token(session, ada)
    program = Program(app, secret)
    with caplog.at_level(logging.DEBUG):
        answers = [
            program.post("/employees", {"name": 1, "email": "x", "role": "boss", "password": "hunter22hunter"}),
            program.post("/employees", {"password": "hunter22hunter", "hunter22": "hunter22hunter"}),
            program.get(f"/leads?q={secret}&limit=0"),
            program.get("/leads", headers={"Authorization": f"Bearer {secret}x"}),
        ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 401]
    told = "".join(answer.text for answer in answers) + caplog.text + repr([vars(line) for line in caplog.records])
    assert secret not in told
    assert "hunter22hunter" not in told


def test_every_plain_column_is_sent_and_answered() -> None:
    for of_lead in (leads.LeadParts, leads.Lead):
        assert {column.key for column in LEADS.plain} <= set(of_lead.model_fields)
    for of_customer in (customers.CustomerParts, customers.Customer):
        assert {column.key for column in CUSTOMERS.plain} <= set(of_customer.model_fields)
