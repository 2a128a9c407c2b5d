"""Merging leads, customers and contacts, and undoing it."""

from typing import Any

from flask import abort
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import read_body, replay_response, show, store_response
from crm_web.api.merging import schemas
from crm_web.auth.permissions import Action, allowed, require_change
from crm_web.core.extensions import db
from crm_web.merging import operations, queries
from crm_web.models import RecordKind

REFUSES = {409: "A record changed or is in the trash, or a rule forbids it, such as two won leads."}
DOCS: dict[str, Any] = {"body": schemas.MergeRequest, "answers": {200: schemas.Merge}, "refuses": REFUSES}


@blueprint.post("/api/v1/leads/<int:lead_id>/merge")
@allowed(Action.CHANGE_OWN)
@describe("Merge leads into this one", "leads", **DOCS, is_once=True)
def merge_leads(lead_id: int) -> ResponseReturnValue:
    """Activities move to the lead that is kept. Two won leads can’t be merged."""
    return _merge(RecordKind.LEAD, lead_id)


@blueprint.post("/api/v1/customers/<int:customer_id>/merge")
@allowed(Action.CHANGE_OWN)
@describe("Merge customers into this one", "customers", **DOCS, is_once=True)
def merge_customers(customer_id: int) -> ResponseReturnValue:
    """Leads, conversions, contacts and activities move to the customer that is kept."""
    return _merge(RecordKind.CUSTOMER, customer_id)


@blueprint.post("/api/v1/contacts/<int:contact_id>/merge")
@allowed(Action.CHANGE_OWN)
@describe("Merge contacts into this one", "contacts", **DOCS, is_once=True)
def merge_contacts(contact_id: int) -> ResponseReturnValue:
    """The contact remains with its customer."""
    return _merge(RecordKind.CONTACT, contact_id)


def _merge(kind: RecordKind, record_id: int) -> ResponseReturnValue:
    _check_all(kind, [record_id])
    if answer := replay_response():
        return answer
    sent = read_body(schemas.MergeRequest)
    ids = [record_id, *sent.ids]
    # What somebody else takes over meanwhile is not the employee's to merge any more.
    seen = _check_all(kind, ids)
    merge = operations.merge_records(kind, ids, keep=record_id, choices=sent.take, versions=seen, by=current_user)
    answer = store_response(show(schemas.Merge, merge))
    db.session.commit()
    return answer


def _check_all(kind: RecordKind, ids: list[int]) -> dict[int, int]:
    """404 for what is not there, 403 for what the employee may not change; returns the versions that were checked."""
    found = queries.find_merged_records(kind, ids)
    for record_id in ids:
        require_change(queries.owned_of(found.get(record_id) or abort(404)))
    return {record_id: record.version for record_id, record in found.items()}


@blueprint.post("/api/v1/merges/<int:merge_id>/undo")
@allowed(Action.CHANGE_OWN)
@describe(
    "Undo a merge",
    "history",
    answers={200: schemas.MergeUndone},
    refuses={409: "It was already undone, or the record that was kept is in the trash."},
    is_once=True,
)
def undo_record_merge(merge_id: int) -> ResponseReturnValue:
    """Restores everything that hasn’t changed since; the answer lists the rest."""
    merge = queries.get_merge(merge_id) or abort(404)
    for record in queries.find_merged_records(merge.entity, [merge.kept_id, *merge.merged_ids]).values():
        require_change(queries.owned_of(record))
    if answer := replay_response():
        return answer
    result = operations.undo_merge(merge, by=current_user)
    undone = schemas.Merge.model_validate(merge).model_dump() | {"left": result.left}
    answer = store_response(show(schemas.MergeUndone, undone))
    db.session.commit()
    return answer
