"""
The ground that every test stands on: real PostgreSQL, the schema as the migrations build it, one rolled-back
transaction a test, and a fixed cast of employees.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import psycopg2
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web import create_app
from crm_web.config import ROOT, Settings
from crm_web.extensions import db
from crm_web.models import Employee, Role, SignIn
from crm_web.postgres import EmbeddedServer
from tests.databases import OwnDatabase, administer
from tests.page import Browser

PASSWORD = "piper-demo"
CAST = {
    "ada": ("Ada Okafor", Role.ADMIN),
    "max": ("Max Lindqvist", Role.MANAGER),
    "ann": ("Ann Keller", Role.SALES),
    "bob": ("Bob Tanaka", Role.SALES),
    "vera": ("Vera Rossi", Role.VIEWER),
}

server = EmbeddedServer(ROOT / "var" / "tests", durable=False)


def pytest_configure(config: pytest.Config) -> None:
    """Build the template database once; with xdist that is for the process that starts the workers."""
    server.start()
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    os.environ["PIPER_TEST_TEMPLATE"] = template = f"test_{os.getpid()}_template"
    _drop_what_killed_runs_left()
    administer(server, f'CREATE DATABASE "{template}"')
    app = create_app(settings_for(template))
    with app.app_context():
        upgrade()
        _hire_the_cast()
        db.session.remove()
        db.engine.dispose()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind, after Ctrl-C as well; the last run to leave stops the server."""
    with suppress(psycopg2.Error):
        if not hasattr(config, "workerinput"):
            _drop_databases(f"test_{os.getpid()}_")
    server.stop()


def settings_for(database: str) -> Settings:
    """Settings of an installation on one database of the test server."""
    return Settings(
        database_url=server.url(database),
        is_embedded=False,
        secret_key="only-for-tests-" + "0123456789" * 2,
        database_connections=40,
        company_name="Piper Trading Ltd",
    )


def _hire_the_cast() -> None:
    password_hash = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)
    for first_name, (name, role) in CAST.items():
        address = f"{first_name}@piper.example"
        db.session.add(Employee(name=name, email=address, role=role, password_hash=password_hash))
        db.session.flush()
    db.session.commit()


def _drop_databases(prefix: str) -> None:
    for name in administer(server, "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", prefix):
        administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _drop_what_killed_runs_left() -> None:
    for name in administer(server, r"SELECT datname FROM pg_database WHERE datname ~ '^test_\d+_'"):
        if not Path("/proc", name.split("_")[1]).exists():
            administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _copy_template(name: str) -> str:
    template = os.environ["PIPER_TEST_TEMPLATE"]
    database = template.removesuffix("template") + name
    administer(server, f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return database


@pytest.fixture(scope="session")
def installation() -> Flask:
    """The application on this worker's own database. Tests take ``app``, whose writes are rolled back."""
    app = create_app(settings_for(_copy_template(os.environ.get("PYTEST_XDIST_WORKER", "alone"))))
    # An exception that no view expects fails the test instead of ending in the page for 500.
    app.testing = True
    db.session.session_factory.configure(join_transaction_mode="create_savepoint")
    return app


@pytest.fixture
def app(installation: Flask) -> Iterator[Flask]:
    """
    The application inside one transaction that is rolled back after the test.

    Requests really commit (into a savepoint), so a view that forgot to is seen; nothing stays. No application context
    is kept open: ``g`` would be shared between requests.
    """
    with installation.app_context():
        engines = cast(dict[str | None, Any], db.engines)
    engine = engines[None]
    with engine.connect() as connection:
        transaction = connection.begin()
        engines[None] = connection
        try:
            yield installation
        finally:
            engines[None] = engine
            transaction.rollback()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """The test's own session beside those of the requests; ``session.refresh(row)`` shows what a request wrote."""
    with app.app_context():
        connection = db.engines[None]
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        yield session


@pytest.fixture
def ann(session: Session) -> Employee:
    """A seller."""
    return _find(session, "ann")


@pytest.fixture
def bob(session: Session) -> Employee:
    """Another seller."""
    return _find(session, "bob")


@pytest.fixture
def max(session: Session) -> Employee:
    """The manager."""
    return _find(session, "max")


@pytest.fixture
def ada(session: Session) -> Employee:
    """The administrator."""
    return _find(session, "ada")


@pytest.fixture
def vera(session: Session) -> Employee:
    """A viewer."""
    return _find(session, "vera")


def _find(session: Session, first_name: str) -> Employee:
    return session.scalars(select(Employee).where(Employee.email == f"{first_name}@piper.example")).one()


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app)


@pytest.fixture
def browser_as(app: Flask, session: Session) -> Callable[[Employee], Browser]:
    """Give a browser in which an employee is signed in, without the cost of checking a password."""

    def sign_in(employee: Employee) -> Browser:
        return Browser(app, token=add_sign_in(session, employee))

    return sign_in


def add_sign_in(session: Session, employee: Employee) -> str:
    """Sign an employee in behind the application's back; the token belongs into the cookie."""
    token = secrets.token_urlsafe(32)
    until = session.scalar(text("SELECT now() + interval '12 hours'"))
    session.add(SignIn(token_hash=hashlib.sha256(token.encode()).digest(), employee_id=employee.id, expires_at=until))
    session.commit()
    return token


@pytest.fixture
def own_database() -> Iterator[OwnDatabase]:
    """A database of the test's own, with connections that really commit: for races, locks and restarts."""
    name = _copy_template(secrets.token_hex(4))
    own = OwnDatabase(create_app(settings_for(name)))
    try:
        yield own
    finally:
        own.close()
        administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')
