"""The mapping from a lead to its customer: it says the same in Python and in SQL, and nothing else says it."""

from string import Template
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.core.config import ROOT
from crm_web.core.extensions import db
from crm_web.core.request_log import count_queries
from crm_web.models import CustomerKind, Employee, Lead, LeadStatus
from crm_web.winning.mapping import SQL, customer_from_lead, names_contact
from crm_web.winning.operations import change_status
from tests.factories import make_lead

LEADS: list[dict[str, Any]] = [
    {"company": "Acme", "first_name": "Ann", "phone": "1", "phone_e164": "+1", "mobile": "2", "mobile_e164": "+2"},
    {"company": "Acme", "last_name": None, "mobile": "2", "mobile_e164": "+2", "street": "Road 1", "country": "DK"},
    {"company": " ", "first_name": " Ann", "last_name": "Lee ", "email": "a@b.example", "industry": "Food"},
    {"company": "\t", "first_name": "\u00a0", "last_name": " ", "email": "a@b.example"},
    {"company": None, "first_name": None, "last_name": None, "email": "a@b.example", "website": "b.example"},
]


def test_what_is_previewed_is_what_is_made(
    app: Flask, session: Session, ann: Employee, subtests: pytest.Subtests
) -> None:
    leads = [make_lead(session, owner_id=ann.id, **given) for given in LEADS]
    query = text(Template("SELECT $customer_values, $names_person FROM leads WHERE id = :id").substitute(SQL))
    for made in leads:
        with app.app_context(), subtests.test(lead=made.name):
            by, lead = db.session.get_one(Employee, ann.id), db.session.get_one(Lead, made.id)
            preview = customer_from_lead(lead)
            *said, names_person = db.session.execute(query, {"id": lead.id}).one()
            assert dict(zip(preview, said, strict=True)) == preview
            customer = change_status(lead, LeadStatus.WON, by=by).customer
            assert customer is not None
            assert {name: getattr(customer, name) for name in preview} == preview
            has_contact = names_person and customer.kind is CustomerKind.ORGANISATION
            assert names_contact(lead, customer) == has_contact == bool(customer.contacts)


def test_a_win_takes_two_statements(app: Flask, session: Session, ann: Employee) -> None:
    """One locks the lead and names the employee to the history, and one does the rest."""
    made = make_lead(session, company="Acme", first_name="Ann")
    with app.app_context():
        by, lead = db.session.get_one(Employee, ann.id), db.session.get_one(Lead, made.id)
        with count_queries() as queries:
            change_status(lead, LeadStatus.WON, by=by)
    assert len(queries.statements) == 2


def test_nothing_else_says_what_a_customer_takes_from_a_lead() -> None:
    files = [path for folder in ("crm_web", "bench") for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = {path: path.read_text() for path in files if path.suffix in (".py", ".sql")}
    copies = [path for path, words in texts.items() if "INSERT INTO customers" in words and "$customer_" not in words]
    assert [path.relative_to(ROOT).as_posix() for path in copies] == ["bench/writers.py"]
