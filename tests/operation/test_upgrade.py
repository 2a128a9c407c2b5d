"""From the last release to this one and back, while people write: nobody is refused, kept waiting, or loses anything.

With many leads: ``UPGRADE_LEADS=200000 .venv/bin/python -m pytest -s tests/operation/test_upgrade.py``
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from bench.datagen.commands import fill
from crm_web.health.queries import OLDEST_SERVED
from tests.databases import OwnDatabase, copy_template
from tests.factories import make_lead
from tests.operation.launch import ROOT, Instance, find_free_port, temporary_folder, wait_for
from tests.operation.releases import check_out, find_last_release
from tests.operation.traffic import Entrance, Traffic
from tests.stateful.invariants import list_violations
from tests.test_migrations import migrating

pytestmark = pytest.mark.slow
LEADS = int(os.environ.get("UPGRADE_LEADS", "0"))


class LockWaits:
    """How long anybody waited for a lock, apart from the migrations, which wait for others and try again."""

    def __init__(self, own: OwnDatabase) -> None:
        self.longest = 0.0
        self._own, self._end = own, Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look again and again during the block."""
        with ThreadPoolExecutor(1) as pool:
            watching = pool.submit(self._watch)
            try:
                yield
            finally:
                self._end.set()
        watching.result()

    def _watch(self) -> None:
        waited = text("""
            SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)
            FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE NOT granted AND datname = current_database() AND query !~ '^(ALTER|CREATE|DROP|LOCK|COMMENT)'
        """)
        with self._own.engine.connect() as connection:
            while not self._end.wait(0.05):
                self.longest = max(self.longest, float(connection.scalar(waited) or 0))
                connection.rollback()


@pytest.fixture
def last_release() -> Iterator[Path]:
    """The tree of the last release."""
    commit = find_last_release()
    if commit is None:
        pytest.skip("the history of this clone doesn't reach back to the last release")
    with check_out(commit) as tree:
        yield tree


@pytest.fixture
def filled() -> Iterator[OwnDatabase]:
    """A database of this release, with as many leads as are wished."""
    own = OwnDatabase(copy_template(secrets.token_hex(4), of="empty" if LEADS else "peopled"))
    try:
        for command, arguments in ((None, ["demo", "load"]), (fill, ["--leads", str(LEADS)])) if LEADS else ():
            done = own.app.test_cli_runner().invoke(command, args=arguments)
            assert done.exit_code == 0, done.output
        yield own
    finally:
        own.drop()


@pytest.mark.timeout(600 + LEADS // 100)
def test_drill_upgrade_and_back(filled: OwnDatabase, last_release: Path) -> None:
    traffic, locks = Traffic(filled), LockWaits(filled)
    last = max(path.name[:3] for path in (last_release / "migrations" / "versions").glob("[0-9]*.py"))
    assert last >= OLDEST_SERVED, "the last release is not among those that this one promises to let serve"
    with migrating(filled.app):
        downgrade(revision=last)
    settings = {"DATABASE_URL": filled.url, "SECRET_KEY": filled.app.config["SECRET_KEY"]}
    # Whoever is kept waiting by a lock for over a second is answered 503.
    settings |= {"API_REQUESTS_A_MINUTE": "100000", "LOCK_TIMEOUT": "1", "DRAIN_SECONDS": "0"}
    with temporary_folder() as folder:
        pair = [Instance(folder / name, find_free_port(), last_release, **settings) for name in ("one", "two")]
        try:
            for instance in pair:
                instance.wait_until_ready()
            with locks.watched(), traffic.through(Entrance(*[instance.port for instance in pair])):
                _migrate(settings)
                for status, told in [instance.get("/readyz") for instance in pair]:
                    assert (status, '"schema":"ahead"' in told) == (200, True), told
                for instance in pair:
                    _replace(instance, ROOT)
                # Back, while the other one stays: both releases serve on one schema.
                _replace(pair[0], last_release)
        finally:
            for instance in pair:
                instance.stop()
    print(f"{dict(traffic.answers)}, longest {traffic.longest}, for a lock {locks.longest:.2f} s")  # noqa: T201
    traffic.check()
    assert locks.longest < 1
    with filled.connect() as connection:
        # What a filling invents has no full history.
        assert LEADS or list_violations(connection) == []


def _migrate(settings: dict[str, str]) -> None:
    command = [sys.executable, "-m", "flask", "db", "upgrade"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _replace(instance: Instance, tree: Path) -> None:
    assert instance.stop() == 0, instance.printed()
    instance.tree = tree
    instance.start()
    instance.wait_until_ready()


def test_a_migration_that_waits_holds_up_nobody(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        lead_id = make_lead(session).id
    with migrating(own_database.app):
        downgrade(revision="057")
    in_the_way, writer = own_database.connect(), own_database.connect()
    with ThreadPoolExecutor() as pool:
        # As who has changed some lead and goes on.
        in_the_way.cursor().execute("LOCK TABLE leads IN ROW EXCLUSIVE MODE")
        migration = pool.submit(_upgrade, own_database)
        try:
            wait_for(lambda: _is_waiting(own_database))
            # Behind the migration, and so for as long as that waits.
            writer.cursor().execute("SET lock_timeout = '2s'")
            writer.cursor().execute("UPDATE leads SET next_step = 'Call' WHERE id = %s", [lead_id])
            writer.commit()
        finally:
            in_the_way.rollback()
        migration.result()
    for connection in (in_the_way, writer):
        connection.close()
    with own_database.engine.connect() as migrated:
        assert migrated.scalar(text("SELECT to_regclass('files')"))


def _upgrade(own: OwnDatabase) -> None:
    with migrating(own.app):
        upgrade()


def _is_waiting(own: OwnDatabase) -> bool:
    waiting = text("SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'leads'::regclass AND NOT granted)")
    with own.engine.connect() as connection:
        return bool(connection.scalar(waiting))
