"""The workers are forked from a process that has loaded the application."""

import os
import runpy
import subprocess
import sys
import threading
from typing import Any

import pytest
from flask import Flask, template_rendered
from sqlalchemy import text

from crm_web import create_app
from crm_web.core.config import ROOT, load_settings
from crm_web.core.extensions import db
from crm_web.launcher.warm_up import ROUNDS, warm_up
from tests.databases import OwnDatabase, copy_template
from tests.factories import make_lead, make_sign_in
from tests.page import Browser

LOADED_WHEN_USED = {
    "authlib", "charset_normalizer", "google", "icalendar", "obstore", "opentelemetry", "prometheus_client",
    "scim2_models", "segno", "vobject", "xlsxwriter", "zxcvbn",
}  # fmt: skip
"""Libraries of a megabyte and more that few requests need: import them in the function that does."""


def test_building_the_application_opens_no_connection_and_starts_no_thread() -> None:
    threads = threading.active_count()
    app = create_app(load_settings({"DATABASE_URL": "postgresql://piper@127.0.0.1:9/x", "SECRET_KEY": "x" * 32}))

    with app.app_context():
        assert db.engine.pool.status().startswith("Pool size: 16  Connections in pool: 0")
    assert threading.active_count() == threads


def _run(code: str) -> str:
    """Run a program of its own, since what is frozen stays so; gives what it printed."""
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.defpath, "DATABASE_URL": "postgresql://piper@127.0.0.1:9/x", "SECRET_KEY": "x" * 40},
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout


def test_nothing_is_garbage_where_a_program_starts_and_ends() -> None:
    """To look for some would be two fifths of a start."""
    program = """
import atexit, gc
looks = []
gc.callbacks.append(lambda _phase, told: looks.append(told["generation"]))
# What is registered first runs last.
atexit.register(lambda: print(len(gc.get_objects())))
import crm_web
print(2 in looks, gc.isenabled())
"""
    seen, left = _run(program).splitlines()
    assert seen == "False True"
    assert int(left) < 1_000


def test_what_is_loaded_is_shared_by_the_workers() -> None:
    printed = _run("""
import gc, runpy
from types import SimpleNamespace
from crm_web import create_app
from crm_web.core.config import load_settings
config = runpy.run_path("deploy/gunicorn.conf.py")
config["when_ready"](SimpleNamespace(app=SimpleNamespace(wsgi=lambda: create_app(load_settings()))))
print(config["preload_app"], gc.get_freeze_count() > 100_000)
""")

    assert printed.splitlines()[-1] == "True True"


def test_threads_of_a_worker_take_short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://piper@127.0.0.1:9/x")
    monkeypatch.setenv("SECRET_KEY", "x" * 32)
    usual = sys.getswitchinterval()
    config = runpy.run_path(str(ROOT / "deploy" / "gunicorn.conf.py"))
    try:
        assert sys.getswitchinterval() == usual
        config["post_fork"](None, None)
        assert sys.getswitchinterval() == pytest.approx(0.001)
    finally:
        sys.setswitchinterval(usual)


@pytest.mark.slow
def test_libraries_that_few_requests_need_are_loaded_when_they_are_used() -> None:
    printed = _run("import sys, wsgi; print(*{name.partition('.')[0] for name in sys.modules})")

    assert LOADED_WHEN_USED & set(printed.split()) == set()


def _warm_up(app: Flask) -> list[str | None]:
    """Warm up, and list the templates of the pages that were built."""
    built: list[str | None] = []

    def note(_app: object, template: Any, **_: object) -> None:
        built.append(template.name)

    with template_rendered.connected_to(note, app):
        warm_up(app)
    return built


def test_pages_are_built_before_the_fork_and_leave_nothing_open(
    own_database: OwnDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    threads = threading.active_count()

    built = _warm_up(own_database.app)

    assert {"auth/sign_in.html", "leads/list_leads.html"} <= set(built)
    assert caplog.messages == []
    assert threading.active_count() == threads
    with own_database.app.app_context():
        assert "Connections in pool: 0" in db.engine.pool.status()
    with own_database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        assert cursor.fetchone() == (1,)


def test_what_was_built_before_the_fork_is_never_shown_when_it_is_old(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        make_lead(session, owner_id=own_database.find(session, "bob").id)
        session.commit()
        token = make_sign_in(session, own_database.find(session, "ada"))
    _warm_up(own_database.app)

    with own_database.engine.begin() as connection:
        connection.execute(text("UPDATE employees SET name = 'Robert T' WHERE email = 'bob@piper.example'"))
    page = str(Browser(own_database.app, token).get("leads.list_leads").soup)

    assert "Robert T" in page
    assert "Bob Tanaka" not in page


def test_nobody_is_signed_in_by_pages_that_were_built_before_the_fork(own_database: OwnDatabase) -> None:
    _warm_up(own_database.app)

    answer = own_database.app.test_client().get("/leads")

    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/leads")


def test_workers_start_without_tables_in_the_database(own_database: OwnDatabase) -> None:
    with own_database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))

    assert _warm_up(own_database.app) == []


def test_workers_start_with_nobody_in_the_database() -> None:
    own = OwnDatabase(copy_template("nobody", of="empty"))
    try:
        assert _warm_up(own.app) == []
    finally:
        own.drop()


def test_workers_start_while_the_database_is_away(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(load_settings({"DATABASE_URL": "postgresql://piper@127.0.0.1:9/x", "SECRET_KEY": "x" * 32}))

    assert _warm_up(app) == []
    assert caplog.messages == ["warm_up.skipped"]


def test_workers_start_though_a_page_is_broken(
    own_database: OwnDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> str:
        raise LookupError

    monkeypatch.setitem(own_database.app.view_functions, "leads.list_leads", fail)

    warm_up(own_database.app)

    assert caplog.messages.count("warm_up.failed") == ROUNDS
