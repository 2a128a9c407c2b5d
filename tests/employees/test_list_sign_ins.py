"""The audit of sign-ins."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from crm_web.models import Employee, SignIn, SignInMethod
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"


def add_sign_ins(session: Session, employee: Employee, *, count: int = 1, **fields: object) -> None:
    """Sign-ins of an hour ago, each a second apart."""
    now = session.scalars(select(func.now())).one()
    employee_id, last = employee.id, session.scalar(select(func.max(SignIn.id))) or 0
    rows = [
        {
            "token_hash": f"{last} {number}".encode(),
            "employee_id": employee_id,
            "created_at": now - timedelta(hours=1, seconds=number),
            "expires_at": now + timedelta(hours=1),
            **fields,
        }
        for number in range(count)
    ]
    session.execute(insert(SignIn), rows)
    session.commit()


def test_tells_who_signed_in_how_and_from_where(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    add_sign_ins(
        session, ann, method=SignInMethod.APP, remote_address="10.0.0.7", user_agent=WINDOWS, is_new_device=True
    )
    # The password was right, but the code was not entered: nobody was let in.
    add_sign_ins(session, ann, awaits_factor=True)
    browser = browser_as(ada)
    mine, theirs = browser.get("employees.list_employees").click("Sign-ins").table
    assert (mine["Name"], mine["Ended"]) == (ada.name, "Active")
    assert theirs.pop("Signed in")
    assert theirs == {
        "Name": ann.name,
        "Method": "App code",
        "IP address": "10.0.0.7",
        "Device": "Firefox on Windows New device",
        "Ended": "Active",
    }
    hour = timedelta(hours=1)
    for ended_at, expires_at in ((func.now() - hour / 4, func.now() + hour), (None, func.now() - hour / 4)):
        ended = update(SignIn).where(SignIn.employee_id == ann.id)
        session.execute(ended.values(ended_at=ended_at, expires_at=expires_at))
        session.commit()
        page = browser.get("employees.list_sign_ins")
        assert page.table[1]["Ended"] not in ("", "Active")
        assert "30 days" in page.text


def test_shows_those_of_one_person(browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session) -> None:
    add_sign_ins(session, ann)
    browser = browser_as(ada)
    page = browser.get("employees.edit_employee", employee_id=ann.id).click("Sign-ins")
    assert [row["Name"] for row in page.table] == [ann.name]
    unknown = browser.get("employees.list_sign_ins", who="4711")
    assert "“4711” is not an employee" in unknown.text
    assert len(unknown.table) == 2


def test_goes_on_page_by_page_with_as_many_queries(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    browser = browser_as(ada)
    few = browser.count_queries("employees.list_sign_ins")
    add_sign_ins(session, ann, count=60)
    assert browser.count_queries("employees.list_sign_ins") == few <= 8
    first = browser.get("employees.list_sign_ins")
    second = first.click("Next")
    assert (len(first.table), len(second.table)) == (50, 11)
    assert second.click("Previous").table == first.table


def test_is_for_admins(browser_as: BrowserAs, max: Employee) -> None:
    browser = browser_as(max)
    assert browser.get("employees.list_sign_ins").status == 403
    assert "Sign-ins" not in browser.get("employees.list_employees").text
