"""What a program finds."""

import pytest
from sqlalchemy.orm import Session

from crm_web.api.search import views
from crm_web.models import Employee
from crm_web.search.queries import SearchTooSlow
from tests.api.conftest import ProgramOf
from tests.factories import make_customer, make_lead


def test_finds_by_words(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="Nordlys", company="Polar")
    customer = make_customer(session, name="Nordlys AS")
    program = program_of(ann)
    answer = program.get("/search?q=nordlys").get_json()
    assert {(hit["kind"], hit["id"]) for hit in answer["items"]} == {("lead", lead.id), ("customer", customer.id)}
    assert answer["is_all"]
    only = program.get("/search?q=nordlys&kind=lead").get_json()["items"]
    assert only == [
        {"kind": "lead", "id": lead.id, "name": "Nordlys", "detail": "Polar", "url": f"/api/v1/leads/{lead.id}"}
    ]
    assert program.get(only[0]["url"]).get_json()["name"] == "Nordlys"
    one = program.get("/search?q=nordlys&limit=1").get_json()
    assert (len(one["items"]), one["is_all"]) == (1, False)


def test_finds_colleagues(ann: Employee, bob: Employee, program_of: ProgramOf) -> None:
    hit = program_of(ann).get("/search?q=bob").get_json()["items"][0]
    assert (hit["kind"], hit["url"]) == ("employee", f"/api/v1/employees/{bob.id}")


def test_finds_nothing(ann: Employee, program_of: ProgramOf) -> None:
    assert program_of(ann).get("/search?q=...").get_json() == {"items": [], "is_all": True}


@pytest.mark.parametrize("query", ["", "q=", "q=a&kind=task", "q=a&limit=51", "q=a&limit=0", "q=%00", "q=a&at=b"])
def test_searches_in_no_way_that_there_is(ann: Employee, program_of: ProgramOf, query: str) -> None:
    assert program_of(ann).get(f"/search?{query}").status_code == 422


def test_searches_for_too_long(ann: Employee, program_of: ProgramOf, monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: object, **__: object) -> None:
        raise SearchTooSlow

    monkeypatch.setattr(views, "search_everything", give_up)
    answer = program_of(ann).get("/search?q=a")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
