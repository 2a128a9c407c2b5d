"""Many actions in one request."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_web.api.docs.openapi import build_document
from crm_web.core.request_log import count_queries
from crm_web.models import Change, Customer, Employee, Lead, LeadSource, LeadStatus
from tests.api.conftest import ProgramOf
from tests.factories import make_customer, make_lead


def test_creates_changes_moves_and_trashes_in_one_request(
    session: Session, ann: Employee, program_of: ProgramOf
) -> None:
    changed, won, gone = (make_lead(session, last_name=name) for name in ("Change", "Win", "Go"))
    answer = program_of(ann).post(
        "/leads/batch",
        {
            "items": [
                {"do": "create", "lead": {"last_name": "New", "source": "Fair"}},
                {"do": "change", "id": changed.id, "version": 1, "lead": {"city": "Graz", "source": "fair"}},
                {"do": "move", "id": won.id, "change": {"status": "won"}},
                {"do": "trash", "id": gone.id, "version": 1},
            ]
        },
    )
    assert answer.status_code == 200, answer.get_json()
    results = answer.get_json()["results"]
    assert [result["status"] for result in results] == [201, 200, 200, 200]
    assert results[0]["lead"]["name"] == "New"
    assert (results[1]["lead"]["city"], results[1]["lead"]["source"]) == ("Graz", "Fair")
    assert results[1]["lead"]["version"] == 2
    assert results[2]["lead"]["customer_id"]
    assert results[3]["lead"]["deleted_at"]
    assert all(result["problem"] is None for result in results)


@pytest.mark.parametrize(
    ("item", "status", "field"),
    [
        ({"do": "create", "lead": {"first_name": "A"}}, 422, "items.1.lead.last_name"),
        ({"do": "create", "lead": {"last_name": "A", "email": "nobody"}}, 422, "items.1.lead.email"),
        ({"do": "create", "lead": {"last_name": "A", "owner_id": 99}}, 409, "items.1.lead.owner_id"),
        ({"do": "change", "id": 1, "version": 2, "lead": {}}, 409, "items.1"),
        ({"do": "change", "id": 1, "lead": {}}, 422, "items.1.version"),
        ({"do": "change", "id": 999, "version": 1, "lead": {}}, 409, "items.1"),
        ({"do": "move", "id": 1, "change": {"status": "lost"}}, 422, "items.1.change.lost_reason"),
        ({"do": "move", "id": 1, "change": {"status": "won", "customer_id": 99}}, 409, "items.1.change.customer_id"),
        ({"do": "fly", "id": 1}, 422, "items.1"),
        ({"id": 1}, 422, "items.1"),
        (7, 422, "items.1"),
    ],
)
def test_all_or_nothing(
    session: Session, ann: Employee, program_of: ProgramOf, item: Any, status: int, field: str
) -> None:
    lead = make_lead(session, last_name="Here")
    if isinstance(item, dict) and item.get("id") == 1:
        item = item | {"id": lead.id}
    first = {"do": "create", "lead": {"last_name": "First", "source": "Never seen"}}
    answer = program_of(ann).post("/leads/batch", {"mode": "all", "items": [first, item]})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert field in [error["field"] for error in answer.get_json()["errors"]]
    assert session.scalar(select(func.count()).select_from(Lead)) == 1
    assert not session.scalars(select(LeadSource).where(LeadSource.name == "Never seen")).all()


def test_each_by_itself(session: Session, ann: Employee, bob: Employee, program_of: ProgramOf) -> None:
    mine, his = make_lead(session, last_name="Mine"), make_lead(session, last_name="His", owner_id=bob.id)
    customer = make_customer(session, name="Acme Ltd", email="x@acme.example")
    likely = make_lead(session, company="Acme", email="x@acme.example")
    items = [
        {"do": "create", "lead": {"last_name": "New"}},
        {"do": "create", "lead": {"last_name": "New", "email": "nobody"}},
        {"do": "change", "id": his.id, "version": 1, "lead": {"city": "Graz"}},
        {"do": "change", "id": mine.id, "version": 7, "lead": {"city": "Graz"}},
        {"do": "move", "id": likely.id, "change": {"status": "won"}},
        {"do": "move", "id": mine.id, "change": {"status": "lost"}},
        {"do": "trash", "id": 999, "version": 1},
        {"do": "change", "id": mine.id, "version": 1, "lead": {"city": "Graz"}},
        {"do": "trash", "id": mine.id, "version": 2},
    ]
    answer = program_of(ann).post("/leads/batch", {"mode": "each", "items": items})
    assert answer.status_code == 200, answer.get_json()
    results = answer.get_json()["results"]
    assert [result["status"] for result in results] == [201, 422, 403, 412, 409, 422, 404, 200, 200]
    assert results[1]["problem"]["errors"][0]["field"] == "items.1.lead.email"
    assert "Bob Tanaka" in results[2]["problem"]["detail"]
    assert [found["id"] for found in results[4]["problem"]["likely"]] == [customer.id]
    assert results[5]["problem"]["errors"][0]["field"] == "items.5.change.lost_reason"
    session.expire_all()
    assert (mine.city, mine.is_in_trash, his.city, likely.status) == ("Graz", True, None, LeadStatus.NEW)
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_sends_a_batch_again(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    program = program_of(ann)
    body = {"items": [{"do": "create", "lead": {"last_name": "Once"}}] * 2}
    first, again = (program.post("/leads/batch", body, headers={"Idempotency-Key": "b"}) for _ in range(2))
    assert (first.status_code, again.get_data()) == (200, first.get_data())
    assert session.scalar(select(func.count()).select_from(Lead)) == 2
    assert session.scalar(select(func.count()).where(Change.entity == "lead")) == 2


@pytest.mark.parametrize("items", [[], [{"do": "trash", "id": 1, "version": 1}] * 1001])
def test_sends_nothing_or_too_much(ann: Employee, program_of: ProgramOf, items: list[Any]) -> None:
    assert program_of(ann).post("/leads/batch", {"items": items}).status_code == 422


def test_only_looks(vera: Employee, program_of: ProgramOf) -> None:
    item = {"do": "create", "lead": {"last_name": "A"}}
    assert program_of(vera).post("/leads/batch", {"items": [item]}).status_code == 403


def test_the_items_are_documented(app: Flask) -> None:
    schema = build_document(app)["components"]["schemas"]["LeadBatch"]["properties"]["items"]
    names = [one["$ref"].rpartition("/")[2] for one in schema["items"]["oneOf"]]
    assert names == ["LeadToCreate", "LeadToChange", "LeadToMove", "LeadToTrash"]
    assert schema["items"]["discriminator"]["propertyName"] == "do"


def test_wins_of_one_company_know_each_other(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    first, other, again = (
        make_lead(session, last_name=None, company=name) for name in ("Nordlys AS", "Acme", "Nordlys")
    )
    moves = [{"do": "move", "id": lead.id, "change": {"status": "won"}} for lead in (first, other, again)]
    results = program_of(ann).post("/leads/batch", {"mode": "each", "items": moves}).get_json()["results"]
    assert [result["status"] for result in results] == [200, 200, 409]
    made = results[0]["lead"]["customer_id"]
    assert [found["id"] for found in results[2]["problem"]["likely"]] == [made]
    assert session.scalar(select(func.count()).select_from(Customer)) == 2


def test_what_is_refused_among_many_leaves_the_others(
    session: Session, ann: Employee, bob: Employee, program_of: ProgramOf
) -> None:
    leads = [make_lead(session, last_name=f"Lead {n}", owner_id=bob.id if n in (0, 3) else ann.id) for n in range(6)]
    leads.append(make_lead(session, first_name="A" * 300, last_name="B" * 300))
    changes = [{"status": "won"} | ({"seen": "proposal"} if n == 4 else {}) for n in range(7)]
    moves = [{"do": "move", "id": lead.id, "change": change} for lead, change in zip(leads, changes, strict=True)]
    items = [*moves, {"do": "create", "lead": {"last_name": "New"}}, {"do": "trash", "id": leads[3].id, "version": 1}]
    results = program_of(ann).post("/leads/batch", {"mode": "each", "items": items}).get_json()["results"]
    assert [result["status"] for result in results] == [403, 200, 200, 403, 409, 200, 422, 201, 403]
    assert results[4]["problem"]["errors"][0]["field"] == "items.4.change.status"
    assert session.scalar(select(func.count()).select_from(Customer)) == 3
    won = session.scalars(select(Change).where(Change.entity == "lead", Change.action == "changed")).all()
    assert sorted(change.entity_id for change in won) == [leads[n].id for n in (1, 2, 5)]


def test_what_the_database_refuses_is_of_one_item(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    session.execute(text("ALTER TABLE leads ADD CONSTRAINT ck_no_graz CHECK (city <> 'Graz')"))
    items = [{"do": "create", "lead": {"last_name": "A", "city": city}} for city in ("Wien", "Graz", "Linz")]
    results = program_of(ann).post("/leads/batch", {"mode": "each", "items": items}).get_json()["results"]
    assert [result["status"] for result in results] == [201, 422, 201]
    assert "ck_no_graz" not in str(results[1])
    refused = program_of(ann).post("/leads/batch", {"items": items})
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "items.1")


def test_a_lead_comes_twice(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="Twice")
    items = [
        {"do": "change", "id": lead.id, "version": 1, "lead": {"city": "Graz"}},
        {"do": "change", "id": float(lead.id), "version": 2.0, "lead": {"city": "Wien"}},
        {"do": "move", "id": lead.id, "change": {"status": "won"}},
        {"do": "trash", "id": lead.id, "version": 4},
    ]
    results = program_of(ann).post("/leads/batch", {"items": items}).get_json()["results"]
    assert [(result["lead"]["version"], result["lead"]["city"]) for result in results] == [
        (2, "Graz"),
        (3, "Wien"),
        (4, "Wien"),
        (5, "Wien"),
    ]
    assert len({result["lead"]["status"] for result in results}) == 2


@pytest.mark.parametrize("mode", ["all", "each"])
def test_many_take_as_few_statements_as_some(session: Session, ann: Employee, program_of: ProgramOf, mode: str) -> None:
    program = program_of(ann)

    def count(number: int) -> int:
        leads = [make_lead(session, last_name=f"Lead {n}") for n in range(3 * number)]
        changed, won, gone = leads[:number], leads[number : 2 * number], leads[2 * number :]
        items = [
            *({"do": "create", "lead": {"last_name": "New", "source": "Fair", "owner_id": ann.id}},) * number,
            *({"do": "change", "id": lead.id, "version": 1, "lead": {"city": "Graz"}} for lead in changed),
            *({"do": "move", "id": lead.id, "change": {"status": "won", "create": True}} for lead in won),
            *({"do": "trash", "id": lead.id, "version": 1} for lead in gone),
        ]
        with count_queries() as queries:
            answer = program.post("/leads/batch", {"mode": mode, "items": items})
        assert {result["status"] for result in answer.get_json()["results"]} == {200, 201}
        return queries.count

    # The first request of a minute also notes that the token is used.
    assert count(2) >= count(12)
