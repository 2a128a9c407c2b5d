"""Activities, for programs."""

from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.activities.listing.params import ActivityListParams
from crm_web.api import blueprint
from crm_web.api.activities import schemas
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import read_query, show_page
from crm_web.auth.permissions import Action, allowed
from crm_web.web.template_filters import current_user_locale


@blueprint.get("/api/v1/activities")
@allowed(Action.READ)
@describe("List activities", "activities", query=schemas.ActivityQuery, answers={200: schemas.ActivityPage})
def list_activities() -> ResponseReturnValue:
    """Same filters and sorting as in the app, latest first. Activities on records in the trash are included."""
    query = read_query(schemas.ActivityQuery)
    view = ActivityListParams(query.as_address(), me=current_user, user_locale=current_user_locale())
    page = view.spec.list_page(view.read_filter(), sort=view.sort, cursor=query.at, size=query.limit)
    return show_page(schemas.Activity, page)
