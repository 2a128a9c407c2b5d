"""A web server that is killed while it applies a bulk edit leaves nothing half done, and the other one can do it."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest
from sqlalchemy import func, select, text

from crm_web.models import BulkItem, Change, Lead, LeadStatus
from tests.databases import OwnDatabase
from tests.operation.launch import launch_pair, wait_for
from tests.operation.test_concurrency import Pair

pytestmark = pytest.mark.slow
ROWS = 50


@pytest.fixture
def pair(own_database: OwnDatabase) -> Iterator[Pair]:
    """Two servers on one database with leads of nobody's."""
    with own_database.session() as session:
        session.add_all(Lead(company=f"Company {number}") for number in range(ROWS))
        session.commit()
    with launch_pair(own_database) as servers:
        yield Pair(own_database, servers)


def count_statuses(own: OwnDatabase) -> dict[LeadStatus, int]:
    """How many leads there are of each status."""
    with own.session() as session:
        rows = session.execute(select(Lead.status, func.count()).group_by(Lead.status))
        return {row[0]: row[1] for row in rows}


def is_waiting(own: OwnDatabase) -> bool:
    """Whether a server waits for a lock in the middle of its work."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with own.session() as session:
        return bool(session.scalar(text(waiting)))


def test_a_killed_worker_leaves_nothing_half_done(pair: Pair) -> None:
    one, two = pair.servers
    with pair.own.session() as session:
        ids = session.scalars(select(Lead.id)).all()
    chosen = [("action", "status:contacted"), *(("ids", str(lead_id)) for lead_id in ids)]
    status, headers, _ = pair.window.post(one, "/bulk/lead", chosen)
    assert (status, bool(re.fullmatch(r"/bulk/\d+", headers["Location"]))) == (303, True)
    place = headers["Location"]

    # The leads are written before their items, so whoever holds an item stops the edit in its middle.
    holder = pair.own.connect()
    holder.cursor().execute("SELECT FROM bulk_items ORDER BY record_id DESC LIMIT 1 FOR UPDATE")
    with ThreadPoolExecutor(1) as pool:
        click = pool.submit(pair.window.post, one, f"{place}/apply", {})
        wait_for(lambda: is_waiting(pair.own), 30)
        os.kill(one.worker_pid(), signal.SIGKILL)
        with pytest.raises((OSError, HTTPException)):
            click.result(30)
    holder.close()
    wait_for(lambda: not is_waiting(pair.own), 30)
    assert count_statuses(pair.own) == {LeadStatus.NEW: ROWS}

    page = pair.window.get(two, place)[2]
    assert "Review before applying." in page
    assert pair.window.post(two, f"{place}/apply", {})[0] == 303
    assert count_statuses(pair.own) == {LeadStatus.CONTACTED: ROWS}
    with pair.own.session() as session:
        assert set(session.scalars(select(BulkItem.outcome))) == {"done"}
        assert session.scalar(select(func.count()).where(Change.action == "changed", Change.entity == "lead")) == ROWS
