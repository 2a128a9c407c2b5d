"""What a program does with customers and their contacts."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.api.conftest import ProgramOf
from tests.factories import make_contact, make_customer


def test_enters_changes_and_trashes_a_customer(ann: Employee, program_of: ProgramOf) -> None:
    program = program_of(ann)
    entered = program.post("/customers", {"name": "Tanaka KK", "billing_country": "JP", "phone": "+81 3 1234 5678"})
    assert entered.status_code == 201
    customer = entered.get_json()
    assert (customer["kind"], customer["status"], customer["phone_e164"]) == ("organisation", "active", "+81312345678")
    place = f"/customers/{customer['id']}"
    changed = program.patch(place, {"status": "inactive"}, match=1)
    assert (changed.get_json()["status"], changed.get_json()["name"]) == ("inactive", "Tanaka KK")
    assert program.delete(place, match=2).status_code == 204
    assert program.patch(place, {"status": "active"}, match=3).status_code == 409
    assert program.post(f"{place}/restore").get_json()["deleted_at"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "name"), ({"name": None}, "name"), ({"name": "A", "kind": "club"}, "kind"), ({"name": "  "}, "name")],
)
def test_says_what_is_wrong_with_a_customer(ann: Employee, program_of: ProgramOf, body: Any, field: str) -> None:
    answer = program_of(ann).post("/customers", body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == [field]


def test_names_a_parent_that_is_not_there(ann: Employee, program_of: ProgramOf) -> None:
    assert program_of(ann).post("/customers", {"name": "A", "parent_id": 999_999}).status_code == 409


def test_lists_customers_by_owner(session: Session, ann: Employee, bob: Employee, program_of: ProgramOf) -> None:
    make_customer(session, name="Mine", owner_id=ann.id)
    make_customer(session, name="Theirs", owner_id=bob.id)
    answer = program_of(ann).get("/customers?owner=me&fields=name")
    assert answer.get_json()["items"] == [{"name": "Mine"}]


def test_enters_changes_and_trashes_a_contact(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    customer = make_customer(session, name="Acme", owner_id=ann.id)
    program = program_of(ann)
    entered = program.post(f"/customers/{customer.id}/contacts", {"last_name": "Ito", "is_primary": True})
    assert entered.status_code == 201
    contact = entered.get_json()
    assert (contact["name"], contact["is_primary"]) == ("Ito", True)
    place = f"/contacts/{contact['id']}"
    assert program.patch(place, {"job_title": "Buyer"}, match=1).get_json()["job_title"] == "Buyer"
    assert program.get(f"/contacts?customer={customer.id}&fields=id").get_json()["items"] == [{"id": contact["id"]}]
    assert program.delete(place, match=2).status_code == 204
    assert program.post(f"{place}/restore").get_json()["is_primary"] is False


def test_enters_a_contact_that_nothing_names(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    customer = make_customer(session, name="Acme")
    answer = program_of(ann).post(f"/customers/{customer.id}/contacts", {"job_title": "Buyer"})
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "last_name")


def test_changes_a_contact_of_somebody_elses_customer(
    session: Session, ann: Employee, bob: Employee, program_of: ProgramOf
) -> None:
    contact = make_contact(session, make_customer(session, name="Acme", owner_id=bob.id), last_name="A")
    assert program_of(ann).patch(f"/contacts/{contact.id}", {"last_name": "B"}, match=1).status_code == 403
