"""The list of employees."""

from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.factories import make_employee
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def test_active_people_come_first_then_names_as_people_sort_them(
    browser_as: BrowserAs, ada: Employee, session: Session
) -> None:
    session.execute(update(Employee).where(Employee.id != ada.id).values(is_active=False))
    for name in ("Zoë", "émile", "Emil", "Ángel"):
        make_employee(session, name=name)
    rows = browser_as(ada).get("employees.list_employees").table
    assert [row["Name"] for row in rows[:5]] == ["Ada Okafor", "Ángel", "Emil", "émile", "Zoë"]
    assert [row["Status"] for row in rows] == ["Active"] * 5 + ["Deactivated"] * 4


def test_shows_what_is_known_of_them(browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session) -> None:
    ann.manager_id, ann.job_title = ada.id, "Account executive"
    session.commit()
    page = browser_as(ada).get("employees.list_employees")
    row = next(row for row in page.table if row["Email"] == ann.email)
    assert row == {
        "Name": "Ann Keller Account executive",
        "Email": ann.email,
        "Role": "Sales",
        "Manager": ada.name,
        "Last seen": "",
        "Status": "Active",
    }
    assert next(row for row in page.table if row["Email"] == ada.email)["Last seen"] == "just now"


def test_goes_on_page_by_page(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    for number in range(60):
        make_employee(session, name=f"Person {number:03}")
    first = browser_as(ada).get("employees.list_employees")
    assert "65 employees" in first.text
    second = first.click("Next")
    seen = [row["Name"] for row in first.table + second.table]
    assert (len(first.table), len(second.table), len(set(seen))) == (50, 15, 65)
    assert second.click("Previous").table == first.table


def test_takes_as_many_queries_for_many_as_for_few(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    browser = browser_as(ada)
    few = browser.count_queries("employees.list_employees")
    for _ in range(20):
        make_employee(session, manager_id=ada.id)
    many = browser.count_queries("employees.list_employees")
    assert many == few <= 8


@pytest.mark.parametrize("name", ["ann", "max", "vera"])
def test_everybody_sees_their_colleagues_and_only_administrators_keep_them(
    browser_as: BrowserAs, request: pytest.FixtureRequest, name: str
) -> None:
    browser = browser_as(request.getfixturevalue(name))
    page = browser.get("dashboard.show_dashboard").click("Employees")
    assert len(page.table) == 5
    assert list(page.table[0]) == ["Name", "Email", "Role", "Manager", "Status"]
    assert not page.has('main a[href^="/employees/"]')
    refused = browser.get("employees.new_employee")
    assert refused.status == 403
    assert "Only admins can manage employees." in refused.text


def test_a_visitor_signs_in_first(visitor: Browser) -> None:
    assert visitor.get("employees.list_employees").location == "/sign-in?next=/employees"


def test_takes_no_post(browser_as: BrowserAs, ada: Employee) -> None:
    assert browser_as(ada).open("/employees", method="POST", data={}).status == 405
