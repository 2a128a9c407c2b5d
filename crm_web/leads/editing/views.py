"""Taking a lead, and undoing an edit of one."""

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, require_change
from crm_web.core.extensions import db
from crm_web.leads import blueprint
from crm_web.leads.editing import operations
from crm_web.leads.found import lock_or_404
from crm_web.web.idempotency import Answer
from crm_web.web.refusals import refusals_shown_at
from crm_web.web.urls import next_url


@blueprint.post("/leads/<int:lead_id>/take")
@allowed(Action.CHANGE_OWN)
def take_lead(lead_id: int) -> ResponseReturnValue:
    lead = lock_or_404(lead_id)
    place = _place_after(lead_id)
    with refusals_shown_at(place):
        is_new = operations.take_lead(lead, by=current_user)
    undo = ("Undo", url_for("leads.undo_edit", lead_id=lead_id, version=lead.version, next=place))
    link = ("View lead", url_for("leads.show_lead", lead_id=lead_id))
    answer = Answer(f"{lead.name} is yours.", place, link=link, undo=undo if is_new else None)
    db.session.commit()
    return answer.give()


@blueprint.post("/leads/<int:lead_id>/versions/<int:version>/undo")
@allowed(Action.CHANGE_OWN)
def undo_edit(lead_id: int, version: int) -> ResponseReturnValue:
    lead = lock_or_404(lead_id)
    require_change(lead)
    place = _place_after(lead_id)
    with refusals_shown_at(place):
        operations.undo_edit(lead, version, by=current_user)
    answer = Answer(f"{lead.name} is back as it was.", place)
    db.session.commit()
    return answer.give()


def _place_after(lead_id: int) -> str:
    """The page that the request names, else that of the lead."""
    return next_url(url_for("leads.show_lead", lead_id=lead_id))
