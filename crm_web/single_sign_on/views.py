"""Signing in with an identity provider or by a proxy's header, and the provider's messages of signing out."""

from flask import Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth import sessions
from crm_web.auth.permissions import public
from crm_web.auth.start_page import url_of_start_page
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import csrf, db
from crm_web.core.request_log import TRUSTED_USER, log_event
from crm_web.employees.roles import read_group_roles
from crm_web.models import SignInMethod
from crm_web.single_sign_on import blueprint, operations, provider
from crm_web.single_sign_on.identities import Identity, make_identity
from crm_web.web.flash import flash_message
from crm_web.web.urls import safe_redirect_target

PROXY = "proxy"


@blueprint.get("/provider")
@public
def begin() -> ResponseReturnValue:
    """Send the browser to the identity provider."""
    _require(bool(current_settings().oidc_issuer))
    place = safe_redirect_target(request.args.get("next"))
    try:
        return provider.begin(url_for("single_sign_on.complete", _external=True), place)
    except DomainError as error:
        return _refuse(error)


@blueprint.get("/provider/back")
@public
def complete() -> ResponseReturnValue:
    """Sign in whom the identity provider sends back."""
    _require(bool(current_settings().oidc_issuer))
    try:
        return _let_in(*provider.complete())
    except provider.SignInNotCompleted as error:
        if current_user.is_authenticated:
            # Another tab was faster.
            return redirect(url_of_start_page(current_user), code=303)
        return _refuse(error)
    except DomainError as error:
        return _refuse(error)


@blueprint.get("/proxy")
@public
def trust_proxy() -> ResponseReturnValue:
    """Sign in whom a trusted proxy names in its header."""
    email = request.environ.get(TRUSTED_USER)
    _require(bool(email))
    try:
        subject = str(email).lower()
        identity = make_identity(PROXY, subject, email=email, name=email, session=subject)
        return _let_in(identity, safe_redirect_target(request.args.get("next")))
    except ValueError:
        return _refuse(provider.SignInNotCompleted("The proxy sent something else than your email. Ask an admin."))
    except DomainError as error:
        return _refuse(error)


@blueprint.post("/provider/signed-out")
@public
def end_sign_ins() -> ResponseReturnValue:
    """End the sign-ins that the identity provider ended; it calls this itself, and signs what it says."""
    _require(bool(current_settings().oidc_issuer))
    headers = {"Cache-Control": "no-store"}
    try:
        signed_out = provider.read_sign_out(request.form.get("logout_token", ""))
    except provider.ProviderUnavailable as error:
        log_event("provider_failed", reason=type(error).__name__, cause=str(error.__cause__))
        return {"error": "temporarily_unavailable"}, 503, headers
    except DomainError as error:
        log_event("sign_out_refused", reason=str(error.__cause__))
        return {"error": "invalid_request"}, 400, headers
    log_event("signed_out_by_provider", count=operations.end_sign_ins(signed_out))
    db.session.commit()
    return Response(status=200, headers=headers)


csrf.exempt(end_sign_ins)


def _let_in(identity: Identity, target: str | None) -> ResponseReturnValue:
    settings = current_settings()
    rules = operations.Admission(read_group_roles(settings), creates=settings.oidc_creates_employees)
    employee = operations.admit(identity, rules)
    method = SignInMethod.PROXY if identity.issuer == PROXY else SignInMethod.PROVIDER
    place = target or url_of_start_page(employee)
    place = sessions.sign_in(employee, place, method=method, provider_session=identity.session)
    employee_id = employee.id
    db.session.commit()
    log_event("sign_in", employee=employee_id, remote_address=request.remote_addr, issuer=identity.issuer)
    return redirect(place, code=303)


def _refuse(error: DomainError) -> ResponseReturnValue:
    """Show the sign-in page again, with why; it must not send the browser on by itself."""
    db.session.rollback()
    cause = error.__cause__
    log_event("sign_in_failed", reason=type(error).__name__, cause=cause and f"{type(cause).__name__}: {cause}")
    flash_message(error.message, kind="error")
    return redirect(url_for("auth.show_sign_in", password=1), code=303)


def _require(is_offered: bool) -> None:
    if not is_offered:
        abort(404)
