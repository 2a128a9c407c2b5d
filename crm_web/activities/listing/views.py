"""The list of activities: on the screen, as a file, and on paper."""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.activities import blueprint
from crm_web.activities.listing.params import ActivityListParams
from crm_web.auth.permissions import Action, allowed
from crm_web.lists.exports import print_list, send_list, send_list_xlsx
from crm_web.records.people import list_people
from crm_web.web.template_filters import current_user_locale


@blueprint.get("/activities")
@allowed(Action.READ)
def list_activities() -> ResponseReturnValue:
    view = _view()
    if view.canonical_url:
        return redirect(view.canonical_url)
    people = list_people()
    return render_template(
        "activities/list_activities.html",
        page=view.load_page(),
        view=view,
        people=people,
        chips=view.list_chips(people),
    )


@blueprint.get("/activities.csv")
@allowed(Action.READ)
def export_activities() -> ResponseReturnValue:
    return send_list("activities", _view())


@blueprint.get("/activities.xlsx")
@allowed(Action.READ)
def export_activities_xlsx() -> ResponseReturnValue:
    view = _view()
    return send_list_xlsx("activities", view, view.list_chips(list_people()))


@blueprint.get("/activities/print")
@allowed(Action.READ)
def print_activities() -> ResponseReturnValue:
    view = _view()
    return print_list("activities/print_activities.html", view, view.list_chips(list_people()))


def _view() -> ActivityListParams:
    return ActivityListParams(request.args, me=current_user, user_locale=current_user_locale())
