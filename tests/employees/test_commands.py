"""`flask employees`."""

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Change, Employee, Role
from tests.databases import PASSWORD
from tests.factories import make_lead
from tests.page import Browser

Flask_ = Callable[..., Result]
BrowserAs = Callable[[Employee], Browser]
NEW = "correct horse battery"
GRACE = ["--name", "Grace Hopper", "--email", "grace@company.com"]


@pytest.fixture
def flask(app: Flask) -> Flask_:
    """Run `flask employees …`, with what is typed."""

    def run(*words: str, typed: str = "") -> Result:
        return app.test_cli_runner().invoke(args=["employees", *words], input=typed)

    return run


def test_create_admin_asks_for_all_it_needs(flask: Flask_, visitor: Browser, session: Session) -> None:
    result = flask("create-admin", typed=f"Grace Hopper\ngrace@company.com\n{NEW}\n{NEW}\n")
    assert result.exit_code == 0, result.output
    assert "Grace Hopper can now sign in as grace@company.com" in result.output
    assert NEW not in result.output
    grace = session.scalars(select(Employee).where(Employee.email == "grace@company.com")).one()
    assert grace.role is Role.ADMIN
    assert visitor.post("auth.sign_in", {"email": "grace@company.com", "password": NEW}).location == "/"


def test_create_admin_asks_again_where_the_passwords_differ(flask: Flask_) -> None:
    result = flask("create-admin", *GRACE, typed=f"{NEW}\nsomething else\n{NEW}\n{NEW}\n")
    assert result.exit_code == 0, result.output


def test_create_admin_takes_it_all_from_a_script(flask: Flask_, visitor: Browser, session: Session) -> None:
    result = flask("create-admin", *GRACE, "--password-stdin", typed=f"{NEW}\n")
    assert result.exit_code == 0, result.output
    assert visitor.post("auth.sign_in", {"email": "grace@company.com", "password": NEW}).location == "/"
    change = session.scalars(select(Change).order_by(Change.id.desc())).first()
    assert change is not None
    assert (change.source, change.actor_id, change.fields["name"]) == ("command", None, [None, "Grace Hopper"])


@pytest.mark.parametrize(
    ("words", "password", "message"),
    [
        (["--name", "Grace", "--email", "nobody"], NEW, "The email: Enter an email address like"),
        (["--name", "x" * 301, "--email", "g@company.com"], NEW, "The name: Shorten this to 300 characters"),
        (["--name", "  ", "--email", "g@company.com"], NEW, "Enter a name."),
        (["--name", "Grace", "--email", "ANN@piper.example"], NEW, "This email is already in use."),
        (GRACE, "short", "Use at least 10 characters"),
        (GRACE, "", "Use at least 10 characters"),
    ],
)
def test_create_admin_refuses_in_one_line(
    flask: Flask_, session: Session, words: list[str], password: str, message: str
) -> None:
    result = flask("create-admin", *words, "--password-stdin", typed=f"{password}\n")
    assert result.exit_code == 1
    assert f"Error: {message}" in result.output
    assert "Traceback" not in result.output
    assert len(session.scalars(select(Employee)).all()) == 5


def test_list_shows_everybody_the_active_ones_first(flask: Flask_, ann: Employee, session: Session) -> None:
    ann.is_active = False
    session.commit()
    lines = flask("list").stdout.splitlines()
    assert lines[0] == "admin    ada@piper.example  Ada Okafor"
    assert lines[-1] == "sales    ann@piper.example  Ann Keller  (deactivated)"
    assert len(lines) == 5


def test_set_password_lets_in_who_forgot_theirs(
    flask: Flask_, visitor: Browser, browser_as: BrowserAs, ann: Employee
) -> None:
    working = browser_as(ann)
    result = flask("set-password", " ANN@piper.example ", typed=f"{NEW}\n{NEW}\n")
    assert "Ann Keller has a new password" in result.output
    assert working.get("auth.show_account").status == 303
    assert visitor.post("auth.sign_in", {"email": ann.email, "password": PASSWORD}).status == 422
    assert visitor.post("auth.sign_in", {"email": ann.email, "password": NEW}).location == "/today"


def test_set_password_knows_only_employees(flask: Flask_) -> None:
    result = flask("set-password", "nobody@company.com", "--password-stdin", typed=NEW)
    assert result.exit_code == 1
    assert "No employee has the email nobody@company.com." in result.output


def test_deactivate_closes_the_account(flask: Flask_, browser_as: BrowserAs, vera: Employee, session: Session) -> None:
    working = browser_as(vera)
    result = flask("deactivate", "vera@piper.example")
    assert (result.exit_code, result.stdout) == (0, "Vera Rossi can no longer sign in. Transferred: nothing.\n")
    assert working.get("auth.show_account").status == 303
    session.refresh(vera)
    assert not vera.is_active


@pytest.mark.parametrize("to_bob", [True, False])
def test_deactivate_hands_over(flask: Flask_, ann: Employee, bob: Employee, session: Session, to_bob: bool) -> None:
    lead = make_lead(session, owner_id=ann.id)
    refused = flask("deactivate", ann.email)
    assert refused.exit_code == 1
    assert "Ann Keller owns 1 lead. Choose a new owner. Use --hand-over-to" in refused.output
    words = ["--hand-over-to", bob.email] if to_bob else ["--hand-over-to-nobody"]
    assert "Transferred: 1 lead." in flask("deactivate", ann.email, *words).output
    session.refresh(lead)
    assert lead.owner_id == (bob.id if to_bob else None)


def test_deactivate_leaves_the_last_administrator(flask: Flask_, ada: Employee, session: Session) -> None:
    result = flask("deactivate", "ada@piper.example")
    assert result.exit_code == 1
    assert "This is the only admin." in result.output
    session.refresh(ada)
    assert ada.is_active
