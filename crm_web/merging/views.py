"""The pages of a merge: records side by side, and what was merged."""

import re
from collections.abc import Sequence
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, require_change
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.merging import blueprint, operations, queries
from crm_web.merging.fields import FIELDS, MOST, choose_kept, choose_value, differs
from crm_web.merging.forms import FORMS, MergeForm
from crm_web.models import RecordKind, RecordMerge
from crm_web.web.flash import flash_message
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.refusals import refusals_shown_at

LISTS = {"leads": RecordKind.LEAD, "customers": RecordKind.CUSTOMER, "contacts": RecordKind.CONTACT}
MOST_LISTED = 50
_GONE = "These records were merged or deleted meanwhile. Nothing was saved."
_PATH = f"/<any({', '.join(LISTS)}):records>/merge"


@blueprint.get(_PATH)
@allowed(Action.CHANGE_OWN)
def preview_merge(records: str) -> ResponseReturnValue:
    kind = LISTS[records]
    found = _records_to_merge(kind)
    if len(found) < 2 or len(_read_ids()) > MOST:
        flash_message(f"Select 2 to {MOST} {records} to merge.", kind="error")
        return redirect(_list_url(kind), code=303)
    form = FORMS[kind](formdata=None)
    return _merge_page(kind, found, form)


@blueprint.post(f"{_PATH}/select")
@allowed(Action.CHANGE_OWN)
def select_records(records: str) -> ResponseReturnValue:
    """The bar under a list sends what is ticked."""
    ids = ",".join(word for word in request.form.getlist("ids")[: MOST + 1] if re.fullmatch("[0-9]{1,18}", word))
    return redirect(url_for("merging.preview_merge", records=records, ids=ids), code=303)


@blueprint.post(_PATH)
@allowed(Action.CHANGE_OWN)
@refillable()
def merge(records: str) -> ResponseReturnValue:
    kind = LISTS[records]
    form = FORMS[kind]()
    if answer := replay_response(form):
        return answer.give()
    found = _records_to_merge(kind)
    if not form.validate() or len(found) < 2:
        return _merge_page(kind, found, form, 422)
    try:
        done = operations.merge_records(
            kind, _read_ids(), keep=form.kept_id, choices=form.choices, versions=form.seen, by=current_user
        )
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        return _merge_page(kind, _records_to_merge(kind), form, 409)
    name = next(record.name for record in found if record.id == form.kept_id)
    undo = ("Undo", url_for("merging.undo_merge", merge_id=done.id))
    answer = store_response(form, f"{len(found)} {records} merged into {name}.", place_of(done), undo=undo)
    db.session.commit()
    return answer.give()


def _records_to_merge(kind: RecordKind) -> list[Any]:
    found = queries.list_records(kind, _read_ids()[: MOST + 1])
    for record in found:
        require_change(queries.owned_of(record))
    return found


def _read_ids() -> list[int]:
    words = [word for value in request.args.getlist("ids") for word in value.split(",")]
    return list(dict.fromkeys(int(word) for word in words if re.fullmatch("[0-9]{1,18}", word)))


def _merge_page(kind: RecordKind, records: Sequence[Any], form: MergeForm, status: int = 200) -> ResponseReturnValue:
    if len(records) < 2:
        return Answer(_GONE, _list_url(kind), kind="error").give()
    kept = next((record for record in records if record.id == form.kept_id), choose_kept(kind, records))
    chosen = {field.key: choose_value(field, records, kept).id for field in FIELDS[kind]}
    ids = {record.id for record in records}
    form.keep.data = str(kept.id)
    form.versions.data = " ".join(f"{record.id}:{record.version}" for record in records)
    page = render_template(
        "merging/preview_merge.html",
        kind=kind,
        records=records,
        form=form,
        kept=kept,
        fields=[field for field in FIELDS[kind] if differs(field, records)],
        chosen=chosen | {key: record_id for key, record_id in form.choices.items() if record_id in ids},
        obstacles=queries.list_obstacles(kind, records, kept),
        list_url=_list_url(kind),
        merge_url=url_for("merging.merge", records=f"{kind}s", ids=",".join(str(record.id) for record in records)),
    )
    return page, status


def _list_url(kind: RecordKind) -> str:
    return url_for(f"{kind}s.list_{kind}s")


def place_of(done: RecordMerge) -> str:
    """Return the address of the record that stayed."""
    kept = queries.find_merged_records(done.entity, [done.kept_id]).get(done.kept_id) or abort(404)
    if done.entity is RecordKind.LEAD:
        return url_for("leads.show_lead", lead_id=kept.id)
    customer_id = kept.id if done.entity is RecordKind.CUSTOMER else kept.customer_id
    return url_for("customers.show_customer", customer_id=customer_id)


@blueprint.get("/merges")
@allowed(Action.READ)
def list_merges() -> ResponseReturnValue:
    merges = queries.list_merges(limit=MOST_LISTED)
    return render_template("merging/list_merges.html", merges=merges, most=MOST_LISTED)


@blueprint.get("/merges/<int:merge_id>")
@allowed(Action.READ)
def show_merge(merge_id: int) -> ResponseReturnValue:
    done = queries.get_merge(merge_id) or abort(404)
    records = queries.find_merged_records(done.entity, [done.kept_id, *done.merged_ids])
    return render_template("merging/show_merge.html", merge=done, records=records)


@blueprint.post("/merges/<int:merge_id>/undo")
@allowed(Action.CHANGE_OWN)
def undo_merge(merge_id: int) -> ResponseReturnValue:
    done = queries.get_merge(merge_id) or abort(404)
    for record in queries.find_merged_records(done.entity, [done.kept_id, *done.merged_ids]).values():
        require_change(queries.owned_of(record))
    place = url_for("merging.show_merge", merge_id=merge_id)
    with refusals_shown_at(place):
        result = operations.undo_merge(done, by=current_user)
    text = "Merge undone. Some things changed since and stay as they are." if result.left else "Merge undone."
    answer = Answer(text, place, warnings=result.left[:MOST])
    db.session.commit()
    return answer.give()
