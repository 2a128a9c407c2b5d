"""The worker: each job again and again, whatever becomes of the others."""

from collections.abc import Callable
from threading import Thread, current_thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.models import CountDelta
from crm_web.stats.operations import compact_counts
from crm_web.worker import jobs, runner
from crm_web.worker.runner import Job, Worker
from tests.databases import OwnDatabase, server
from tests.factories import make_lead
from tests.operation.launch import wait_for
from tests.worker.run import run_worker


def failing_with(error: Exception) -> Callable[[], bool]:
    def fail() -> bool:
        raise error

    return fail


def test_a_job_that_fails_is_logged_and_does_not_stop_the_others(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def work() -> bool:
        done.append("portion")
        return len(done) < 3

    away = OperationalError("SELECT 1", {}, Exception("it is gone\nby now"))
    worker = Worker(
        app,
        [
            Job("broken", failing_with(ValueError("a fault")), every=1),
            Job("database", failing_with(away), every=1),
            Job("portions", work, every=1, finish=lambda: done.append("end")),
        ],
    )
    assert worker.run_once() == ["broken", "database"]
    assert done == ["portion", "portion", "portion", "end"]
    told = {record.getMessage(): bool(record.exc_info) for record in caplog.records}
    assert told == {"job broken failed: a fault": True, "job database failed: it is gone": False}


def test_what_a_failed_job_wrote_is_rolled_back(app: Flask, session: Session) -> None:
    lead = make_lead(session, last_name="Okoro")

    def rename(name: str) -> bool:
        db.session.execute(text("UPDATE leads SET last_name = :name WHERE id = :id"), {"name": name, "id": lead.id})
        return False

    def fail() -> bool:
        rename("Lost")
        raise ValueError

    Worker(app, [Job("kept", lambda: rename("Kept"), every=1), Job("lost", fail, every=1)]).run_once()
    session.refresh(lead)
    assert lead.last_name == "Kept"


def test_it_goes_on_after_a_failure_and_stops_when_the_run_has_ended(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PAUSE_AFTER_FAILURE", 0.01)
    done: list[Any] = []

    def work() -> bool:
        done.append(current_thread().name)
        if len(done) == 1:
            raise ValueError
        if len(done) == 3:
            # Asked to stop in the middle of a run, with more to do.
            worker.stop()
            done.append("ended")
        return True

    worker = Worker(app, [Job("work", work, every=0.01, finish=lambda: done.append("finished"), thread="own")])
    thread = Thread(target=worker.run)
    thread.start()
    thread.join(10)
    assert done == ["worker-own"] * 3 + ["ended", "finished"]


def test_jobs_of_one_thread_take_turns(app: Flask) -> None:
    done: list[str] = []

    def work(name: str) -> bool:
        done.append(name)
        if len(done) == 6:
            worker.stop()
        return True

    worker = Worker(app, [Job("a", lambda: work("a"), every=1), Job("b", lambda: work("b"), every=1)])
    worker.run()
    assert sorted(done[:6]) == ["a", "a", "a", "b", "b", "b"]


def test_it_compacts_the_counts(app: Flask, session: Session) -> None:
    make_lead(session)
    assert session.scalar(select(func.count()).select_from(CountDelta)) != 0
    run_worker(app)
    assert session.scalar(select(func.count()).select_from(CountDelta)) == 0


def test_the_command_fails_where_a_job_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "compact_counts", failing_with(ValueError("a fault")))
    result = app.test_cli_runner().invoke(args=["worker", "--once"])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[1:] == ["Error: Failed: compact counts. The log says why."]


def test_it_waits_for_a_database_that_is_away(
    own_database: OwnDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runner, "PAUSE_AFTER_FAILURE", 0.05)
    worker = Worker(own_database.app, [Job("compact", compact_counts, every=0.05)])
    thread = Thread(target=worker.run)
    thread.start()
    try:
        with create_engine(server.url(), isolation_level="AUTOCOMMIT").connect() as admin:
            admin.execute(text(f"ALTER DATABASE {own_database.name} ALLOW_CONNECTIONS false"))
            admin.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
                {"name": own_database.name},
            )
            wait_for(lambda: bool(caplog.records))
            admin.execute(text(f"ALTER DATABASE {own_database.name} ALLOW_CONNECTIONS true"))
        admin.engine.dispose()
        with own_database.session() as session:
            make_lead(session)
            wait_for(lambda: _count_deltas(session) == 0)
    finally:
        worker.stop()
        thread.join(10)
    assert not thread.is_alive()
    assert {bool(record.exc_info) for record in caplog.records} == {False}


def _count_deltas(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(CountDelta)) or 0
