"""What stands around a move from one status to another: the question before a lead leaves Won, and Undo."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, require_change
from crm_web.core.extensions import db
from crm_web.leads import blueprint, change_operations, operations, queries
from crm_web.leads.forms import StatusForm
from crm_web.models import Lead, LeadStatus, StatusKind
from crm_web.web.error_pages import DomainError
from crm_web.web.flash import Link
from crm_web.web.idempotency import Answer
from crm_web.winning.views import come_back_to

CARRIED_OVER = ("status", "next", "lost_reason", "lost_note")


def ask_to_leave_won(lead: Lead, form: StatusForm) -> ResponseReturnValue | None:
    """Send a move out of Won to the page that asks first; ``None`` where there is nothing to ask, or it was asked."""
    is_seen = form.seen in (None, LeadStatus.WON)
    if not lead.is_won or lead.is_in_trash or form.status.data is LeadStatus.WON or form.confirmed.data or not is_seen:
        return None
    if form.status.data.kind is StatusKind.LOST:
        operations.check_lost_reason(form.lost_reason.data, form.lost_note.data)
    sent = {name: request.form.get(name) or None for name in CARRIED_OVER}
    return redirect(url_for("leads.leave_won", lead_id=lead.id, **sent), code=303)  # type: ignore[arg-type]


@blueprint.get("/leads/<int:lead_id>/leave-won")
@allowed(Action.CHANGE_OWN)
def leave_won(lead_id: int) -> ResponseReturnValue:
    lead = queries.get_lead(lead_id) or abort(404)
    require_change(lead)
    sent = {name: request.args[name] for name in CARRIED_OVER if request.args.get(name)}
    status = next((status for status in LeadStatus if status == sent.get("status")), LeadStatus.WON)
    if not lead.is_won or lead.is_in_trash or status is LeadStatus.WON:
        return redirect(url_for("leads.show_lead", lead_id=lead_id), code=303)
    fields = {**sent, "from_status": LeadStatus.WON.value, "confirmed": "1"}
    return render_template(
        "winning/leave_won.html", lead=lead, status=status, fields=fields, back_url=come_back_to(lead)
    )


def undo_of_move(lead: Lead, place: str) -> Link:
    """Label and address that a POST takes the move back with that has just been made; then one is back at a place."""
    return "Undo", url_for("leads.undo_move", lead_id=lead.id, version=lead.version, next=place)


@blueprint.post("/leads/<int:lead_id>/moves/<int:version>/undo")
@allowed(Action.CHANGE_OWN)
def undo_move(lead_id: int, version: int) -> ResponseReturnValue:
    lead = queries.get_lead(lead_id) or abort(404)
    require_change(lead)
    place = come_back_to(lead)
    try:
        is_undone = change_operations.undo_move(lead, version, by=current_user)
    except DomainError as error:
        db.session.rollback()
        return Answer(error.message, place, kind="warning").give()
    if is_undone:
        answer = Answer(f"Undone: {lead.name} is back in {lead.status.label}.", place)
    else:
        answer = Answer(f"{lead.name} is back in {lead.status.label} already.", place, kind="info")
    db.session.commit()
    return answer.give()
