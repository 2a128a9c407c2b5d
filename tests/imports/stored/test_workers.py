"""Two workers, a killed one, and an import that is cancelled while a worker is at it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from crm_web.core.config import ROOT
from crm_web.imports.stored import running
from crm_web.imports.stored.running import ImportRunner
from crm_web.models import Import, ImportChunk, ImportProgress, ImportState, Lead, WorkerHeartbeat
from tests.databases import OwnDatabase
from tests.imports.stored.conftest import Upload, Work
from tests.imports.stored.test_import_in_browser import LEADS
from tests.operation.launch import wait_for
from tests.page import Page
from tests.rows import count


@pytest.fixture
def app(own_database: OwnDatabase) -> Flask:
    """With transactions of their own, as workers have them."""
    return own_database.app


@pytest.fixture
def session(own_database: OwnDatabase) -> Iterator[Session]:
    """A session whose commits are real."""
    with own_database.session() as session:
        yield session


@contextmanager
def turn_taken(own: OwnDatabase) -> Iterator[None]:
    """Inside, each import waits for another one, in the middle of its work."""
    connection = own.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(7430003)")
        yield
    finally:
        connection.close()


@contextmanager
def worker_of(own: OwnDatabase) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker as a program of its own."""
    settings = {"DATABASE_URL": own.url, "SECRET_KEY": own.app.config["SECRET_KEY"]}
    command = [sys.executable, "-m", "flask", "worker"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def is_waiting(session: Session) -> bool:
    """Whether a worker is in the middle of an import."""
    session.commit()
    return "Waiting for another import" in session.scalars(select(ImportProgress.stage)).all()


def is_there(session: Session) -> bool:
    """Whether there is an import."""
    session.commit()
    return count(session, Import) > 0


def ask_to_import(upload: Upload, work: Work) -> Page:
    """Upload and check a file, and ask for the import; gives the page that waits."""
    page = upload(LEADS).form("/file").submit().follow().form("/columns").submit().follow()
    work()
    return page.browser.open(page.url).form("/import").submit().follow()


def test_a_killed_worker_leaves_nothing_and_the_next_one_does_it_once(
    own_database: OwnDatabase, app: Flask, session: Session, upload: Upload, work: Work
) -> None:
    page = ask_to_import(upload, work)
    with turn_taken(own_database), worker_of(own_database) as worker:
        wait_for(lambda: is_waiting(session), 30)
        assert "Waiting for another import" in page.browser.open(page.url).text
        with app.app_context():
            assert ImportRunner().run() is False
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(10)
    busy = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM"
                " pg_database WHERE datname = current_database())")  # fmt: skip
    wait_for(lambda: session.scalar(busy) == 0, 30)
    session.commit()
    assert (count(session, Lead), session.scalars(select(Import.state)).one()) == (0, ImportState.IMPORTING)
    session.commit()
    work()
    assert (count(session, Lead), session.scalars(select(Import.state)).one()) == (2, ImportState.IMPORTED)
    assert session.scalars(select(ImportProgress.attempts)).one() == 2


def test_an_import_is_cancelled_while_a_worker_is_at_it(
    own_database: OwnDatabase, session: Session, upload: Upload, work: Work
) -> None:
    page = ask_to_import(upload, work)
    with worker_of(own_database):
        with turn_taken(own_database):
            wait_for(lambda: is_waiting(session), 30)
            assert "being canceled" in page.button("Cancel import").follow().text
            assert "Canceling" in page.browser.open(page.url).text
        wait_for(lambda: not is_there(session), 30)
    assert (count(session, Lead), count(session, ImportChunk)) == (0, 0)


def test_an_import_that_fails_again_and_again_is_given_back(
    session: Session, upload: Upload, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ask_to_import(upload, work)
    session.execute(update(ImportProgress).values(attempts=running.MOST_ATTEMPTS))
    session.commit()
    work()
    page = page.browser.open(page.url).follow()
    assert "failed at this three times" in page.text
    assert page.button("Import 2 leads").status == 303
    work()
    session.commit()
    assert count(session, Lead) == 2


def test_a_page_that_waits_for_nobody_says_so(session: Session, upload: Upload, work: Work) -> None:
    page = ask_to_import(upload, work)
    assert "Waiting for the worker" in page.text
    session.execute(update(WorkerHeartbeat).values(seen_at=text("now() - interval '5 minutes'")))
    session.commit()
    page = page.browser.open(page.url)
    assert "No worker is running" in page.text and "5 minutes ago" in page.text
