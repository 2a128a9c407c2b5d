"""Error pages, and problem details for API clients."""

import logging
from urllib.parse import quote

from flask import Flask, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import (
    BadHost,
    Forbidden,
    Gone,
    HTTPException,
    InternalServerError,
    NotFound,
    SecurityError,
    ServiceUnavailable,
    Unauthorized,
)

from crm_web.core.database import DatabaseTimeout, DbFailure, classify_failure, explain_cause, find_sqlstate
from crm_web.core.errors import Conflict, PostgresError, RecordGone
from crm_web.core.extensions import login_manager
from crm_web.core.problem_details import DETAILS, is_api_request, make_problem
from crm_web.core.request_log import remember_employee

log = logging.getLogger(__name__)


PAGES = {
    400: ("Bad request", "Something about this request was not valid. Go back, reload the page and try again."),
    401: ("Please sign in", "Sign in, or send a valid API token."),
    403: ("You don’t have access", "Ask a manager or an admin if you need it."),
    404: ("Page not found", "The link may be wrong, or the record was deleted."),
    405: (
        "That didn’t work",
        "This page can’t be used that way. Go back and use its buttons.",
    ),
    410: (
        "Permanently deleted",
        "Someone deleted this record while you had it open. You can still see it in History.",
    ),
    413: ("Too large", "Send a smaller file or less text."),
    415: ("File type not supported", "Send a file of the type the page asks for."),
    422: ("There is a problem", "Go back and check what you entered."),
    429: ("Too many attempts", "Wait a few minutes, then try again."),
    500: (
        "Something went wrong",
        "Nothing was saved. Try again. If it keeps happening, give your admin the request ID below.",
    ),
    503: DbFailure.AWAY.value,
}
MAY_BE_SAVED = "Your changes may have been saved. Check before you try again."


def register_error_pages(app: Flask) -> None:
    """Register the error handlers."""
    app.register_error_handler(HTTPException, show_error)
    app.register_error_handler(NotFound, show_missing)
    app.register_error_handler(RecordGone, show_gone)
    app.register_error_handler(Conflict, show_conflict)
    for nonsense in (SecurityError, BadHost):
        app.register_error_handler(nonsense, refuse_host)
    for failure in (DBAPIError, PoolTimeout, DatabaseTimeout, PostgresError):
        app.register_error_handler(failure, show_database_error)


def refuse_host(_error: HTTPException) -> ResponseReturnValue:
    """Answer a request for an unknown host name in plain text: no URL can be built under that name."""
    if is_api_request():
        return make_problem(400, "Unknown host name.")
    return "Unknown host name.\n", 400, {"Content-Type": "text/plain; charset=utf-8"}


def show_gone(_error: RecordGone) -> ResponseReturnValue:
    """Show the page for a record that was deleted during the request."""
    return show_error(Gone())


def show_conflict(error: Conflict) -> ResponseReturnValue:
    """Show why a record's state forbids what was asked, where the view has no form to say it on."""
    return show_error(Forbidden(error.message))


def show_missing(error: NotFound) -> ResponseReturnValue:
    """Redirect if only a trailing slash is too many, else show the 404 page."""
    if request.url_rule is None and (address := _without_slash()):
        return redirect(address, 308)
    return show_error(error)


def _without_slash() -> str | None:
    """Return the URL that the path means without its trailing slash.

    It is built from the route, never from the path itself, so that no path can lead to another site.
    """
    adapter = current_app.create_url_adapter(request)
    if adapter is None or request.method not in ("GET", "HEAD") or is_api_request() or not request.path.endswith("/"):
        return None
    try:
        endpoint, values = adapter.match(request.path[:-1], method="GET")
    except HTTPException:
        return None
    query = quote(request.query_string, safe="!$&'()*+,/:;=?@%")
    return url_for(endpoint, **values) + (f"?{query}" if query else "")


def show_error(error: HTTPException, words: tuple[str, str] | None = None) -> ResponseReturnValue:
    """Show the page for an HTTP error, or the problem for an API client; a view's own text takes precedence."""
    code = error.code or 500
    title, text = words or PAGES.get(code, PAGES[400] if code < 500 else PAGES[500])
    if isinstance(error, Forbidden | Unauthorized) and error.description != type(error).description:
        text = str(error.description)
    headers = [(name, value) for name, value in error.get_headers() if name not in ("Content-Type", "Content-Length")]
    if code == ServiceUnavailable.code:
        headers.append(("Retry-After", "5"))
    if code >= 500:
        text = MAY_BE_SAVED if g.get("may_be_saved") else text
        # Rendering the page would load the signed-in employee, and the database may be what failed.
        remember_employee()
        g._login_user = login_manager.anonymous_user()
    if is_api_request():
        return make_problem(code, f"{title}. {text}" if words else _build_problem(error, text), headers=headers)
    page = render_template("errors/error.html", code=code, title=title, text=text, request_id=g.get("request_id"))
    return page, code, headers


def _build_problem(error: HTTPException, text: str) -> str:
    """Build the problem for an API client, who has no page to go back to."""
    is_said = error.description not in (None, type(error).description) and (error.code or 500) < 500
    return str(error.description) if is_said else DETAILS.get(error.code or 500, text)


def show_database_error(error: Exception) -> ResponseReturnValue:
    """Answer 503 if the database is away, slow or busy, 500 if it refused a statement."""
    trouble = classify_failure(error)
    if trouble is None:
        log.error("database error", exc_info=error)
        return show_error(InternalServerError())
    facts = {"trouble": trouble.name.lower(), "sqlstate": find_sqlstate(error), "cause": explain_cause(error)}
    log.warning("database trouble", extra={"facts": facts})
    return show_error(ServiceUnavailable(), words=trouble.value)
