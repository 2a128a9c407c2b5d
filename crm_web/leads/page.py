"""The page of a lead."""

from flask import render_template, url_for
from flask_login import current_user

from crm_web.activities.adding import draw_activity_form
from crm_web.auth.permissions import Action, may, may_change, reason_not_to_change
from crm_web.files.queries import list_files
from crm_web.history.queries import list_changes_of
from crm_web.leads import queries
from crm_web.leads.forms import StatusForm
from crm_web.leads.queries import find_active_conversion
from crm_web.leads.spec import LEADS
from crm_web.leads.steps import draw_steps
from crm_web.models import Lead


def show_lead_page(lead: Lead, form: StatusForm | None = None) -> str:
    """Show the page of a lead.

    :param form: a change of its status that was sent, and refused
    """
    is_allowed = may_change(current_user, lead)
    duplicates, merged = queries.list_alike(lead.id)
    return render_template(
        "leads/show_lead.html",
        lead=lead,
        spec=LEADS,
        form=form,
        steps=draw_steps(lead, form, may_change=is_allowed and not lead.is_in_trash),
        may_change=is_allowed and not lead.is_in_trash,
        may_restore=is_allowed and lead.is_in_trash,
        conversion=find_active_conversion(lead.id) if lead.customer_id else None,
        reason="" if is_allowed else reason_not_to_change(current_user, lead),
        activities=queries.list_activities(lead),
        activity_form=draw_activity_form(url_for("activities.add_to_lead", lead_id=lead.id)) if _may_add(lead) else "",
        files=list_files(lead_id=lead.id),
        changes=list_changes_of("lead", lead.id),
        duplicates=duplicates,
        merged=merged,
    )


def _may_add(lead: Lead) -> bool:
    return may(current_user, Action.CREATE) and not lead.is_in_trash
