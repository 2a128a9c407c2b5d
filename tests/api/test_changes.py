"""The feed of changes: ordered, complete, whoever writes at once."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.models import EVERYTHING, Change, Notification, NotificationCursor, Webhook
from crm_web.notifications.operations import notify_of_changes
from tests.api.client import Program
from tests.databases import OwnDatabase
from tests.factories import make_lead, make_token

WRITERS = 6
TRANSACTIONS = 25
MARK_OF_A_WEBHOOK = "6000000000-0"


def _write(own: OwnDatabase, seed: int) -> None:
    """Several changes in a transaction, some of which wait before they end, and some of which never happen."""
    chance = Random(seed)  # noqa: S311
    for turn in range(TRANSACTIONS):
        with own.engine.connect() as connection:
            for number in range(chance.randint(1, 4)):
                connection.execute(
                    text("INSERT INTO leads (last_name) VALUES (:name)"), {"name": f"{seed}-{turn}-{number}"}
                )
                connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": chance.random() * 0.01})
            (connection.rollback if chance.random() < 0.2 else connection.commit)()


def _follow(program: Program, is_over: Event, start: str | None = None) -> list[int]:
    seen: list[int] = []
    after = start
    while True:
        was_over = is_over.is_set()
        feed = program.get(f"/changes?limit=7{f'&after={after}' if after else ''}").get_json()
        seen += [change["id"] for change in feed["items"]]
        after = feed["after"]
        if was_over and feed["is_all"]:
            return seen


def _program(own: OwnDatabase, session: Session) -> Program:
    return Program(own.app, make_token(session, own.find(session, "ann")))


def test_nothing_is_skipped_while_others_write(own_database: OwnDatabase) -> None:
    own_database.app.config["API_REQUESTS_A_MINUTE"] = 1_000_000
    with own_database.session() as session:
        program = _program(own_database, session)
    is_over = Event()
    with ThreadPoolExecutor(WRITERS + 1) as pool:
        follower = pool.submit(_follow, program, is_over)
        try:
            for writer in [pool.submit(_write, own_database, seed) for seed in range(WRITERS)]:
                writer.result(60)
        finally:
            is_over.set()
        seen = follower.result(60)
    with own_database.session() as session:
        there = session.scalars(select(Change.id)).all()
    assert len(seen) == len(set(seen))
    assert sorted(seen) == sorted(there)


def test_a_change_waits_for_an_older_transaction(own_database: OwnDatabase) -> None:
    with own_database.session() as session, own_database.engine.connect() as slow:
        program = _program(own_database, session)
        start = program.get("/changes?limit=500").get_json()["after"]
        slow.execute(text("INSERT INTO leads (last_name) VALUES ('Slow')"))
        quick = make_lead(session, last_name="Quick")
        assert program.get(f"/changes?after={start}").get_json()["items"] == []
        slow.commit()
        names = [
            change["fields"]["last_name"][1] for change in program.get(f"/changes?after={start}").get_json()["items"]
        ]
    assert quick.id
    assert sorted(names) == ["Quick", "Slow"]


@pytest.mark.slow
def test_the_feed_goes_on_in_another_cluster(own_database: OwnDatabase, restored: OwnDatabase) -> None:
    with own_database.session() as session:
        for number in range(3):
            make_lead(session, last_name=f"Before {number}")
        program = _program(own_database, session)
        _make_older(session)
        there = session.scalars(select(Change.id).order_by(Change.xact, Change.id)).all()
    restored.restore(own_database)
    program.client = restored.app.test_client()
    before = program.get("/changes?limit=500").get_json()
    assert [change["id"] for change in before["items"]] == there
    with restored.session() as session:
        ann = restored.find(session, "ann")
        later = [make_lead(session, last_name=f"After {number}", owner_id=ann.id).id for number in range(2)]
    with restored.app.app_context():
        notify_of_changes()
        db.session.commit()
    with restored.session() as session:
        assert list(session.scalars(select(Notification.entity_id))) == later
    for mark in (before["after"], MARK_OF_A_WEBHOOK):
        after = program.get(f"/changes?after={mark}").get_json()
        assert [(change["entity"], change["entity_id"]) for change in after["items"]] == [("lead", id) for id in later]


def _make_older(session: Session) -> None:
    """As if all this were from a cluster that has counted many more transactions."""
    webhook = Webhook(url="https://hooks.example.com/piper", events=[EVERYTHING], secret=b"s" * 32)
    webhook.mark_xact = int(MARK_OF_A_WEBHOOK.partition("-")[0])
    session.add(webhook)
    session.execute(update(NotificationCursor).values(mark_xact=webhook.mark_xact + 10))
    session.execute(text("ALTER TABLE changes DISABLE TRIGGER USER"))
    session.execute(text("UPDATE changes SET xact = (xact::text::bigint + 5000000000)::text::xid8"))
    session.execute(text("ALTER TABLE changes ENABLE TRIGGER USER"))
    session.commit()
