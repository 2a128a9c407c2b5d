"""The page that Prometheus reads."""

from hmac import compare_digest

from flask import Response, abort, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from crm_web.auth.permissions import public
from crm_web.core.config import current_settings
from crm_web.metrics import blueprint


@blueprint.get("/metrics")
@public
def show_metrics() -> Response:
    """Show the figures to whoever has the token; without one in the settings there is no such page."""
    token, shown = current_settings().metrics_token, request.authorization
    if not token:
        abort(404)
    if shown is None or shown.type != "bearer" or not compare_digest((shown.token or "").encode(), token.encode()):
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
    from prometheus_client import CONTENT_TYPE_LATEST

    from crm_web.metrics.measures import render

    return Response(render(), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})
