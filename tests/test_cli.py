"""Commands: what goes wrong is one line on the console, with no traceback."""

import runpy

import click
import pytest
from click.testing import Result
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web import create_app
from crm_web.cli import GROUPS, WITHOUT_PAGES
from crm_web.core.config import ROOT


def test_the_commands_of_all_features_are_there(app: Flask) -> None:
    assert {"demo", "employees", "leads", "worker"} <= set(app.cli.commands)


def test_our_own_commands_begin_without_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_web.create_app", lambda *, has_pages: has_pages)
    door = str(ROOT / "wsgi.py")
    assert runpy.run_path(door)["app"] is True
    with click.Context(FlaskGroup()):
        assert runpy.run_path(door)["app"] is False
    with click.Context(click.Command("run")):
        assert runpy.run_path(door)["app"] is True


def test_commands_but_imports_add_the_pages_without_the_api(app: Flask) -> None:
    bare = create_app(app.config["SETTINGS"], has_pages=False)
    runner = bare.test_cli_runner()
    for arguments in (["import", "--help"], ["leads", "import", "nothing.csv"], ["employees", "--help"]):
        runner.invoke(args=arguments)
        assert "leads" not in bare.blueprints
    for _ in range(2):
        assert "[OPTIONS]" in runner.invoke(args=["employees", "deactivate", "--help"]).output
        assert {*app.blueprints} - {*bare.blueprints} == {"api"}
    assert {name for name in GROUPS if name not in WITHOUT_PAGES} >= {"demo", "employees", "mail", "worker"}


def error_of(result: Result) -> str:
    """What a command says of a failure; the line before it names the database."""
    place, error = result.stderr.split("\n", 1)
    assert place.startswith("Database: piper@")
    return error


def test_a_refusal_of_a_rule_is_one_line(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["employees", "deactivate", "ada@piper.example"])
    assert result.exit_code == 1
    assert error_of(result).startswith("Error: ")
    assert len(error_of(result).splitlines()) == 1


def test_a_database_without_tables_says_what_to_do(app: Flask, session: Session) -> None:
    session.execute(text("ALTER TABLE employees RENAME TO people"))
    session.commit()
    result = app.test_cli_runner().invoke(args=["demo", "load"])
    assert result.exit_code == 1
    assert error_of(result) == "Error: The database schema is not up to date. Run `flask db upgrade` first.\n"


def test_what_the_database_refuses_is_one_line(app: Flask, session: Session) -> None:
    session.execute(text("ALTER TABLE employees ADD CONSTRAINT ck_no_one CHECK (false) NOT VALID"))
    session.commit()
    result = app.test_cli_runner().invoke(
        args=["employees", "create-admin", "--name", "Eve", "--email", "eve@piper.example", "--password-stdin"],
        input="a long and strange password\n",
    )
    assert result.exit_code == 1
    assert error_of(result).startswith("Error: The database says: ")
    assert len(error_of(result).splitlines()) == 1
