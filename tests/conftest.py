"""The ground that every test stands on: real PostgreSQL, the schema as the migrations build it, one rolled-back
transaction a test, and a fixed cast of employees.
"""

import gc
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from itertools import count
from typing import Any, cast

import psycopg2
import pytest
from flask import Flask, g, has_request_context
from hypothesis import settings
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.models import Employee
from crm_web.models.base import Base
from tests.databases import (
    OwnDatabase,
    begin_templates,
    copy_template,
    create_test_app,
    drop_all,
    find_employee,
    server,
)
from tests.factories import make_sign_in
from tests.page import Browser

# The same examples each time, on however slow a machine.
settings.register_profile("check", deadline=None, derandomize=True, database=None)
settings.load_profile("check")

TEMPLATES = pytest.StashKey[Future[None]]()
TESTS_BETWEEN_TIDYING = 50
_turns = count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to build the templates, once; with xdist that is for the process that starts the workers."""
    server.start()
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.stash[TEMPLATES] = begin_templates()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Wait for the templates before the first test."""
    if TEMPLATES in session.config.stash:
        session.config.stash[TEMPLATES].result()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any) -> None:
    """Wait for the templates; no worker gets a test before all have found theirs."""
    node.config.stash[TEMPLATES].result()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind, after Ctrl-C as well; the last run to leave stops the server."""
    with suppress(psycopg2.Error):
        if not hasattr(config, "workerinput"):
            drop_all()
    server.stop()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what has a database of its own: to copy one takes as long as ten other tests."""
    if "own_database" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.slow)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long: at the end, where no worker can take over what another has begun, all is short.

    Each worker is given the same number of tests, in this order. The first one begins with those in Chromium, so that
    no other has to start a site and Chromium too, and the others begin with the slow ones.
    """
    in_chromium, slow, quick = list[pytest.Item](), list[pytest.Item](), list[pytest.Item]()
    for item in items:
        is_slow = item.get_closest_marker("slow") is not None
        (in_chromium if item.get_closest_marker("browser") else slow if is_slow else quick).append(item)
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    others = workers - 1 or 1
    shares = [in_chromium, *(slow[len(slow) * n // others : len(slow) * (n + 1) // others] for n in range(others))]
    size = len(items) // workers if workers > 1 else 0
    items.clear()
    for share in shares:
        rest = size - len(share) if size > len(share) else 0
        items += share + quick[:rest]
        del quick[:rest]
    items += quick


@pytest.fixture(scope="session")
def installation() -> Flask:
    """The application on this worker's own database. Tests take ``app``, whose writes are rolled back."""
    app = create_test_app(copy_template(os.environ.get("PYTEST_XDIST_WORKER", "alone")))
    # An exception that no view expects fails the test instead of ending in the page for 500.
    app.testing = True
    db.session.session_factory.configure(join_transaction_mode="create_savepoint")
    _watch_for_reading_after_commits()
    # What is here by now stays; looking through it again at each collection makes the parsing of pages a fifth slower.
    gc.freeze()
    return app


def _watch_for_reading_after_commits() -> None:
    """Let whatever a view, its helpers or its template read of a record after the view's commit fail the test.

    Somebody else may have deleted the record by then, and the answer to what was done would be 500. Employees are
    never deleted. What is committed before it is known who asks belongs to no view.
    """

    commit = db.session.commit

    def commit_and_note() -> None:
        commit()
        g.is_committed = has_request_context() and "_login_user" in g

    vars(db.session)["commit"] = commit_and_note

    @event.listens_for(Base, "refresh", propagate=True)
    def refuse(record: Any, _context: Any, names: Any) -> None:
        is_late = has_request_context() and g.get("is_committed") and names is not None
        assert not is_late or isinstance(record, Employee), f"{record} is read after the commit: {names}"


@contextmanager
def _rolled_back(app: Flask) -> Iterator[Connection]:
    """Let all that uses the database share one transaction, which is rolled back in the end; or, within such a one, a
    savepoint.
    """
    with app.app_context():
        engines = cast(dict[str | None, Any], db.engines)
    engine = engines[None]
    with nullcontext(engine) if isinstance(engine, Connection) else engine.connect() as connection:
        transaction = connection.begin_nested() if connection is engine else connection.begin()
        engines[None] = connection
        try:
            yield connection
        finally:
            engines[None] = engine
            transaction.rollback()


@pytest.fixture(scope="module")
def ground(installation: Flask) -> Iterator[Session]:
    """A session for rows that all tests of a module begin with, made once by a fixture of the module."""
    with _rolled_back(installation) as connection, _open_session(connection) as session:
        yield session


@pytest.fixture
def app(installation: Flask) -> Iterator[Flask]:
    """The application inside one transaction that is rolled back after the test.

    Requests really commit (into a savepoint), so a view that forgot to is seen; nothing stays. No application context
    is kept open: ``g`` would be shared between requests.
    """
    with _rolled_back(installation):
        yield installation
    _tidy_now_and_then(installation)


def _tidy_now_and_then(app: Flask) -> None:
    """Take away the rows that were rolled back, temporary tables' among them, which would make each test slower."""
    with app.app_context():
        engine = db.engine
    if isinstance(engine, Engine) and next(_turns) % TESTS_BETWEEN_TIDYING == 0:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """The test's own session beside those of the requests; ``session.refresh(row)`` shows what a request wrote."""
    with app.app_context():
        connection = db.engines[None]
    with _open_session(connection) as session:
        yield session


def _open_session(connection: Any) -> Session:
    return Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)


@pytest.fixture
def ann(session: Session) -> Employee:
    """A seller."""
    return find_employee(session, "ann")


@pytest.fixture
def bob(session: Session) -> Employee:
    """Another seller."""
    return find_employee(session, "bob")


@pytest.fixture
def max(session: Session) -> Employee:
    """The manager."""
    return find_employee(session, "max")


@pytest.fixture
def ada(session: Session) -> Employee:
    """The administrator."""
    return find_employee(session, "ada")


@pytest.fixture
def vera(session: Session) -> Employee:
    """A viewer."""
    return find_employee(session, "vera")


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app)


@pytest.fixture
def browser_as(app: Flask, session: Session) -> Callable[[Employee], Browser]:
    """Give a browser in which an employee is signed in, without the cost of checking a password."""

    def sign_in(employee: Employee) -> Browser:
        return Browser(app, token=make_sign_in(session, employee))

    return sign_in


@pytest.fixture
def own_database() -> Iterator[OwnDatabase]:
    """A database of the test's own, with connections that really commit: for races, locks and restarts."""
    yield from _own_database()


@pytest.fixture
def restored() -> Iterator[OwnDatabase]:
    """Another one, to restore a dump into."""
    yield from _own_database()


def _own_database() -> Iterator[OwnDatabase]:
    own = OwnDatabase(copy_template(secrets.token_hex(4)))
    try:
        yield own
    finally:
        own.drop()
