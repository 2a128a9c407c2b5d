"""The page that shows a draft again."""

from flask import current_app, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth import blueprint
from crm_web.auth.drafts.interrupted import rebuild_environ, show_again
from crm_web.auth.drafts.queries import find_draft
from crm_web.auth.permissions import check_access, signed_in
from crm_web.core.csrf import current_token
from crm_web.web.flash import flash_message


@blueprint.get("/drafts/<int:draft_id>")
@signed_in
def show_draft(draft_id: int) -> ResponseReturnValue:
    draft = find_draft(draft_id, current_user)
    if draft is None:
        flash_message("This form has expired or belongs to someone else. Nothing was saved.", kind="info")
        return redirect(url_for("dashboard.show_dashboard"), code=303)
    # The session of the request below is not saved, so the page's token must belong to this one.
    current_token()
    with current_app.request_context(rebuild_environ(draft)):
        if request.routing_exception is not None:
            raise request.routing_exception
        return make_response(check_access() or show_again())
