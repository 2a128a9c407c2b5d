"""Signing in and out, and the account page."""

from flask import abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from crm_web.auth import blueprint, operations, queries, sessions
from crm_web.auth.drafts.interrupted import answer_stale_form
from crm_web.auth.forms import PasswordForm, PreferencesForm, SignInForm
from crm_web.auth.permissions import public, signed_in
from crm_web.auth.relying_party import find_relying_party
from crm_web.auth.start_page import url_of_start_page
from crm_web.auth.throttle import TooManyAttempts
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import TRUSTED_USER, log_event
from crm_web.models import Employee, SignInMethod
from crm_web.web.flash import flash_message
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer
from crm_web.web.refills import refillable
from crm_web.web.urls import safe_redirect_target


@blueprint.get("/sign-in")
@public
def show_sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(_destination(current_user), code=303)
    if request.environ.get(TRUSTED_USER) and "password" not in request.args:
        return redirect(url_for("single_sign_on.trust_proxy", next=request.args.get("next")))
    form = SignInForm()
    if request.args.get("as") in [person.email for person in queries.list_demo_people()]:
        form.fill_in_demo(request.args["as"])
    return _sign_in_page(form)


@blueprint.post("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate():
        return _sign_in_page(form), 422
    try:
        employee = _prove(form)
    except TooManyAttempts as error:
        log_event("throttled", remote_address=request.remote_addr)
        return _refuse(form, error), 429, {"Retry-After": str(error.seconds)}
    except DomainError as error:
        log_event("sign_in_failed", reason=type(error).__name__, remote_address=request.remote_addr)
        return _refuse(form, error), 422
    event, employee_id = "password_confirmed" if employee.has_second_factor else "sign_in", employee.id
    place = sessions.sign_in(employee, _destination(employee), method=SignInMethod.PASSWORD)
    db.session.commit()
    log_event(event, employee=employee_id, remote_address=request.remote_addr)
    return redirect(place, code=303)


def _prove(form: SignInForm) -> Employee:
    settings = current_settings()
    if not settings.allows_password(form.email.data or ""):
        raise operations.PasswordsOff(f"Passwords are switched off here. Sign in with {settings.oidc_name}.")
    attempt = operations.count_attempt(
        form.email.data or "", remote_address=request.remote_addr, browser=sessions.find_known_browser()
    )
    # Committed before the slow check, so that other requests see the count and no connection is held.
    db.session.commit()
    return operations.check_attempt(attempt, form.password.data or "")


def _refuse(form: SignInForm, error: DomainError) -> str:
    db.session.rollback()
    show_refusal(form, error)
    return _sign_in_page(form)


def _sign_in_page(form: SignInForm) -> str:
    settings = current_settings()
    return render_template(
        "auth/sign_in.html",
        form=form,
        demo_people=queries.list_demo_people(),
        demo_password=queries.DEMO_PASSWORD,
        next=request.args.get("next"),
        settings=settings,
        offers_passkeys=find_relying_party(settings) is not None,
        shows_password=settings.password_sign_in or "password" in request.args or form.errors,
    )


def _destination(employee: Employee) -> str:
    """Return where to go after signing in: the page that asked for it if it is ours, else their start page."""
    return safe_redirect_target(request.args.get("next")) or url_of_start_page(employee)


@blueprint.errorhandler(CSRFError)
def explain_stale_page(error: CSRFError) -> ResponseReturnValue:
    """Show a fresh form to someone who signed in in another tab meanwhile."""
    if request.endpoint != "auth.sign_in" or current_user.is_authenticated:
        return answer_stale_form(error)
    form = SignInForm(formdata=None)
    show_refusal(form, DomainError("This page expired. Please enter your password again."))
    return _sign_in_page(form), 400


@blueprint.post("/sign-out")
@signed_in
def sign_out() -> ResponseReturnValue:
    sessions.sign_out()
    db.session.commit()
    log_event("sign_out")
    flash_message("You are signed out.")
    return redirect(url_for("auth.show_sign_in"), code=303)


@blueprint.get("/account")
@signed_in
def show_account() -> ResponseReturnValue:
    return _account_page()


@blueprint.post("/account/preferences")
@signed_in
@refillable()
def change_preferences() -> ResponseReturnValue:
    form = PreferencesForm(obj=current_user)
    if not form.validate():
        return _account_page(preferences=form), 422
    operations.change_preferences(
        current_user,
        theme=form.theme.data,
        time_zone=form.time_zone.data,
        locale=form.locale.data,
        uses_keys=form.uses_keys.data,
        start_page=form.start_page.data,
    )
    db.session.commit()
    flash_message("Preferences saved.")
    return redirect(url_for("auth.show_account"), code=303)


@blueprint.post("/account/password")
@signed_in
@refillable()
def change_password() -> ResponseReturnValue:
    form = PasswordForm()
    if not form.validate():
        return _account_page(password=form), 422
    is_first = current_user.must_change_password
    place = url_of_start_page(current_user) if is_first else url_for("auth.show_account")
    try:
        _change_password(form)
    except TooManyAttempts as error:
        return _refuse_password(form, error), 429, {"Retry-After": str(error.seconds)}
    except DomainError as error:
        return _refuse_password(form, error), 422
    answer = Answer("Password changed. Your other sessions were signed out.", place)
    db.session.commit()
    log_event("password_changed")
    return answer.give()


def _change_password(form: PasswordForm) -> None:
    operations.count_confirmation(current_user)
    db.session.commit()
    operations.change_own_password(
        current_user, form.current_password.data or "", form.password.data or "", sign_in_id=g.sign_in_id
    )


def _refuse_password(form: PasswordForm, error: DomainError) -> str:
    db.session.rollback()
    show_refusal(form, error)
    return _account_page(password=form)


@blueprint.post("/account/sign-ins/end-others")
@signed_in
def end_other_sign_ins() -> ResponseReturnValue:
    operations.end_sign_ins(current_user, keep=g.sign_in_id)
    db.session.commit()
    log_event("other_sign_ins_ended")
    flash_message("All other sessions signed out.")
    return redirect(url_for("auth.show_account"), code=303)


@blueprint.post("/account/sign-ins/<int:sign_in_id>/end")
@signed_in
def end_sign_in(sign_in_id: int) -> ResponseReturnValue:
    sign_in = queries.find_sign_in(current_user, sign_in_id) or abort(404)
    operations.end_sign_in(sign_in)
    db.session.commit()
    log_event("sign_in_ended", sign_in=sign_in_id)
    flash_message("Session signed out.")
    return redirect(url_for("auth.show_account"), code=303)


def _account_page(preferences: PreferencesForm | None = None, password: PasswordForm | None = None) -> str:
    if current_user.must_change_password and current_settings().allows_password(current_user.email):
        return render_template(
            "auth/first_password.html", employee=current_user, password=password or PasswordForm(formdata=None)
        )
    return render_template(
        "auth/account.html",
        employee=current_user,
        preferences=preferences or PreferencesForm(formdata=None, obj=current_user),
        password=password or PasswordForm(formdata=None),
        has_password=current_settings().allows_password(current_user.email),
        offers_passkeys=find_relying_party(current_settings()) is not None,
        sign_ins=queries.list_sign_ins(current_user),
        this_sign_in=g.sign_in_id,
    )
