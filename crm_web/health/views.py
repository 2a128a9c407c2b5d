"""Health checks: no session, no page, and no information for strangers."""

from flask import Response, jsonify

from crm_web.auth.permissions import public
from crm_web.core import draining
from crm_web.core.database import classify_failure, explain_cause, find_sqlstate
from crm_web.core.request_log import log_event
from crm_web.health import blueprint, queries


@blueprint.get("/healthz")
@public
def show_alive() -> Response:
    """This process is alive; the database is not asked, so that its outage does not restart the process."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def show_ready() -> tuple[Response, int, dict[str, str]]:
    """The database answers and has a schema that this version serves, and this process is not stopping."""
    if draining.begun.is_set():
        return jsonify(status="unavailable", reason="stopping"), 503, {"Retry-After": "5"}
    try:
        schema = queries.read_schema()
    except Exception as error:
        if classify_failure(error) is None:
            raise
        log_event("not_ready", cause=explain_cause(error), sqlstate=find_sqlstate(error))
        return jsonify(status="unavailable", database="away"), 503, {"Retry-After": "5"}
    state = "current" if schema.is_current else "ahead" if schema.is_newer else "behind"
    facts = {"database": "ok", "schema": state, "found": schema.found, "serves": schema.wanted}
    if not schema.is_served:
        return jsonify(status="unavailable", **facts), 503, {"Retry-After": "30"}
    return jsonify(status="ok", **facts), 200, {}
