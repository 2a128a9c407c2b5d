"""Databases that tests make and drop, and what really commits in them."""

from typing import Any

import psycopg2
from flask import Flask
from psycopg2.extensions import connection as Connection
from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session

from crm_web.extensions import db
from crm_web.models import Employee
from crm_web.postgres import EmbeddedServer


def connect(database_url: str) -> Connection:
    """Open a bare connection to the database of a SQLAlchemy address."""
    url = make_url(database_url)
    return psycopg2.connect(
        host=url.query["host"], port=url.query["port"], user=url.username, dbname=url.database, connect_timeout=5
    )


def administer(server: EmbeddedServer, statement: str, *values: Any) -> list[Any]:
    """Run one statement outside of any transaction; gives the first column of what it returns."""
    connection = connect(server.url())
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return [row[0] for row in cursor] if cursor.description else []
    finally:
        connection.close()


class OwnDatabase:
    """
    A database that belongs to one test.

    :param app: the application on it
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.url: str = app.config["SQLALCHEMY_DATABASE_URI"]
        with app.app_context():
            self.engine: Engine = db.engine

    def session(self) -> Session:
        """A session with a connection of its own; its commits are real."""
        return Session(self.engine, expire_on_commit=False)

    def connect(self) -> Connection:
        """A bare psycopg2 connection."""
        return connect(self.url)

    def find(self, session: Session, first_name: str) -> Employee:
        """One of the cast, such as ``ann``."""
        return session.query(Employee).filter_by(email=f"{first_name}@piper.example").one()

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()
