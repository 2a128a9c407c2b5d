"""What the database refuses to do to a receipt, and how drafts and large selections are dealt with."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, InternalError
from sqlalchemy.orm import Session

from crm_web.bulk import operations
from crm_web.bulk.operations import TooMany, apply_edit, save_selection
from crm_web.bulk.queries import select_ids
from crm_web.core.extensions import db
from crm_web.models import BulkAction, BulkEdit, BulkEntity, Customer, Employee, Lead
from tests.factories import make_customer, make_lead
from tests.worker.run import run_worker


def freeze(lead: Lead, by: Employee, action: BulkAction = BulkAction.TRASH) -> BulkEdit:
    """An edit of one lead, not applied."""
    selection = select_ids(BulkEntity.LEAD, [lead.id])
    return save_selection(BulkEntity.LEAD, action, selection, place="/leads", by=by)


@pytest.fixture
def receipt(app: Flask, session: Session, ann: Employee) -> int:
    """The id of an edit that was applied."""
    lead = make_lead(session)
    with app.app_context():
        edit = apply_edit(freeze(lead, db.session.get_one(Employee, ann.id)), {}, by=ann)
        db.session.commit()
        return edit.id


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bulk_items SET reason = 'other'",
        "UPDATE bulk_items SET outcome = 'pending', version_after = NULL",
        "DELETE FROM bulk_items",
        "UPDATE bulk_edits SET values = '{}', place = '/'",
        "UPDATE bulk_edits SET applied_at = NULL",
        "DELETE FROM bulk_edits",
        "TRUNCATE bulk_items",
        "TRUNCATE bulk_edits CASCADE",
    ],
)
def test_a_receipt_is_never_altered(receipt: int, session: Session, statement: str) -> None:
    with pytest.raises((IntegrityError, InternalError)):
        session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bulk_items SET undo_outcome = 'lost'",
        "UPDATE bulk_edits SET undone_at = now()",
        "INSERT INTO bulk_edits (entity, action, place, made_by_id) SELECT 'customer', 'source', '/', made_by_id"
        " FROM bulk_edits",
        "INSERT INTO bulk_edits (entity, action, place, made_by_id) SELECT 'contact', 'trash', '/', made_by_id"
        " FROM bulk_edits",
    ],
)
def test_what_makes_no_sense_is_refused(receipt: int, session: Session, statement: str) -> None:
    with pytest.raises(IntegrityError):
        session.execute(text(statement))


def test_its_undo_is_noted_once(receipt: int, session: Session) -> None:
    once = "UPDATE bulk_items SET undo_outcome = 'undone'"
    session.execute(text(once))
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE bulk_items SET undo_outcome = 'left'"))


def test_too_many_are_refused_with_their_number(
    app: Flask, session: Session, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "MOST", 2)
    for _ in range(3):
        make_customer(session)
    with app.app_context(), pytest.raises(TooMany, match="You selected 3 customers; the limit is 2."):
        save_selection(BulkEntity.CUSTOMER, BulkAction.TRASH, select(Customer), place="/", by=ann)


def test_drafts_are_forgotten_after_their_days(app: Flask, session: Session, ann: Employee, bob: Employee) -> None:
    lead = make_lead(session)
    with app.app_context():
        for person in (ann, bob):
            freeze(lead, db.session.get_one(Employee, person.id))
        db.session.execute(text("UPDATE bulk_edits SET created_at = now() - interval '8 days'"))
        freeze(lead, db.session.get_one(Employee, ann.id))
        db.session.commit()
    run_worker(app)
    with app.app_context():
        makers: list[Any] = list(db.session.scalars(select(BulkEdit.made_by_id).order_by(BulkEdit.id)))
    assert makers == [ann.id]
