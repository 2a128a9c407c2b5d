"""Compacting the counts: a portion at a time, by one worker at a time."""

import pytest
from sqlalchemy import func, select, text

from crm_web.core.extensions import db
from crm_web.models import CountDelta
from crm_web.stats import operations
from crm_web.stats.operations import compact_counts
from tests.databases import OwnDatabase
from tests.factories import make_lead


def test_portions_and_another_worker(own_database: OwnDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "PORTION", 2)
    with own_database.session() as other, own_database.app.app_context():
        make_lead(other)
        waiting = select(func.count()).select_from(CountDelta)
        count = other.scalar(waiting) or 0
        assert count > 2
        # What another worker does just now.
        other.execute(text("SELECT crm_compact_counts(1)"))
        assert compact_counts() is False
        db.session.rollback()
        assert db.session.scalar(waiting) == count
        other.rollback()
        assert compact_counts() is True
        db.session.commit()
        assert db.session.scalar(waiting) == count - 2
        while compact_counts():
            pass
        assert db.session.scalar(waiting) == 0
        db.session.rollback()
