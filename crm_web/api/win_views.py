"""A lead's status, and Won with its customer: previewed, created or linked, taken back."""

from dataclasses import asdict
from typing import Any

from flask import abort
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.access import Action, allowed, may_change, require_change
from crm_web.api import blueprint, lead_schemas
from crm_web.api.describing import describe
from crm_web.api.exchange import find_answer, keep_answer, read_body, show
from crm_web.customers.conversion_operations import carry_over
from crm_web.customers.queries import get_customer
from crm_web.extensions import db
from crm_web.leads import operations
from crm_web.leads.queries import get_lead
from crm_web.leads.win_queries import has_customer
from crm_web.matching import LikelyCustomer, list_likely_customers
from crm_web.models import Lead, LeadStatus
from crm_web.problems import make_problem


@blueprint.get("/api/v1/leads/<int:lead_id>/win")
@allowed(Action.READ)
@describe("Preview the win of a lead", "winning", answers={200: lead_schemas.WinPreview})
def preview_win(lead_id: int) -> ResponseReturnValue:
    """The customer that would be created, and those that the lead may be already, each with the reasons."""
    lead = _lead_or_404(lead_id)
    decided = lead.is_won or lead.customer_id is not None
    preview = {
        "customer_id": lead.customer_id,
        "would_create": None if decided else carry_over(lead),
        "likely": [] if decided else [_tell(found) for found in list_likely_customers(lead)],
    }
    return show(lead_schemas.WinPreview.model_validate(preview))


@blueprint.post("/api/v1/leads/<int:lead_id>/status")
@allowed(Action.CHANGE_OWN)
@describe(
    "Move a lead to a status",
    "winning",
    body=lead_schemas.StatusChange,
    answers={200: lead_schemas.Lead},
    refuses={409: "Somebody moved it meanwhile, or likely customers are there to choose from: see likely."},
    is_once=True,
)
def change_status(lead_id: int) -> ResponseReturnValue:
    """
    Won creates the lead's customer in the same transaction, or links the one that customer_id names. Where likely
    customers are there, the program has to choose: customer_id, or create. Lost and Disqualified need a reason.
    """
    lead = _lead_or_404(lead_id)
    require_change(lead)
    if answer := find_answer():
        return answer
    change = read_body(lead_schemas.StatusChange)
    if likely := _list_choices(lead, change):
        db.session.rollback()
        return make_problem(409, "Choose the customer, or say that a new one is to be created.", likely=likely)
    _move(lead, change)
    answer = keep_answer(show(lead_schemas.Lead.model_validate(lead)))
    db.session.commit()
    return answer


def _list_choices(lead: Lead, change: lead_schemas.StatusChange) -> list[dict[str, Any]]:
    """Who the customer may be, where that has to be asked."""
    is_said = change.customer_id is not None or change.create
    if change.status is not LeadStatus.WON or is_said or lead.is_won or lead.is_in_trash or has_customer(lead.id):
        return []
    return [
        lead_schemas.LikelyCustomer.model_validate(_tell(f)).model_dump(mode="json")
        for f in list_likely_customers(lead)
    ]


def _move(lead: Lead, change: lead_schemas.StatusChange) -> None:
    if change.customer_id is not None:
        customer = get_customer(change.customer_id) or abort(409, "There is no such customer.")
        fill = may_change(current_user, customer)
        operations.win_for_customer(lead, customer, fill=fill, by=current_user, seen=change.seen)
        return
    operations.change_status(
        lead,
        change.status,
        by=current_user,
        seen=change.seen,
        lost_reason=change.lost_reason,
        lost_note=change.lost_note,
    )


@blueprint.post("/api/v1/leads/<int:lead_id>/win/undo")
@allowed(Action.CHANGE_OWN)
@describe(
    "Take back the win of a lead",
    "winning",
    answers={200: lead_schemas.Lead},
    refuses={409: "Something stands in the way: see obstacles."},
    is_once=True,
)
def undo_win(lead_id: int) -> ResponseReturnValue:
    """What the win did to the customer, the link to it, and the status; where there is no win, nothing changes."""
    lead = _lead_or_404(lead_id)
    require_change(lead)
    if answer := find_answer():
        return answer
    try:
        operations.undo_win(lead, by=current_user)
    except operations.WinStands as error:
        db.session.rollback()
        return make_problem(409, error.message, obstacles=[asdict(obstacle) for obstacle in error.obstacles])
    answer = keep_answer(show(lead_schemas.Lead.model_validate(lead)))
    db.session.commit()
    return answer


def _lead_or_404(lead_id: int) -> Lead:
    return get_lead(lead_id) or abort(404)


def _tell(found: LikelyCustomer) -> dict[str, Any]:
    customer = found.customer
    return {"id": customer.id, "number": customer.number, "name": customer.name, "reasons": list(found.reasons)}
