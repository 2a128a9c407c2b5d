"""The addresses for a load balancer."""

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web import create_app
from crm_web.core.config import load_settings
from crm_web.health.queries import OLDEST_SERVED, list_migrations, read_schema
from tests.databases import OwnDatabase
from tests.page import Browser

UNAVAILABLE = {"status": "unavailable", "database": "ok", "serves": list_migrations()[0]}


def nowhere() -> Flask:
    return create_app(load_settings({"DATABASE_URL": "postgresql://piper@127.0.0.1:9/x", "SECRET_KEY": "x" * 32}))


def test_alive_asks_nobody() -> None:
    answer = nowhere().test_client().get("/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert "Set-Cookie" not in answer.headers


def test_ready_with_database_and_schema(visitor: Browser) -> None:
    answer = visitor.open("/readyz").response

    head = list_migrations()[0]
    told = {"status": "ok", "database": "ok", "schema": "current", "found": head, "serves": head}
    assert (answer.status_code, answer.json) == (200, told)


def test_not_ready_without_database() -> None:
    answer = nowhere().test_client().get("/readyz")

    assert (answer.status_code, answer.json) == (503, {"status": "unavailable", "database": "away"})
    assert answer.headers["Retry-After"]


def set_schema(database: OwnDatabase, revision: str | None) -> None:
    with Session(database.engine) as session:
        session.execute(text("DELETE FROM alembic_version"))
        if revision:
            session.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
        session.commit()


def test_not_ready_with_a_schema_that_is_behind(own_database: OwnDatabase) -> None:
    set_schema(own_database, "001")

    answer = own_database.app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {**UNAVAILABLE, "schema": "behind", "found": "001"}


def test_not_ready_with_an_empty_schema(own_database: OwnDatabase) -> None:
    set_schema(own_database, None)

    assert own_database.app.test_client().get("/readyz").status_code == 503


def test_not_ready_with_a_newer_schema_that_says_nothing(own_database: OwnDatabase) -> None:
    set_schema(own_database, "999_future")
    with own_database.engine.begin() as connection:
        connection.execute(text("COMMENT ON TABLE alembic_version IS NULL"))

    answer = own_database.app.test_client().get("/readyz")

    assert answer.json == {**UNAVAILABLE, "schema": "ahead", "found": "999_future"}


def test_goes_on_with_a_newer_schema_that_allows_it(own_database: OwnDatabase) -> None:
    """So no instance stops serving while the next release migrates and replaces them one by one."""
    set_schema(own_database, "999_future")
    client = own_database.app.test_client()
    for oldest_served, status in ((list_migrations()[0], 200), ("998", 503)):
        with own_database.engine.begin() as connection:
            connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{oldest_served}'"))
        assert client.get("/readyz").status_code == status


def test_migrating_says_who_may_go_on(own_database: OwnDatabase) -> None:
    with own_database.app.app_context():
        upgrade()
        assert read_schema().oldest_served == OLDEST_SERVED <= list_migrations()[0]


def test_health_checks_are_answered_under_any_host_name(own_database: OwnDatabase) -> None:
    own = {"DATABASE_URL": own_database.url, "SECRET_KEY": "x" * 32, "TRUSTED_HOSTS": ".example.com, crm.example.org"}
    client = create_app(load_settings(own)).test_client()

    # A container asks itself, a load balancer by address.
    answers = {
        path: client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code for path in ("/healthz", "/readyz")
    }
    assert answers == {"/healthz": 200, "/readyz": 200}
    assert client.get("/sign-in", headers={"Host": "10.1.2.3:8000"}).status_code == 400
    assert client.get("/sign-in", headers={"Host": "crm.example.com"}).status_code == 200
