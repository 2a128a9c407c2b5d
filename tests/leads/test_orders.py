"""The orders of the list of leads, asked of the database itself."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.lists.pagination import Page
from crm_web.models import Employee, LeadStatus
from tests.factories import make_customer, make_lead


def read_page(app: Flask, sort: str, mark: str | None = None, **filters: Any) -> Page:
    with app.app_context():
        return LEADS.list_page(LeadFilter(**filters), sort=sort, cursor=mark)


def names(page: Page) -> Sequence[str]:
    return [lead.name for lead in page.rows]


@pytest.mark.parametrize("key", LEADS.sorts)
def test_each_word_sorts_both_ways(app: Flask, session: Session, ann: Employee, bob: Employee, key: str) -> None:
    old = datetime(2026, 1, 1, tzinfo=UTC)
    facts: dict[str, Any] = {"company": "acme", "amount": 1, "source": "fair", "created_at": old, "updated_at": old}
    make_lead(session, last_name="Ähre", owner_id=ann.id, **facts)
    facts = {"company": "Bolt", "amount": Decimal("9.5"), "source": "Web", "expected_close_on": old.date()}
    make_lead(session, last_name="zebra", owner_id=bob.id, status=LeadStatus.LOST, **facts)
    assert names(read_page(app, key)) == ["Ähre", "zebra"]
    assert names(read_page(app, f"-{key}")) == ["zebra", "Ähre"]


@pytest.mark.parametrize("key", ["company", "amount", "source", "owner", "expected_close_on"])
def test_what_is_empty_is_the_smallest(app: Flask, session: Session, ann: Employee, key: str) -> None:
    facts: dict[str, Any] = {"company": "Acme", "amount": 0, "source": "Web", "owner_id": ann.id}
    make_lead(session, last_name="full", expected_close_on=datetime(2026, 1, 1, tzinfo=UTC).date(), **facts)
    make_lead(session, last_name="empty")
    assert names(read_page(app, key)) == ["empty", "full"]


def test_a_list_is_sorted_by_what_its_other_records_are_called(
    app: Flask, session: Session, ann: Employee, bob: Employee
) -> None:
    acme, bolt = [make_customer(session, name=name) for name in ("ácme", "Bolt")]
    make_lead(session, bob, last_name="A", customer_id=bolt.id)
    make_lead(session, ann, last_name="B", customer_id=acme.id)
    make_lead(session, last_name="C")
    order = ["C", "B", "A"]
    for key in ("customer", "created_by", "updated_by"):
        assert (key, names(read_page(app, key))) == (key, order)
        assert (key, names(read_page(app, f"-{key}"))) == (key, order[::-1])
        with app.app_context():
            file = LEADS.make_table(LeadFilter(), sort=key, columns=["status"])[1]
            assert [row[0] for row in file] == order
