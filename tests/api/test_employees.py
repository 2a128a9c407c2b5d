"""What a program does with employees."""

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.api.conftest import ProgramOf
from tests.factories import make_lead

NEW = {"name": "Mei Tanaka", "email": "mei@tanaka.example", "role": "sales"}


def test_an_administrator_adds_changes_and_deactivates_somebody(
    session: Session, ada: Employee, ann: Employee, program_of: ProgramOf
) -> None:
    program = program_of(ada)
    added = program.post("/employees", NEW | {"password": "three words here", "time_zone": "Asia/Tokyo"})
    assert added.status_code == 201
    assert "password" not in added.get_data(as_text=True)
    mei = added.get_json()
    place = f"/employees/{mei['id']}"
    changed = program.patch(place, {"job_title": "Buyer"}, match=mei["version"])
    assert (changed.get_json()["job_title"], changed.get_json()["role"]) == ("Buyer", "sales")
    make_lead(session, last_name="A", owner_id=mei["id"])
    assert program.post(f"{place}/deactivate").status_code == 409
    left = program.post(f"{place}/deactivate", {"hand_over_to": ann.id})
    assert left.get_json()["is_active"] is False
    assert program.post(f"{place}/reactivate").get_json()["is_active"] is True


def test_two_people_with_one_address(ada: Employee, program_of: ProgramOf) -> None:
    assert program_of(ada).post("/employees", NEW).status_code == 201
    again = program_of(ada).post("/employees", NEW | {"email": "MEI@tanaka.example"})
    assert (again.status_code, again.get_json()["errors"][0]["field"]) == (409, "email")


def test_the_last_administrator_stays(ada: Employee, program_of: ProgramOf) -> None:
    assert program_of(ada).patch(f"/employees/{ada.id}", {"role": "sales"}, match=ada.version).status_code == 409


@pytest.mark.parametrize("wrong", [{"manager_id": 99_999}, {"time_zone": "Mars"}, {"locale": "xx"}, {"role": "boss"}])
def test_what_there_is_not(ada: Employee, program_of: ProgramOf, wrong: dict[str, object]) -> None:
    assert program_of(ada).post("/employees", NEW | wrong).status_code in (409, 422)


def test_only_administrators_keep_employees(ann: Employee, max: Employee, program_of: ProgramOf) -> None:
    assert program_of(max).post("/employees", NEW).status_code == 403
    assert program_of(ann).post(f"/employees/{max.id}/deactivate").status_code == 403
    everyone = program_of(ann).get("/employees?fields=name,is_active").get_json()
    assert everyone["count"] == 5
    assert {"name": "Ann Keller", "is_active": True} in everyone["items"]
