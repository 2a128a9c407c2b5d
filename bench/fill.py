"""The databases of a run: one embedded server of its own, with the demo company and the filling in each."""

import time
from collections.abc import Sequence
from typing import Any

import psycopg2
from flask import Flask
from flask_migrate import upgrade
from psycopg2.extensions import connection as Connection
from sqlalchemy import make_url

from bench.datagen.commands import fill
from bench.options import FOLDER
from crm_web import create_app
from crm_web.core.config import Settings
from crm_web.core.extensions import db
from crm_web.launcher.postgres import EmbeddedServer

SECRET = "only-for-measuring-" + "0123456789" * 2
server = EmbeddedServer(FOLDER)


class Database:
    """One filled database.

    :param name: its name on the server
    :param leads: how many leads the filling made
    """

    def __init__(self, name: str, leads: int) -> None:
        self.name, self.leads = name, leads
        self.url = server.url(name)
        self.rows_a_second: float | None = None

    def connect(self) -> Connection:
        """Open a bare connection."""
        return connect(self.url)

    def ask(self, query: str, *values: Any) -> list[Any]:
        """Ask something once; gives rows, or values where a row is one value."""
        connection = self.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values or None)
                rows: list[Any] = cursor.fetchall() if cursor.description else []
                return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows
        finally:
            connection.close()

    def app(self, **settings: Any) -> Flask:
        """The application on this database, for what is measured without HTTP."""
        return create_app(Settings(database_url=self.url, secret_key=SECRET, **settings))


def connect(url: str) -> Connection:
    """Connect to a database of the server.

    :param url: SQLAlchemy's address
    :return: a bare connection of psycopg2
    """
    place = make_url(url)
    return psycopg2.connect(
        host=place.query["host"], port=place.query["port"], user=place.username, dbname=place.database
    )


def make_database(name: str, leads: int, *, keeps: bool = False, has_history: bool = True) -> Database:
    """Make a filled database, in place of the one of that name.

    :param name: its name
    :param leads: how many leads
    :param keeps: whether one that is there with as many leads is taken, after the migrations that it lacks
    :param has_history: whether its records have a history
    :return: the database
    """
    database = Database(f"{name}_{leads}" if has_history else f"{name}_{leads}_no_history", leads)
    if keeps and _administer("SELECT 1 FROM pg_database WHERE datname = %s", database.name):
        _migrate(database.app(statement_timeout=600))
        return database
    _administer(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)')
    _administer(f'CREATE DATABASE "{database.name}"')
    app = database.app(statement_timeout=600)
    _migrate(app)
    runner, history = app.test_cli_runner(), "--history" if has_history else "--no-history"
    started = time.perf_counter()
    for command, arguments in (
        (None, ["demo", "load"]),
        (fill, ["--leads", str(leads), history]),
    ):
        started = time.perf_counter()
        result = runner.invoke(command, args=arguments)
        if result.exit_code:
            print(result.output)
            _administer(f'DROP DATABASE "{database.name}" WITH (FORCE)')
            raise SystemExit(f"{' '.join(arguments)} failed.") from result.exception
    database.rows_a_second = leads / (time.perf_counter() - started)
    with app.app_context():
        db.engine.dispose()
    return database


def _migrate(app: Flask) -> None:
    with app.app_context():
        upgrade()


def _administer(statement: str, *values: str) -> Sequence[Any]:
    connection = connect(server.url())
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
