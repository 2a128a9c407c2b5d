"""Exports longer than one batch: they are still being read from the database while they are being sent."""

import pytest
from sqlalchemy import text

from tests.databases import OwnDatabase
from tests.factories import make_sign_in
from tests.page import Browser


@pytest.mark.parametrize(
    ("endpoint", "fill"),
    [
        ("leads.export_leads", "INSERT INTO leads (last_name) SELECT 'Lead ' || n FROM generate_series(1, 2100) n"),
        ("customers.export_customers", "INSERT INTO customers (name) SELECT 'C ' || n FROM generate_series(1, 2100) n"),
        (
            "activities.export_activities",
            "WITH l AS (INSERT INTO leads (last_name) VALUES ('A') RETURNING id) INSERT INTO activities"
            " (lead_id, kind, subject) SELECT id, 'note', 'N ' || n FROM l, generate_series(1, 2100) n",
        ),
        ("api.export_leads", "INSERT INTO leads (last_name) SELECT 'Lead ' || n FROM generate_series(1, 2100) n"),
        ("api.export_customers", "INSERT INTO customers (name) SELECT 'C ' || n FROM generate_series(1, 2100) n"),
    ],
)
def test_every_row_arrives(own_database: OwnDatabase, endpoint: str, fill: str) -> None:
    with own_database.session() as session:
        session.execute(text(fill))
        token = make_sign_in(session, own_database.find(session, "ann"))
    page = Browser(own_database.app, token).get(endpoint)
    assert len(page.body.splitlines()) == 2101 - endpoint.startswith("api.")
