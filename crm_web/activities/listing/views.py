"""The list of activities: on the screen, as a file, and on paper."""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from crm_web.activities import blueprint
from crm_web.activities.listing.params import ActivityListParams
from crm_web.activities.queries import find_sent_emails
from crm_web.auth.permissions import Action, allowed
from crm_web.lists.exports import print_list, send_list, send_list_xlsx


@blueprint.get("/activities")
@allowed(Action.READ)
def list_activities() -> ResponseReturnValue:
    view = ActivityListParams(request.args)
    if view.canonical_url:
        return redirect(view.canonical_url)
    page = view.load_page()
    return render_template(
        "activities/list_activities.html",
        page=page,
        emails=find_sent_emails(page.rows),
        view=view,
        people=view.people,
        chips=view.list_chips(),
    )


@blueprint.get("/activities.csv")
@allowed(Action.READ)
def export_activities() -> ResponseReturnValue:
    return send_list("activities", ActivityListParams(request.args))


@blueprint.get("/activities.xlsx")
@allowed(Action.READ)
def export_activities_xlsx() -> ResponseReturnValue:
    return send_list_xlsx("activities", ActivityListParams(request.args))


@blueprint.get("/activities/print")
@allowed(Action.READ)
def print_activities() -> ResponseReturnValue:
    return print_list("activities/print_activities.html", ActivityListParams(request.args))
