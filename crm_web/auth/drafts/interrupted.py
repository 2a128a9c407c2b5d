"""Forms sent after their session ended: nothing typed is lost, and nothing is saved without a new click.

Each form carries a token that names the employee it was rendered for (``crm_web.core.csrf``), signed by this
installation. If that employee is signed in again by now, a form with a token of an earlier session is shown again,
filled in; otherwise what was typed is stored as a draft until they sign in. Nobody else learns of it.

This is safe against cross-site requests: a form without a token for this employee is refused as always, and so is one
that the browser reports as coming from another site (``Sec-Fetch-Site``, ``Origin``). The form shown again is saved
only by a click on that page, which sends a token of the current session, and the database transaction is read-only
while the page is rendered.
"""

from io import BytesIO
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from crm_web.auth.drafts.operations import keep_draft
from crm_web.auth.drafts.queries import forbid_writing
from crm_web.auth.permissions import check_access
from crm_web.core.csrf import find_owner, is_current, unmask
from crm_web.core.extensions import csrf, db, login_manager
from crm_web.core.problem_details import is_api_request
from crm_web.core.request_log import SECRET_NAME, log_event
from crm_web.models import Draft
from crm_web.web.error_pages import show_error
from crm_web.web.flash import flash_message
from crm_web.web.refills import begin_refill, can_refill
from crm_web.web.urls import safe_redirect_target

NOTHING_DONE = "You were signed out, so nothing was changed. Please try again."


def init_app(app: Flask) -> None:
    """Register the handlers that keep what was typed into interrupted forms."""
    login_manager.unauthorized_handler(ask_to_sign_in)
    app.register_error_handler(CSRFError, answer_stale_form)


def ask_to_sign_in() -> ResponseReturnValue:
    """Redirect to the sign-in page; a form that was sent is stored as a draft and shown again afterwards."""
    return _lead_to_sign_in(find_owner(unmask(csrf.sent_token())))


def answer_stale_form(error: CSRFError) -> ResponseReturnValue:
    """Answer a form from an earlier session; anything without a valid token is refused."""
    token = csrf.sent_token()
    owner_id = find_owner(unmask(token))
    if is_api_request() or not owner_id or is_current(token) or not _is_from_here():
        return show_error(error)
    if not current_user.is_authenticated:
        return _lead_to_sign_in(owner_id)
    if current_user.id != owner_id:
        words = ("This form belongs to someone else", f"You are signed in as {current_user.name}. Nothing was saved.")
        return show_error(error, words=words)
    try:
        return check_access() or show_again()
    except Exception as failure:
        # An error of the view is answered as if the view had been called directly.
        return current_app.handle_user_exception(failure)


def show_again() -> ResponseReturnValue:
    """Render the sent form again, filled in, without saving anything.

    A view that can't render the form leads back to the page that the form was on.
    """
    view = current_app.view_functions[str(request.endpoint)]
    if not _can_refill():
        flash_message(NOTHING_DONE, kind="warning")
        return redirect(_find_referrer() or url_for("dashboard.show_dashboard"), code=303)
    begin_refill()
    forbid_writing()
    return cast(ResponseReturnValue, view(**(request.view_args or {})))


def rebuild_environ(draft: Draft) -> dict[str, Any]:
    """Return this request's environ with the method, URL and body of the request that the draft came from."""
    path, _, query = draft.place.partition("?")
    body = urlencode([(str(name), str(value)) for name, value in draft.fields]).encode()
    own = {name: value for name, value in request.environ.items() if not name.startswith("werkzeug.")}
    return own | {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }


def _lead_to_sign_in(owner_id: int | None) -> ResponseReturnValue:
    place = _find_referrer()
    if owner_id and (draft_id := _keep(owner_id)):
        place = url_for("auth.show_draft", draft_id=draft_id)
        flash_message("You were signed out. Sign in to continue where you left off.", kind="warning")
    elif owner_id and request.endpoint != "auth.sign_out":
        flash_message(NOTHING_DONE, kind="warning")
    return redirect(url_for("auth.show_sign_in", next=place), code=303)


def _keep(owner_id: int) -> int | None:
    if not _can_refill():
        return None
    fields = [(name, value) for name, value in request.form.items(multi=True) if not SECRET_NAME.search(name)]
    place = f"{request.path}?{request.query_string.decode()}" if request.query_string else request.path
    draft = keep_draft(owner_id, place, fields)
    draft_id = draft.id if draft else None
    db.session.commit()
    log_event("draft_kept", employee=owner_id, is_kept=draft_id is not None)
    return draft_id


def _can_refill() -> bool:
    """Requests by scripts can't show a page; they are redirected."""
    is_opening = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return is_opening and can_refill(current_app.view_functions[str(request.endpoint)], request.form)


def _is_from_here() -> bool:
    """Check the origin as far as the browser reports it; older browsers rely on the token alone."""
    origin = request.headers.get("Origin")
    is_same = origin is None or urlsplit(origin).netloc == request.host
    return is_same and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def _find_referrer() -> str | None:
    """Return the page that the form was on, if the browser names it and it belongs to this site."""
    page = urlsplit(request.referrer or "")
    if page.netloc != request.host or page.path == "/sign-in":
        return None
    return safe_redirect_target(f"{page.path}?{page.query}" if page.query else page.path)
