"""Bulk edits while others work: two clicks, two edits of the same leads, a single win, and a deactivation meanwhile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm_web.bulk.operations import EditUnderWay, apply_edit, save_selection, undo_edit
from crm_web.bulk.queries import select_ids
from crm_web.core.extensions import db
from crm_web.employees.operations import Handover, SuccessorNeeded, deactivate
from crm_web.models import BulkAction, BulkEdit, BulkEntity, BulkItem, Change, Customer, Employee, Lead, LeadStatus
from crm_web.records.operations import OwnerNotEntitled
from crm_web.winning.operations import change_status
from tests.databases import OwnDatabase
from tests.factories import make_lead

ROWS = 30


def person(first_name: str) -> Employee:
    """One of the cast, in the session of this thread."""
    return db.session.scalars(select(Employee).where(Employee.email == f"{first_name}@piper.example")).one()


def freeze(own: OwnDatabase, action: BulkAction, values: dict[str, Any], *, backwards: bool = False) -> int:
    """An edit of all leads, not applied."""
    with own.app.app_context():
        ids = list(db.session.scalars(select(Lead.id).order_by(Lead.id.desc() if backwards else Lead.id)))
        edit = save_selection(
            BulkEntity.LEAD, action, select_ids(BulkEntity.LEAD, ids), place="/leads", values=values, by=person("max")
        )
        db.session.commit()
        return edit.id


def at_once(app: Flask, *actions: Callable[[], object]) -> None:
    """Let each go on a connection of its own, in the same moment."""
    together = Barrier(len(actions))

    def run(action: Callable[[], object]) -> None:
        with app.app_context():
            together.wait(30)
            action()
            db.session.commit()

    with ThreadPoolExecutor(len(actions)) as pool:
        for waiting in [pool.submit(run, action) for action in actions]:
            waiting.result(60)


@pytest.fixture
def own(own_database: OwnDatabase) -> OwnDatabase:
    """A database with leads of nobody's, each of a company of its own."""
    with own_database.session() as session:
        session.add_all(Lead(company=f"Company {number:02}") for number in range(ROWS))
        session.commit()
    return own_database


def test_two_clicks_win_each_lead_once(own: OwnDatabase) -> None:
    edit_id = freeze(own, BulkAction.STATUS, {"status": "won"})

    def click() -> None:
        apply_edit(db.session.get_one(BulkEdit, edit_id), {"create_all": True}, by=person("max"))

    at_once(own.app, click, click, click)
    with own.session() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == ROWS
        assert session.scalar(select(func.count()).where(Change.entity == "lead", Change.action == "changed")) == ROWS
        assert set(session.scalars(select(BulkItem.outcome))) == {"done"}


def test_two_clicks_undo_once(own: OwnDatabase) -> None:
    edit_id = freeze(own, BulkAction.STATUS, {"status": "won"})
    with own.app.app_context():
        apply_edit(db.session.get_one(BulkEdit, edit_id), {"create_all": True}, by=person("max"))
        db.session.commit()

    def click() -> None:
        undo_edit(db.session.get_one(BulkEdit, edit_id), by=person("max"))

    at_once(own.app, click, click)
    with own.session() as session:
        assert set(session.scalars(select(Lead.status))) == {LeadStatus.NEW}
        assert set(session.scalars(select(Lead.version))) == {3}
        assert set(session.scalars(select(BulkItem.undo_outcome))) == {"undone"}


def test_two_edits_of_the_same_leads_never_wait_in_a_ring(own: OwnDatabase) -> None:
    edits = [
        freeze(own, BulkAction.STATUS, {"status": "won"}),
        freeze(own, BulkAction.STATUS, {"status": "lost"}, backwards=True),
        freeze(own, BulkAction.TRASH, {}, backwards=True),
    ]
    given: tuple[dict[str, Any], ...] = ({"create_all": True}, {"lost_reason": "price", "lost_note": None}, {})

    def click(number: int) -> None:
        apply_edit(db.session.get_one(BulkEdit, edits[number]), given[number], by=person("max"))

    at_once(own.app, *(lambda number=number: click(number) for number in range(3)))
    with own.session() as session:
        for lead_id, count in session.execute(
            select(BulkItem.record_id, func.count()).where(BulkItem.outcome == "done").group_by(BulkItem.record_id)
        ):
            assert session.get_one(Lead, lead_id).version == 1 + count
        # Whoever came first had its way with all of them.
        for edit_id in edits:
            assert len(set(session.scalars(select(BulkItem.outcome).where(BulkItem.bulk_edit_id == edit_id)))) == 1


def test_a_colleague_who_wins_one_meanwhile_is_not_overruled(own: OwnDatabase) -> None:
    edit_id = freeze(own, BulkAction.STATUS, {"status": "won"})

    def win_last() -> None:
        lead = db.session.scalars(select(Lead).order_by(Lead.id.desc()).limit(1)).one()
        change_status(lead, LeadStatus.WON, by=person("max"))

    def click() -> None:
        apply_edit(db.session.get_one(BulkEdit, edit_id), {"create_all": True}, by=person("max"))

    at_once(own.app, click, win_last)
    with own.session() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == ROWS
        assert set(session.scalars(select(Lead.status))) == {LeadStatus.WON}


def test_an_owner_who_is_deactivated_meanwhile_gets_nothing_or_hands_it_over(own: OwnDatabase) -> None:
    edit_id = freeze(own, BulkAction.ASSIGN, {})

    def click() -> None:
        try:
            apply_edit(db.session.get_one(BulkEdit, edit_id), {"owner_id": person("bob").id}, by=person("max"))
        except OwnerNotEntitled:
            db.session.rollback()

    def leave() -> None:
        try:
            deactivate(person("bob"), handover=Handover(None), by=person("ada"))
        except SuccessorNeeded:
            db.session.rollback()

    # Whoever comes second is told so in words.
    at_once(own.app, click, leave)
    with own.session() as session:
        bob = own.find(session, "bob")
        owned = session.scalar(select(func.count()).select_from(Lead).where(Lead.owner_id == bob.id))
        assert owned == (ROWS if bob.is_active else 0)


def test_nobody_sees_half_of_it(own: OwnDatabase) -> None:
    edit_id = freeze(own, BulkAction.STATUS, {"status": "contacted"})
    seen: set[int] = set()
    is_over = Event()

    def look() -> None:
        while not is_over.is_set():
            count = select(func.count()).select_from(Lead).where(Lead.status == LeadStatus.CONTACTED)
            seen.add(db.session.scalar(count) or 0)
            db.session.rollback()

    def click() -> None:
        try:
            apply_edit(db.session.get_one(BulkEdit, edit_id), {}, by=person("max"))
            db.session.commit()
        finally:
            is_over.set()

    at_once(own.app, click, look)
    assert seen <= {0, ROWS}


def test_whoever_waits_too_long_is_told_to_look_again(own: OwnDatabase) -> None:
    edit_id = freeze(own, BulkAction.TRASH, {})
    holder = own.connect()
    holder.cursor().execute("SELECT FROM bulk_edits FOR UPDATE")
    with own.app.app_context():
        db.session.execute(select(func.set_config("lock_timeout", "50ms", True)))
        with pytest.raises(EditUnderWay):
            apply_edit(db.session.get_one(BulkEdit, edit_id), {}, by=person("max"))
        db.session.rollback()
    holder.close()


def test_more_than_one_chunk_is_done(own: OwnDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_web.bulk.queries.CHUNK", 7)
    edit_id = freeze(own, BulkAction.STATUS, {"status": "won"})
    with own.app.app_context():
        edit = apply_edit(db.session.get_one(BulkEdit, edit_id), {"create_all": True}, by=person("max"))
        db.session.commit()
        assert set(db.session.scalars(select(Lead.status))) == {LeadStatus.WON}
        undo_edit(edit, by=person("max"))
        db.session.commit()
        assert set(db.session.scalars(select(Lead.status))) == {LeadStatus.NEW}
        assert all(customer.is_in_trash for customer in db.session.scalars(select(Customer)))


def test_a_name_that_is_too_long_for_a_customer_stops_no_other(own: OwnDatabase) -> None:
    with own.session() as session:
        long = make_lead(session, first_name="x" * 200, last_name="y" * 200)
    edit_id = freeze(own, BulkAction.STATUS, {"status": "won"})
    with own.app.app_context():
        apply_edit(db.session.get_one(BulkEdit, edit_id), {"create_all": True}, by=person("max"))
        db.session.commit()
        item = db.session.get_one(BulkItem, (edit_id, long.id))
        assert "Shorten the lead’s name" in (item.reason or "")
        assert db.session.scalar(select(func.count()).select_from(Customer)) == ROWS
