"""What a program does with leads."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_web.models import Change, ChangeSource, Employee, Lead, Scope
from tests.api.client import Program
from tests.api.conftest import ProgramOf
from tests.factories import make_customer, make_lead


def test_enters_reads_changes_and_trashes_a_lead(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    program = program_of(ann)
    entered = program.post(
        "/leads", {"last_name": "Tanaka", "amount": "1234.50", "currency": "EUR", "phone": "+44 20 7946 0958"}
    )
    assert entered.status_code == 201
    lead = entered.get_json()
    assert (lead["name"], lead["amount"], lead["status"]) == ("Tanaka", "1234.50", "new")
    assert lead["phone_e164"] == "+442079460958"
    assert entered.headers["Location"] == f"/api/v1/leads/{lead['id']}"
    assert entered.headers["ETag"] == '"1"'
    changed = program.patch(f"/leads/{lead['id']}", {"company": "Tanaka KK", "amount": None}, match=1)
    assert changed.status_code == 200
    assert (changed.get_json()["company"], changed.get_json()["amount"]) == ("Tanaka KK", None)
    assert changed.get_json()["last_name"] == "Tanaka"
    assert program.delete(f"/leads/{lead['id']}", match=2).status_code == 204
    assert program.get(f"/leads/{lead['id']}").get_json()["deleted_at"].endswith("Z")
    assert program.post(f"/leads/{lead['id']}/restore").get_json()["deleted_at"] is None
    sources = session.scalars(
        select(Change.stored_source).where(Change.entity == "lead", Change.entity_id == lead["id"])
    ).all()
    assert set(sources) == {ChangeSource.API}
    assert len(sources) == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"last_name": "A", "unknown": 1}, "unknown"),
        ({"last_name": "A", "expected_close_on": 0}, "expected_close_on"),
        ({"last_name": "A", "amount": 12}, "amount"),
        ({"last_name": "A", "amount": "12"}, "currency"),
        ({"last_name": ""}, "last_name"),
        ({"last_name": "A\x00"}, "last_name"),
        ({"first_name": "A"}, "last_name"),
        ({"last_name": "A", "email": "nobody"}, "email"),
        ({"last_name": "A", "owner_id": True}, "owner_id"),
        ({"last_name": "A", "country": "de"}, "country"),
        ([], ""),
    ],
)
def test_says_which_field_is_wrong(ann: Employee, program_of: ProgramOf, body: Any, field: str) -> None:
    answer = program_of(ann).post("/leads", body)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert field in [error["field"] for error in answer.get_json()["errors"]]


def test_changes_nothing_that_is_not_sent(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    entered = program_of(ann).post("/leads", {"last_name": "A", "source": "Fair", "owner_id": ann.id}).get_json()
    changed = program_of(ann).patch(f"/leads/{entered['id']}", {"city": "Graz"}, match=1).get_json()
    different = {name for name in entered if entered[name] != changed[name]}
    assert different <= {"city", "version", "updated_at", "updated_by_id"}


def test_sends_anything_but_json(ann: Employee, program_of: ProgramOf) -> None:
    program = program_of(ann)
    assert program.send("POST", "/leads", data="last_name=A").status_code == 415
    assert program.send("POST", "/leads", data="{", content_type="application/json").status_code == 400


def test_changes_what_was_changed_meanwhile(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="A")
    program = program_of(ann)
    assert program.patch(f"/leads/{lead.id}", {"last_name": "B"}).status_code == 428
    assert program.patch(f"/leads/{lead.id}", {"last_name": "B"}, match=7).status_code == 412
    session.refresh(lead)
    assert lead.last_name == "A"


def test_sends_the_same_key_again(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    program = program_of(ann)
    key = {"Idempotency-Key": "one"}
    first = program.post("/leads", {"last_name": "Once"}, headers=key)
    again = program.post("/leads", {"last_name": "Once"}, headers=key)
    other = program.post("/leads", {"last_name": "Other"}, headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.get_data() == again.get_data()
    assert again.headers["Location"] == first.headers["Location"]
    assert session.scalar(select(func.count()).where(Lead.last_name.in_(["Once", "Other"]))) == 1


def test_lists_by_the_words_of_the_list(session: Session, ann: Employee, bob: Employee, program_of: ProgramOf) -> None:
    for number in range(5):
        make_lead(session, last_name=f"Mine {number}", owner_id=ann.id)
    make_lead(session, last_name="Theirs", owner_id=bob.id)
    program = program_of(ann)
    page = program.get("/leads?owner=me&sort=name&limit=2&fields=id,name")
    assert page.status_code == 200
    assert [lead["name"] for lead in page.get_json()["items"]] == ["Mine 0", "Mine 1"]
    assert page.get_json()["count"] == 5
    assert page.get_json()["items"][0].keys() == {"id", "name"}
    following = page.headers["Link"].partition("<")[2].partition(">")[0]
    rest = program.get(following.removeprefix("http://localhost"))
    assert [lead["name"] for lead in rest.get_json()["items"]] == ["Mine 2", "Mine 3"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=501",
        "limit=0",
        "status=gone",
        "what=ever",
        "sort=age",
        "fields=password",
        "kind=open&kind=won",
        "at=nowhere",
        "at=",
        "created_from=0",
        "created_from=20260331",
        "close_to=1492-01-01",
        "close=someday",
        "amount_from=1e3",
        "amount_to=-1",
        "currency=eur",
        "country=de",
        "industry=",
        "untouched=0",
        "no=luck",
        "reason=none",
        "reached=lost",
        "customer=0",
        "owner=everyone",
        "q=%00",
        "columns=name",
    ],
)
def test_asks_for_what_there_is_not(ann: Employee, program_of: ProgramOf, query: str) -> None:
    assert program_of(ann).get(f"/leads?{query}").status_code == 422


def test_wins_and_takes_it_back(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="A", company="Acme", owner_id=ann.id)
    program = program_of(ann)
    preview = program.get(f"/leads/{lead.id}/win").get_json()
    assert preview["would_create"]["name"] == "Acme"
    won = program.post(f"/leads/{lead.id}/status", {"status": "won"})
    assert won.status_code == 200
    assert won.get_json()["customer_id"]
    again = program.post(f"/leads/{lead.id}/status", {"status": "won"})
    assert again.get_json()["customer_id"] == won.get_json()["customer_id"]
    back = program.post(f"/leads/{lead.id}/win/undo")
    assert (back.get_json()["status"], back.get_json()["customer_id"]) == ("new", None)


def test_has_to_choose_between_likely_customers(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    customer = make_customer(session, name="Acme Ltd", email="x@acme.example")
    lead = make_lead(session, company="Acme", email="x@acme.example")
    program = program_of(ann)
    asked = program.post(f"/leads/{lead.id}/status", {"status": "won"})
    assert asked.status_code == 409
    assert [(found["id"], found["reasons"][0]) for found in asked.get_json()["likely"]] == [(customer.id, "same email")]
    linked = program.post(f"/leads/{lead.id}/status", {"status": "won", "customer_id": customer.id})
    assert linked.get_json()["customer_id"] == customer.id


def test_loses_without_a_reason(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="A")
    answer = program_of(ann).post(f"/leads/{lead.id}/status", {"status": "lost"})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "lost_reason"


def test_sends_a_reason_for_losing_with_another_status(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="A")
    program = program_of(ann)
    change = {"status": "contacted", "lost_reason": "price", "lost_note": "Too dear"}
    answer = program.post(f"/leads/{lead.id}/status", change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == ["lost_reason", "lost_note"]
    assert program.post(f"/leads/{lead.id}/status", change | {"status": "won"}).status_code == 422
    untold = {"status": "contacted", "lost_reason": None, "lost_note": None}
    assert program.post(f"/leads/{lead.id}/status", untold).status_code == 200


def test_may_not_do_more_than_its_employee(
    session: Session, ann: Employee, bob: Employee, vera: Employee, program_of: ProgramOf
) -> None:
    lead = make_lead(session, last_name="A", owner_id=bob.id)
    refused = program_of(ann).patch(f"/leads/{lead.id}", {"last_name": "B"}, match=1)
    assert refused.status_code == 403
    assert "Bob Tanaka" in refused.get_json()["detail"]
    assert program_of(vera).post("/leads", {"last_name": "A"}).status_code == 403
    assert program_of(ann, Scope.READ).post("/leads", {"last_name": "A"}).status_code == 403
    assert program_of(vera).get(f"/leads/{lead.id}").status_code == 200


def test_is_nobody(program_of: ProgramOf, session: Session, ann: Employee) -> None:
    program = program_of(ann)
    program.headers = {}
    assert program.get("/leads").status_code == 401
    program.headers = {"Authorization": "Bearer piper_wrong"}
    answer = program.get("/leads")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_uses_addresses_and_methods_that_are_not_there(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    assert program_of(ann).get("/nothing").status_code == 404
    wrong = program_of(ann).send("PUT", "/leads")
    assert wrong.status_code == 405
    assert "POST" in wrong.headers["Allow"]
    assert wrong.mimetype == "application/problem+json"


def test_asks_too_often(
    app: Any, session: Session, ann: Employee, program_of: ProgramOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "API_REQUESTS_A_MINUTE", 2)
    program = program_of(ann)
    first = program.get("/leads")
    assert "r=1" in first.headers["RateLimit"]
    assert program.get("/leads").status_code == 200
    refused = program.get("/leads")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 60


def test_shows_wrong_tokens_too_often(
    app: Any, session: Session, ann: Employee, program_of: ProgramOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_web.auth.tokens.operations.MOST_WRONG", 2)
    answers = [Program(app, f"piper_{number}").get("/leads") for number in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[1].headers["RateLimit-Policy"] == '"wrong-tokens";q=2;w=900'
    assert answers[1].headers["RateLimit"].startswith('"wrong-tokens";r=0;')
    assert 0 < int(answers[2].headers["Retry-After"]) <= 900
    assert "invalid tokens" in answers[2].get_json()["detail"]
    # Another program at the same address has done nothing wrong.
    assert program_of(ann).get("/leads").status_code == 200


def test_money_is_an_exact_text_wherever_it_is_told(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    """The same in the record and in history, whose rows the feed and webhooks tell by the same schema."""
    program = program_of(ann)
    lead = make_lead(session, ann, amount=Decimal("12500.50"), currency="EUR", owner_id=ann.id)
    assert program.get(f"/leads/{lead.id}").get_json()["amount"] == "12500.50"
    [told] = program.get(f"/history?record=lead&id={lead.id}").get_json()["items"]
    assert told["fields"]["amount"] == [None, "12500.50"]
    for typed in ("12.500", "1,000", "12500.505", "€5", "１２"):
        assert program.patch(f"/leads/{lead.id}", {"amount": typed}, match=1).status_code == 422, typed
