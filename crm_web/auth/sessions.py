"""Sessions: the cookie holds a random token, the database says whose it is and whether it is still valid."""

import secrets
from datetime import timedelta

from flask import Flask, Request, Response, abort, after_this_request, current_app, g, request, session, url_for
from itsdangerous import BadSignature, URLSafeSerializer

from crm_web.auth import operations, queries
from crm_web.auth.tokens.operations import count_invalid, count_request
from crm_web.core.csrf import make_secret
from crm_web.core.extensions import db, login_manager
from crm_web.core.keys import list_keys
from crm_web.core.problem_details import is_api_request
from crm_web.core.request_log import TRUSTED_USER, remember_employee
from crm_web.models import ChangeSource, Employee, SignIn, SignInMethod, limit_of, set_change_source
from crm_web.records.people import find_employee

KNOWN_BROWSER_COOKIE = "piper_browser"
KNOWN_FOR = timedelta(days=180)
TIME_FOR_FACTOR = timedelta(minutes=10)
AWAITING = "sign_in_awaiting_factor"
TOO_MANY = "Too many requests with this token. Wait the number of seconds in Retry-After."
TOO_MANY_WRONG = "Too many requests with invalid tokens from this address. Stop the app that sends them."


def init_app(app: Flask) -> None:
    """Load the signed-in employee for each request, and record the source of each change in history."""
    # Flask-Login's own cookies are not used: another program's cookie on the same host must not sign anybody in.
    app.config["REMEMBER_COOKIE_NAME"] = "piper_unused"
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    login_manager.session_protection = None
    login_manager.request_loader(_load_person)
    app.before_request(_enter)


def sign_in(employee: Employee, place: str, *, method: SignInMethod, provider_session: str | None = None) -> str:
    """Sign an employee in with a fresh cookie, so that nothing planted in the old one survives.

    Who has proved one factor and has a second one is let in only when they have shown it.

    :param place: the URL to go to once they are in
    :param provider_session: the identity provider's id of this sign-in; ``None`` without a provider
    :return: the URL to go to now: ``place``, or the page that asks for the second factor
    """
    awaits_factor = method.is_one_factor and employee.has_second_factor
    known = find_known_browser()
    end_current_session()
    token = operations.start_sign_in(
        employee,
        remote_address=request.remote_addr,
        user_agent=request.user_agent.string,
        lifetime=TIME_FOR_FACTOR if awaits_factor else current_app.permanent_session_lifetime,
        method=method,
        awaits_factor=awaits_factor,
        knows_browser=known is not None and known.employee_id == employee.id,
        provider_session=provider_session,
    )
    session.clear()
    if awaits_factor:
        # Under a name of its own: an instance of an earlier release would take it for a session.
        session[AWAITING] = token
        return url_for("second_factor.show_challenge", next=place)
    session["sign_in"] = token
    session["csrf_token"] = make_secret(employee.id)
    session.permanent = True
    _remember_browser(employee)
    return place


def sign_out() -> None:
    """End the session on the server and delete the cookie."""
    end_current_session()
    session.clear()


def end_current_session() -> None:
    """End this browser's session on the server, if there is one."""
    signed_in = queries.find_signed_in(session["sign_in"]) if "sign_in" in session else None
    sign_in = queries.find_sign_in(signed_in.employee, signed_in.sign_in_id) if signed_in else None
    if sign_in:
        operations.end_sign_in(sign_in)


def find_known_browser() -> operations.KnownBrowser | None:
    """Read from a cookie who last signed in with this browser."""
    try:
        return operations.KnownBrowser(*_signer().loads(request.cookies.get(KNOWN_BROWSER_COOKIE, "")))
    except (BadSignature, TypeError):
        return None


def _load_person(_request: Request) -> Employee | None:
    """A program's token takes precedence over a cookie."""
    g.sign_in_id = g.sign_in_method = g.api_token = g.token_use = None
    if is_api_request() and "Authorization" in request.headers:
        return _load_program()
    token: str | None = session.get("sign_in")
    found = queries.find_signed_in(token) if token else None
    if found and _is_of_another(found):
        found = None
    if token and found and found.is_to_be_noted:
        operations.note_seen(found.sign_in_id, lifetime=current_app.permanent_session_lifetime)
        db.session.commit()
        # The cookie lasts as long as the session, and is sent anew only when that was extended.
        session.modified = True
        found = queries.find_signed_in(token)
    g.sign_in_id, g.sign_in_method = (found.sign_in_id, found.method) if found else (None, None)
    g.unread_notifications = found.unread_notifications if found else 0
    return found.employee if found else None


def pretend_signed_in(employee: Employee) -> None:
    """Let a request that nobody sent be an employee's, without a session: what it builds is for nobody."""
    g.sign_in_id = g.sign_in_method = g.api_token = g.token_use = None
    g.unread_notifications = 0
    g._login_user = employee


def _is_of_another(found: queries.SignedIn) -> bool:
    """Whether a proxy signed somebody in, and names another person by now."""
    named = request.environ.get(TRUSTED_USER)
    if found.method is not SignInMethod.PROXY or found.provider_session is None or not named:
        return False
    return found.provider_session != str(named).lower()[: limit_of(SignIn.provider_session)]


def _load_program() -> Employee | None:
    """Count the request first: the commit would expire what was loaded before it."""
    shown = request.authorization
    if shown is None or shown.type != "bearer" or not shown.token:
        return None
    token = count_request(shown.token, most=current_app.config["API_REQUESTS_A_MINUTE"])
    g.token_use = token.use if token else count_invalid(request.remote_addr)
    db.session.commit()
    if g.token_use.is_too_much:
        # The refusal is rendered without loading the employee again.
        remember_employee(g.token_use.employee_id)
        g._login_user = login_manager.anonymous_user()
        abort(429, TOO_MANY if token else TOO_MANY_WRONG)
    employee = find_employee(token.employee_id, writes_nothing_yet=True) if token else None
    if employee is None or not employee.is_active:
        return None
    g.api_token = token
    return employee


def _enter() -> None:
    set_change_source(ChangeSource.API if is_api_request() else ChangeSource.WEB, g.request_id)


def _remember_browser(employee: Employee) -> None:
    known = find_known_browser()
    nonce = known.nonce if known and known.employee_id == employee.id else secrets.token_urlsafe(16)
    value = _signer().dumps([employee.id, nonce])

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            KNOWN_BROWSER_COOKIE,
            value,
            max_age=KNOWN_FOR,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
        return response


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(list_keys()[::-1], salt="known-browser")
