"""Whole lists, one record a line."""

import json

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.api.conftest import ProgramOf
from tests.factories import make_customer, make_lead


def test_a_line_is_what_is_read_alone(session: Session, ann: Employee, program_of: ProgramOf) -> None:
    lead = make_lead(session, last_name="A\nB", amount="12.50", currency="EUR", owner_id=ann.id, source="Fair")
    make_lead(session, last_name="Other")
    customer = make_customer(session, name="Acme", billing_country="DE")
    program = program_of(ann)
    for path, record_id in (("leads", lead.id), ("customers", customer.id)):
        answer = program.get(f"/{path}/export?owner=me" if path == "leads" else f"/{path}/export")
        assert answer.mimetype == "application/x-ndjson"
        lines = answer.get_data(as_text=True).splitlines()
        assert [json.loads(line) for line in lines] == [program.get(f"/{path}/{record_id}").get_json()]


def test_exports_in_the_order_and_with_the_fields_asked_for(
    session: Session, ann: Employee, program_of: ProgramOf
) -> None:
    for name in "BAC":
        make_lead(session, last_name=name)
    answer = program_of(ann).get("/leads/export?sort=-name&fields=name")
    assert answer.get_data(as_text=True) == '{"name":"C"}\n{"name":"B"}\n{"name":"A"}\n'


@pytest.mark.parametrize("query", ["limit=5", "at=a", "what=ever", "fields=password", "status=gone", "sort=age"])
@pytest.mark.parametrize("path", ["leads", "customers"])
def test_exports_what_there_is_not(ann: Employee, program_of: ProgramOf, path: str, query: str) -> None:
    assert program_of(ann).get(f"/{path}/export?{query}").status_code == 422


def test_exports_nothing(ann: Employee, program_of: ProgramOf) -> None:
    answer = program_of(ann).get("/leads/export")
    assert (answer.status_code, answer.get_data()) == (200, b"")
