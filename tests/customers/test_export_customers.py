"""The list of customers as a file: GET /customers.csv."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_web.lists.csv_export import write_cell
from crm_web.models import CustomerStatus, Employee
from tests.factories import make_customer
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def rows(page: Page) -> list[dict[str, str]]:
    assert page.body.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(page.body.removeprefix("\ufeff"), newline="")))


def test_gives_exactly_what_the_list_shows(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session, name="Zoo", owner_id=ann.id, description="a\nb", phone="+45 33 12 34 56")
    make_customer(session, name="Ämter", owner_id=ann.id)
    make_customer(session, name="Former", status=CustomerStatus.FORMER, owner_id=ann.id)
    make_customer(session, name="Other")
    page = browser_as(ann).get("customers.list_customers", owner="me", status="active", sort="-name").click("CSV")
    assert page.response.mimetype == "text/csv"
    assert page.response.headers["Content-Disposition"] == 'attachment; filename="customers.csv"'
    assert [row["Name"] for row in rows(page)] == ["Zoo", "Ämter"]
    row = rows(page)[0]
    assert (row["Owner"], row["Description"], row["Phone"]) == ("Ann Keller", "a\nb", "+45 33 12 34 56")
    assert (row["Kind"], row["Status"], row["Email"]) == ("Organization", "Active", "")


@pytest.mark.parametrize("hostile", ["=1+1", "@SUM(1)", "+1+cmd|' /C calc'!A0", "-2+cmd", "\t=1", " =1", "＝1"])
def test_no_cell_is_run_as_a_formula(browser_as: BrowserAs, session: Session, ann: Employee, hostile: str) -> None:
    make_customer(session, name=hostile)
    (row,) = rows(browser_as(ann).get("customers.export_customers"))
    assert row["Name"] == f"'{hostile}"


@pytest.mark.parametrize("harmless", ["+45 (0)33 12-34.56", "-5", "a=b", "x@y.example"])
def test_what_can_only_be_counted_with_stays_as_it_is(harmless: Any) -> None:
    assert write_cell(harmless) == harmless


def test_long_lists_come_in_pieces(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    session.connection().exec_driver_sql("INSERT INTO customers (name) SELECT 'x' FROM generate_series(1, 450)")
    session.commit()
    assert len(rows(browser_as(ann).get("customers.export_customers"))) == 450


def test_a_viewer_may_and_a_stranger_may_not(browser_as: BrowserAs, visitor: Browser, vera: Employee) -> None:
    assert rows(browser_as(vera).get("customers.export_customers")) == []
    assert visitor.get("customers.export_customers").location == "/sign-in?next=/customers.csv"
