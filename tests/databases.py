"""The test server and its databases: templates built once by the migrations, and copies that tests make and drop."""

import os
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg2
from argon2 import PasswordHasher
from flask import Flask
from flask_migrate import upgrade
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from psycopg2.extensions import connection as Connection
from sqlalchemy import Engine, make_url, select, text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from crm_web import create_app
from crm_web.core.config import ROOT, Settings
from crm_web.core.extensions import db
from crm_web.launcher.postgres import EmbeddedServer
from crm_web.launcher.programs import find_program
from crm_web.models import Employee, Role

PASSWORD = "piper-demo"
CAST = {
    "ada": ("Ada Okafor", Role.ADMIN),
    "max": ("Max Lindqvist", Role.MANAGER),
    "ann": ("Ann Keller", Role.SALES),
    "bob": ("Bob Tanaka", Role.SALES),
    "vera": ("Vera Rossi", Role.VIEWER),
}

server = EmbeddedServer(ROOT / "var" / "tests", durable=False)


class CompiledTemplates(BytecodeCache):
    """What templates were compiled to, for all applications of this process: each would do it again."""

    def __init__(self) -> None:
        self.codes: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled from the same text."""
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self.codes[bucket.key, bucket.checksum] = bucket.code


compiled_templates = CompiledTemplates()
_compile_builder: Any = Rule._compile_builder
_builders: dict[Any, Any] = {}


def _compile_once(rule: Any, append_unknown: bool = True) -> Any:
    """Compile how the addresses of a rule are built, which is nearly all the work of building an application, once for
    all applications of this process.
    """
    converters = tuple((name, type(converter)) for name, converter in rule._converters.items())
    key = (rule.rule, rule.subdomain, repr(rule.defaults), converters, append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


Rule._compile_builder = _compile_once  # type: ignore[method-assign,assignment]


def create_test_app(database: str) -> Flask:
    """The application on one database of the test server."""
    app = create_app(settings_for(database))
    app.jinja_env.bytecode_cache = compiled_templates
    return app


def settings_for(database: str) -> Settings:
    """Settings of an installation on one database of the test server."""
    return Settings(
        database_url=server.url(database),
        secret_key="only-for-tests-" + "0123456789" * 2,
        database_connections=40,
        # Whoever waits for a lock on a machine that is busy with other tests waits longer.
        lock_timeout=30,
        statement_timeout=30,
        company_name="Piper Trading Ltd",
        # All addresses there are.
        scim=True,
        site_url="https://crm.example",
    )


def begin_templates() -> Future[None]:
    """Begin to build the databases that all others of this run are copied from, while this process does other things;
    the first copy has to wait for the end.
    """
    os.environ["PIPER_TEST_RUN"] = f"test_{os.getpid()}"
    builder = ThreadPoolExecutor(1)
    templates = builder.submit(_build_templates)
    builder.shutdown(wait=False)
    return templates


def _build_templates() -> None:
    """Build one without people and one with the cast."""
    _drop_what_killed_runs_left()
    empty, peopled = _name("empty"), _name("peopled")
    _administer(f'CREATE DATABASE "{empty}"')
    app = create_test_app(empty)
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()
    copy_template("peopled", of="empty")
    engine = create_test_app(peopled)
    with engine.app_context():
        _hire_the_cast()
        db.session.remove()
        db.engine.dispose()


def copy_template(name: str, *, of: str = "peopled") -> str:
    """Make a database for this run, and give its name."""
    _administer(f'CREATE DATABASE "{_name(name)}" TEMPLATE "{_name(of)}" STRATEGY FILE_COPY')
    return _name(name)


def drop_database(name: str) -> None:
    """Drop a database, whoever is still connected to it."""
    _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def drop_all() -> None:
    """Drop every database of this run."""
    if "PIPER_TEST_RUN" in os.environ:
        for name in _administer("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", _name("")):
            drop_database(name)


def _name(name: str) -> str:
    return f"{os.environ['PIPER_TEST_RUN']}_{name}"


def _hire_the_cast() -> None:
    password_hash = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)
    for first_name, (name, role) in CAST.items():
        address = f"{first_name}@piper.example"
        db.session.add(Employee(name=name, email=address, role=role, password_hash=password_hash))
        db.session.flush()
    db.session.commit()


def _drop_what_killed_runs_left() -> None:
    for name in _administer(r"SELECT datname FROM pg_database WHERE datname ~ '^test_\d+_'"):
        try:
            os.kill(int(name.split("_")[1]), 0)
        except ProcessLookupError:
            drop_database(name)


def _administer(statement: str, *values: Any) -> list[Any]:
    """Run one statement outside of any transaction; gives the first column of what it returns."""
    connection = _connect(server.url())
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return [row[0] for row in cursor] if cursor.description else []
    finally:
        connection.close()


def _connect(database_url: str) -> Connection:
    url = make_url(database_url)
    return psycopg2.connect(
        host=url.query["host"], port=url.query["port"], user=url.username, dbname=url.database, connect_timeout=5
    )


def find_employee(session: Session, first_name: str) -> Employee:
    """One of the cast, such as ``ann``."""
    return session.scalars(select(Employee).where(Employee.email == f"{first_name}@piper.example")).one()


class OwnDatabase:
    """A database that belongs to one test, or to the tests of a browser.

    :param name: its name on the test server
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.app: Flask = create_test_app(name)
        self.url: str = self.app.config["SQLALCHEMY_DATABASE_URI"]
        with self.app.app_context():
            self.engine: Engine = db.engine

    def session(self) -> Session:
        """A session with a connection of its own; its commits are real."""
        return Session(self.engine, expire_on_commit=False)

    def connect(self) -> Connection:
        """A bare psycopg2 connection."""
        return _connect(self.url)

    def find(self, session: Session, first_name: str) -> Employee:
        """One of the cast, such as ``ann``."""
        return find_employee(session, first_name)

    def restore(self, other: "OwnDatabase") -> None:
        """Make this database a copy of another one, as operators do: with what pg_dump writes and pg_restore reads."""
        with self.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
        self.engine.dispose()
        url = make_url(self.url)
        server_of = ["-h", str(url.query["host"]), "-p", str(url.query["port"]), "-U", str(url.username)]
        dump = subprocess.run(
            [find_program("pg_dump"), *server_of, "-Fc", other.name], stdout=subprocess.PIPE, check=True
        )
        command = [find_program("pg_restore"), *server_of, "--exit-on-error", "-d", self.name]
        subprocess.run(command, input=dump.stdout, check=True)

    def drop(self) -> None:
        """Let go of all connections and drop the database."""
        self.engine.dispose()
        drop_database(self.name)
