"""Several people at the same records at once, and a merge that is cut off in the middle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.merging.operations import merge_records
from crm_web.models import Activity, Employee, Lead, RecordKind, RecordMerge
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_lead, make_sign_in
from tests.page import Browser, Form, Page
from tests.stateful.invariants import list_violations


def at_once(*requests: Callable[[], Page]) -> list[Page]:
    together = Barrier(len(requests))

    def send(request: Callable[[], Page]) -> Page:
        together.wait()
        return request()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


def open_merge(own: OwnDatabase, session: Session, name: str, leads: list[Lead]) -> Form:
    browser = Browser(own.app, make_sign_in(session, own.find(session, name)))
    ids = ",".join(str(lead.id) for lead in leads)
    return browser.get("merging.preview_merge", records="leads", ids=ids).form("merge")


def make_leads(session: Session, by: Employee) -> list[Lead]:
    leads = [make_lead(session, by=by, last_name=f"Castillo{number}", company="Acme") for number in range(2)]
    for lead in leads:
        make_activity(session, by=by, lead_id=lead.id)
    return leads


def test_whoever_comes_second_is_told(own_database: OwnDatabase) -> None:
    own = own_database
    with own.session() as session:
        ada = own.find(session, "ada")
        leads = make_leads(session, ada)
        # Two people merge the same pair, each into another one.
        forms = [open_merge(own, session, name, leads) for name in ("ada", "max")]
        answers = at_once(*(partial(form.submit, keep=str(lead.id)) for form, lead in zip(forms, leads, strict=True)))
        told = sorted(answer.follow().flash for answer in answers)
        assert "2 leads merged into" in told[0] and "merged or deleted meanwhile" in told[1]
        merge = session.scalars(select(RecordMerge)).one()
        assert set(session.scalars(select(Activity.lead_id))) == {merge.kept_id}
        # Two people undo it.
        browsers = [form.page.browser for form in forms]
        answers = at_once(*(partial(it.post, "merging.undo_merge", merge_id=merge.id) for it in browsers))
        flashes = sorted(answer.follow().flash for answer in answers)
        assert flashes[0].startswith("Merge undone.") and "already undone" in flashes[1]
        # One merges, the other edits what is merged away: the edit is seen first, or refused.
        form = open_merge(own, session, "max", leads)
        edit = browsers[0].get("leads.edit_lead", lead_id=leads[1].id).form("edit")
        merging, editing = {"keep": str(leads[0].id)}, {"industry": "Tools", "confirmed": "1"}
        merged, edited = at_once(partial(form.submit, **merging), partial(edit.submit, **editing))
        assert (merged.status, edited.status) in {(303, 409), (409, 303), (303, 303), (303, 422)}
        session.expire_all()
        if merged.status == 409:
            assert leads[1].industry == "Tools" and leads[1].merged_into_id is None
    assert list_violations(own.connect()) == []


def test_a_merge_that_is_cut_off_changes_nothing(own_database: OwnDatabase) -> None:
    own = own_database
    with own.session() as session:
        leads = make_leads(session, own.find(session, "ada"))
        ids: list[Any] = [lead.id for lead in leads]
    with own.app.app_context():
        by = db.session.scalars(select(Employee).order_by(Employee.id)).first()
        assert by is not None
        merge_records(RecordKind.LEAD, ids, keep=ids[0], by=by)
        backend = db.session.scalar(select(func.pg_backend_pid()))
        with own.session() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
        with pytest.raises(DBAPIError):
            db.session.commit()
        db.session.rollback()
    with own.session() as session:
        assert session.scalars(select(RecordMerge)).all() == []
        assert [lead.merged_into_id for lead in session.scalars(select(Lead))] == [None, None]
    assert list_violations(own.connect()) == []
