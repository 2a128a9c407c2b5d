"""API endpoints for leads."""

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint, schemas
from crm_web.api.endpoint_docs import MERGED, describe
from crm_web.api.http import (
    read_body,
    read_query,
    replay_response,
    require_match,
    show,
    show_page,
    show_saved,
    store_response,
)
from crm_web.api.leads import actions
from crm_web.api.leads import schemas as lead_schemas
from crm_web.auth.permissions import Action, allowed
from crm_web.core.extensions import db
from crm_web.leads.listing.params import LeadListParams
from crm_web.models import Lead
from crm_web.records.operations import move_to_trash, restore_from_trash
from crm_web.records.queries import get_record

IN_TRASH = {409: "The lead is in the trash, or a rule forbids it. See detail."}


@blueprint.get("/api/v1/leads")
@allowed(Action.READ)
@describe("List leads", "leads", query=lead_schemas.LeadQuery, answers={200: lead_schemas.LeadPage})
def list_leads() -> ResponseReturnValue:
    """Same filters and sorting as in the app. Leads in the trash are left out."""
    query = read_query(lead_schemas.LeadQuery)
    view = LeadListParams(query.as_address())
    page = view.load_fields(lead_schemas.Lead.model_fields, cursor=query.at, size=query.limit)
    return show_page(lead_schemas.Lead, page)


@blueprint.post("/api/v1/leads")
@allowed(Action.CREATE)
@describe(
    "Create a lead",
    "leads",
    body=lead_schemas.NewLead,
    answers={201: lead_schemas.SavedLead},
    refuses={409: "The owner can’t own records, or the customer doesn’t exist."},
    is_once=True,
)
def create_lead() -> ResponseReturnValue:
    """The status is New. A new source is added to the list of sources."""
    if answer := replay_response():
        return answer
    lead = actions.create(read_body(lead_schemas.NewLead))
    place = url_for("api.read_lead", lead_id=lead.id)
    answer = store_response(show_saved(lead_schemas.SavedLead, lead, 201, location=place))
    db.session.commit()
    return answer


@blueprint.get("/api/v1/leads/<int:lead_id>")
@allowed(Action.READ)
@describe("Get a lead", "leads", query=schemas.FieldsQuery, answers={200: lead_schemas.Lead})
def read_lead(lead_id: int) -> ResponseReturnValue:
    """A lead in the trash is returned as well, with deleted_at set."""
    read_query(schemas.FieldsQuery)
    return show(lead_schemas.Lead, get_record(Lead, lead_id) or abort(404))


@blueprint.patch("/api/v1/leads/<int:lead_id>")
@allowed(Action.CHANGE_OWN)
@describe(
    "Update a lead",
    "leads",
    body=lead_schemas.LeadChange,
    answers={200: lead_schemas.SavedLead},
    refuses=IN_TRASH,
    needs_match=True,
)
def change_lead(lead_id: int) -> ResponseReturnValue:
    """Only the fields you send change; null clears a field. Use the status endpoint to change the status."""
    lead = _lead_to_change(lead_id)
    actions.change(lead, read_body(lead_schemas.LeadChange))
    answer = show_saved(lead_schemas.SavedLead, lead)
    db.session.commit()
    return answer


@blueprint.delete("/api/v1/leads/<int:lead_id>")
@allowed(Action.CHANGE_OWN)
@describe("Move a lead to trash", "leads", answers={204: None}, needs_match=True)
def trash_lead(lead_id: int) -> ResponseReturnValue:
    """Its customer is kept."""
    move_to_trash(_lead_to_change(lead_id), by=current_user)
    db.session.commit()
    return Response(status=204)


@blueprint.post("/api/v1/leads/<int:lead_id>/restore")
@allowed(Action.CHANGE_OWN)
@describe(
    "Restore a lead",
    "leads",
    answers={200: lead_schemas.Lead},
    refuses=MERGED,
    is_once=True,
)
def restore_lead(lead_id: int) -> ResponseReturnValue:
    """Does nothing if it is not in the trash."""
    lead = actions.find_to_change(lead_id)
    if answer := replay_response():
        return answer
    restore_from_trash(lead, by=current_user)
    answer = store_response(show(lead_schemas.Lead, lead))
    db.session.commit()
    return answer


def _lead_to_change(lead_id: int) -> Lead:
    lead = actions.find_to_change(lead_id)
    require_match(lead.version)
    return lead
