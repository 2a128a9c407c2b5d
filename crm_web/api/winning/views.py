"""A lead's status, and Won with its customer: previewed, created or linked, taken back."""

from flask import abort
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import read_body, replay_response, show, store_response
from crm_web.api.leads import actions, schemas
from crm_web.auth.permissions import Action, allowed
from crm_web.core.extensions import db
from crm_web.models import Lead
from crm_web.records.matching import list_likely_customers
from crm_web.records.queries import get_record
from crm_web.winning import operations as winning_operations
from crm_web.winning.mapping import customer_from_lead


@blueprint.get("/api/v1/leads/<int:lead_id>/win")
@allowed(Action.READ)
@describe("Preview the win of a lead", "winning", answers={200: schemas.WinPreview})
def preview_win(lead_id: int) -> ResponseReturnValue:
    """The customer that would be created, and possible matches with the reasons."""
    lead = get_record(Lead, lead_id) or abort(404)
    decided = lead.is_won or lead.customer_id is not None
    preview = {
        "customer_id": lead.customer_id,
        "would_create": None if decided else customer_from_lead(lead),
        "likely": [] if decided else [actions.format_candidate(found) for found in list_likely_customers(lead)],
    }
    return show(schemas.WinPreview, preview)


@blueprint.post("/api/v1/leads/<int:lead_id>/status")
@allowed(Action.CHANGE_OWN)
@describe(
    "Change the status of a lead",
    "winning",
    body=schemas.StatusChange,
    answers={200: schemas.Lead},
    refuses={409: "Someone else moved it, or there are possible matches to choose from. See likely."},
    is_once=True,
)
def change_status(lead_id: int) -> ResponseReturnValue:
    """Won creates the lead’s customer in the same transaction, or links the one given in customer_id. If there are
    possible matches, send customer_id or create. Lost and Disqualified need a reason.
    """
    lead = actions.find_to_change(lead_id)
    if answer := replay_response():
        return answer
    actions.move(lead, read_body(schemas.StatusChange))
    answer = store_response(show(schemas.Lead, lead))
    db.session.commit()
    return answer


@blueprint.post("/api/v1/leads/<int:lead_id>/win/undo")
@allowed(Action.CHANGE_OWN)
@describe(
    "Undo the win of a lead",
    "winning",
    answers={200: schemas.Lead},
    refuses={409: "The win can’t be undone. See obstacles."},
    is_once=True,
)
def undo_win(lead_id: int) -> ResponseReturnValue:
    """Reverts the customer’s changes, the link and the status. Does nothing if the lead is not won."""
    lead = actions.find_to_change(lead_id)
    if answer := replay_response():
        return answer
    winning_operations.undo_win(lead, by=current_user)
    answer = store_response(show(schemas.Lead, lead))
    db.session.commit()
    return answer
