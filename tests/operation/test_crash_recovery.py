"""Workers, instances and connections are killed while people write: what was answered is there, nothing is half done.

Every client sends the same form again until it is answered, as a person does who sees no page. For longer:
``KILLED_SECONDS=600 .venv/bin/python -m pytest -s tests/operation/test_crash_recovery.py``
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Timer
from typing import Any

import pytest

from tests.databases import OwnDatabase
from tests.factories import make_customer, make_lead
from tests.operation.killing import Client, Servers
from tests.operation.launch import temporary_folder
from tests.stateful.invariants import list_violations

pytestmark = pytest.mark.slow
SECONDS = float(os.environ.get("KILLED_SECONDS", "8"))
SEED = int(os.environ.get("KILLED_SEED", "1"))
PEOPLE = ("ann", "bob", "max", "ann", "max", "bob")


@pytest.fixture
def servers(own_database: OwnDatabase) -> Iterator[Servers]:
    """The two instances, ready."""
    with temporary_folder() as folder:
        servers = Servers(own_database, folder)
        try:
            for server in servers.running:
                server.wait_until_ready()
            yield servers
        finally:
            servers.stop()


@pytest.mark.timeout(SECONDS + 600)
def test_what_was_answered_is_there_whoever_is_killed(own_database: OwnDatabase, servers: Servers) -> None:
    with own_database.session() as session:
        ada = own_database.find(session, "ada")
        regular = make_customer(session, ada, name="Stammkunde AS")
        shared = [make_lead(session, ada, company=f"Felles {n}", email=f"post@felles{n}.example") for n in range(3)]
    ids = [lead.id for lead in shared]
    clients = [Client(servers, name, SEED + n, regular.id, ids) for n, name in enumerate(PEOPLE)]

    try:
        _let_loose(servers, clients)
        _check(own_database, clients)
    finally:
        for log in servers.logs:
            print(*(line for line in log.read_text().splitlines() if '"error"' in line), sep="\n")  # noqa: T201
        answers = sum((client.answers for client in clients), Counter[str]())
        print(f"\n{dict(servers.kills)} killed; answers: {dict(answers)}")  # noqa: T201
    assert servers.kills["worker"] and servers.kills["connection to the database"]


def _let_loose(servers: Servers, clients: list[Client]) -> None:
    end = Event()
    timer = Timer(SECONDS, end.set)
    timer.start()
    with ThreadPoolExecutor(len(clients) + 2) as pool:
        try:
            work = [pool.submit(client.write_until, end) for client in clients]
            for kill in (servers.kill_processes_until, servers.kill_connections_until):
                work.append(pool.submit(kill, end, random.Random(SEED)))  # noqa: S311
            for one in work:
                one.result()
        finally:
            timer.cancel()
            end.set()


def _check(own: OwnDatabase, clients: list[Client]) -> None:
    connection = own.connect()
    try:
        assert list_violations(connection) == []
        with connection.cursor() as cursor:
            for client in clients:
                _check_client(client, cursor)
    finally:
        connection.close()


def _check_client(client: Client, cursor: Any) -> None:
    """Each of their leads is there once, with just the history that was answered."""
    for lead in client.leads:
        cursor.execute("SELECT id FROM leads WHERE last_name = %s", (lead.name,))
        assert cursor.fetchall() == [(lead.id,)]
        cursor.execute("SELECT fields FROM changes WHERE entity = 'lead' AND entity_id = %s ORDER BY id", (lead.id,))
        assert [_as_line(fields) for (fields,) in cursor] == lead.lines
    for name, location in client.customers.items():
        cursor.execute("SELECT '/customers/' || id FROM customers WHERE name = %s", (name,))
        assert cursor.fetchall() == [(location,)]
    for place, count in client.edits.items():
        query = "SELECT outcome, count(*) FROM bulk_items WHERE '/bulk/' || bulk_edit_id = %s GROUP BY outcome"
        cursor.execute(query, (place,))
        assert cursor.fetchall() == [("done", count)]
    cursor.execute("SELECT request_id, entity, fields FROM changes WHERE request_id = ANY(%s)", (client.not_saved,))
    assert cursor.fetchall() == [], "what was said not to be saved is there"


def _as_line(fields: dict[str, list[Any]]) -> tuple[str, Any]:
    """What a line of history says, in one word."""
    if "deleted_at" in fields:
        return "is in the trash", fields["deleted_at"][1] is not None
    return next((name, fields[name][1]) for name in ("status", "city", "customer_id") if name in fields)
