"""The list of activities."""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.activities import blueprint, queries
from crm_web.activities.listing.params import ActivityListParams
from crm_web.auth.permissions import Action, allowed
from crm_web.records.people import list_all_employees
from crm_web.web.template_filters import current_user_locale


@blueprint.get("/activities")
@allowed(Action.READ)
def list_activities() -> ResponseReturnValue:
    view = ActivityListParams(request.args, me=current_user, user_locale=current_user_locale())
    if view.canonical_url:
        return redirect(view.canonical_url)
    people = list_all_employees()
    return render_template(
        "activities/list_activities.html",
        page=queries.list_activities(view.read_filter(), cursor=view.mark),
        view=view,
        people=people,
        chips=view.list_chips(people),
    )
