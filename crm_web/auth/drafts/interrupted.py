"""Forms that are sent after their session ended: what was typed is not lost, and nothing is saved by itself.

Each form carries a token that says for whom the page was made (``crm_web.core.csrf``), signed by this installation. A
form whose token is not that of the present session is shown again, filled, if its person is signed in by now; else what
was typed is kept in the database until they are. Whoever else signs in is told nothing of it.

Why this is no way in for other sites: without a token made for this very person a form is refused as ever; so is one
that the browser says comes from elsewhere (``Sec-Fetch-Site``, ``Origin``). What is shown again is saved only by a
click on that page, which sends a token of the present session. While it is made the database refuses every write.
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
from crm_web.core.problem_details import is_from_program
from crm_web.core.request_log import SECRET_NAME, log_event
from crm_web.models import Draft
from crm_web.web.error_pages import show_error
from crm_web.web.flash import flash_message
from crm_web.web.refills import begin_refill, can_refill
from crm_web.web.urls import safe_redirect_target

NOTHING_DONE = "You were signed out before this was done, so nothing was changed. Please try again."


def init_app(app: Flask) -> None:
    """
    Keep what is typed into the forms of an application.

    :param app: the application
    """
    login_manager.unauthorized_handler(ask_to_sign_in)
    app.register_error_handler(CSRFError, answer_stale_form)


def ask_to_sign_in() -> ResponseReturnValue:
    """Answer a form of whoever is no longer signed in: keep what they typed, and lead back to it or to its page."""
    return _lead_to_sign_in(find_owner(unmask(csrf.sent_token())))


def answer_stale_form(error: CSRFError) -> ResponseReturnValue:
    """Answer a form that comes from an earlier session; anything else without a token of ours is refused."""
    token = csrf.sent_token()
    owner_id = find_owner(unmask(token))
    if is_from_program() or not owner_id or is_current(token) or not _is_from_here():
        return show_error(error)
    if not current_user.is_authenticated:
        return _lead_to_sign_in(owner_id)
    if current_user.id != owner_id:
        words = ("Somebody else filled in this form", f"You are signed in as {current_user.name}. Nothing was saved.")
        return show_error(error, words=words)
    try:
        return check_access() or show_again()
    except Exception as failure:
        # Whatever the view finds wrong is answered as if it had been asked directly.
        return current_app.handle_user_exception(failure)


def show_again() -> ResponseReturnValue:
    """
    Answer a form with its page, filled, and save nothing.

    :return: the page of its view; the page that the form stood on where the view has none for it
    """
    view = current_app.view_functions[str(request.endpoint)]
    if not _can_refill():
        flash_message(NOTHING_DONE, kind="warning")
        return redirect(_find_referrer() or url_for("dashboard.show_dashboard"), code=303)
    begin_refill()
    forbid_writing()
    return cast(ResponseReturnValue, view(**(request.view_args or {})))


def rebuild_environ(draft: Draft) -> dict[str, Any]:
    """
    Make the request again that a draft was sent with.

    :param draft: what was kept
    :return: this request's environ, but with the method, address and body of that one
    """
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
        flash_message("You were signed out. Sign in to get back to what you typed.", kind="warning")
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
    """A script that sends a form can show no page: it is led to where the person is."""
    is_opening = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return is_opening and can_refill(current_app.view_functions[str(request.endpoint)], request.form)


def _is_from_here() -> bool:
    """What a browser says of where a request comes from; old ones say nothing, and have the token alone."""
    origin = request.headers.get("Origin")
    is_same = origin is None or urlsplit(origin).netloc == request.host
    return is_same and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def _find_referrer() -> str | None:
    """The page that the form stood on, if the browser tells and it is one of ours."""
    page = urlsplit(request.referrer or "")
    if page.netloc != request.host or page.path == "/sign-in":
        return None
    return safe_redirect_target(f"{page.path}?{page.query}" if page.query else page.path)
