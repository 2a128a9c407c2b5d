"""The page that asks for the second factor, and the one on which people set it up."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pyotp
from flask import Response, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth import sessions
from crm_web.auth.operations import confirm_password, count_confirmation
from crm_web.auth.permissions import public, requires_factor, signed_in
from crm_web.auth.relying_party import find_relying_party
from crm_web.auth.second_factor import blueprint, operations, queries
from crm_web.auth.second_factor.forms import CodeForm, SetUpForm
from crm_web.auth.second_factor.qr import draw
from crm_web.auth.start_page import url_of_start_page
from crm_web.auth.throttle import TooManyAttempts
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.core.security_headers import send_secret
from crm_web.models import Employee, SignIn
from crm_web.records.operations import lock
from crm_web.web.flash import flash_message
from crm_web.web.form_fields import RecordForm, show_refusal
from crm_web.web.idempotency import Answer
from crm_web.web.refills import refillable
from crm_web.web.urls import safe_redirect_target

Form = TypeVar("Form", bound=RecordForm)
Page = TypeVar("Page", str, Response)
SECRET = "authenticator_secret"  # noqa: S105  (the name of a value in the session)


@blueprint.get("/sign-in/code")
@public
def show_challenge() -> ResponseReturnValue:
    awaiting = _find_awaiting()
    return _challenge_page(CodeForm(), awaiting.employee) if awaiting else _start_again()


@blueprint.post("/sign-in/code")
@public
def answer_challenge() -> ResponseReturnValue:
    form, awaiting = CodeForm(), _find_awaiting()
    if awaiting is None:
        return _start_again()
    if not form.validate():
        return _challenge_page(form, awaiting.employee), 422
    employee = awaiting.employee
    show_page = partial(_challenge_page, employee=employee)
    try:
        operations.count_attempt(employee)
        db.session.commit()
        lock(employee)
        if _find_awaiting() is None:
            # Signed out everywhere at this moment, such as by a change of the password.
            return _start_again()
        method = operations.use_code(employee, form.code.data or "")
    except TooManyAttempts as error:
        return _refuse(form, error, show_page), 429, {"Retry-After": str(error.seconds)}
    except DomainError as error:
        log_event("second_factor_failed", remote_address=request.remote_addr)
        return _refuse(form, error, show_page), 422
    wanted = safe_redirect_target(request.args.get("next")) or url_of_start_page(employee)
    place = sessions.sign_in(employee, wanted, method=method)
    facts = {"employee": employee.id, "method": method}
    db.session.commit()
    log_event("sign_in", **facts, remote_address=request.remote_addr)
    return redirect(place, code=303)


def _find_awaiting() -> SignIn | None:
    token = session.get(sessions.AWAITING)
    return queries.find_awaiting(token) if token else None


def _start_again() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_of_start_page(current_user), code=303)
    flash_message("Enter your password again: the code was not entered in time.", kind="warning")
    return redirect(url_for("auth.show_sign_in", next=safe_redirect_target(request.args.get("next"))), code=303)


def _challenge_page(form: CodeForm, employee: Employee) -> str:
    return render_template(
        "second_factor/show_challenge.html",
        form=form,
        next=safe_redirect_target(request.args.get("next")),
        factors=queries.find_factors(employee),
        offers_passkeys=find_relying_party(current_settings()) is not None,
    )


@blueprint.get("/account/second-factor")
@signed_in
def edit_factor() -> ResponseReturnValue:
    if current_user.has_second_factor and "new" not in request.args:
        return _factor_page(CodeForm())
    return _set_up_page(SetUpForm())


@blueprint.post("/account/second-factor")
@signed_in
@refillable()
def set_up_factor() -> ResponseReturnValue:
    form = SetUpForm()
    if not form.validate():
        return _set_up_page(form), 422
    try:
        codes = _set_up(form)
    except TooManyAttempts as error:
        return _refuse(form, error, _set_up_page), 429, {"Retry-After": str(error.seconds)}
    except DomainError as error:
        return _refuse(form, error, _set_up_page), 422
    return _show_codes(codes, "second_factor_set_up")


def _set_up(form: SetUpForm) -> list[str]:
    count_confirmation(current_user)
    db.session.commit()
    confirm_password(current_user, form.current_password.data or "")
    return operations.set_up(current_user, _pending_secret(), form.code.data or "", sign_in_id=g.sign_in_id)


def _pending_secret() -> str:
    """The secret that is shown until an app has proved to know it; only this person's own cookie holds it."""
    secret: str = session.setdefault(SECRET, operations.make_secret())
    return secret


def _set_up_page(form: SetUpForm) -> Response:
    secret = _pending_secret()
    url = pyotp.TOTP(secret).provisioning_uri(
        name=current_user.email, issuer_name=f"Piper ({current_settings().company_name})"
    )
    page = send_secret(
        render_template(
            "second_factor/edit_factor.html",
            form=form,
            secret=secret,
            qr=draw(url),
            employee=current_user,
            is_required=requires_factor(current_user),
            offers_passkeys=find_relying_party(current_settings()) is not None,
        )
    )
    return page


@blueprint.post("/account/second-factor/codes")
@signed_in
@refillable()
def renew_codes() -> ResponseReturnValue:
    return _with_code(lambda: _show_codes(operations.renew_codes(current_user), "recovery_codes_renewed"))


@blueprint.post("/account/second-factor/off")
@signed_in
@refillable()
def turn_off() -> ResponseReturnValue:
    if requires_factor(current_user):
        return Answer(
            "You need a second factor, so it can’t be turned off.", url_for("second_factor.edit_factor"), kind="error"
        ).give()
    return _with_code(_turn_off)


def _turn_off() -> ResponseReturnValue:
    operations.remove_factor(current_user, by=current_user, keep=g.sign_in_id)
    answer = Answer("Second factor turned off.", url_for("auth.show_account"))
    db.session.commit()
    log_event("second_factor_removed")
    return answer.give()


def _with_code(then: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    form = CodeForm()
    if not form.validate():
        return _factor_page(form), 422
    try:
        operations.count_attempt(current_user)
        db.session.commit()
        operations.use_code(current_user, form.code.data or "")
    except TooManyAttempts as error:
        return _refuse(form, error, _factor_page), 429, {"Retry-After": str(error.seconds)}
    except DomainError as error:
        return _refuse(form, error, _factor_page), 422
    return then()


def _factor_page(form: CodeForm) -> str:
    return render_template(
        "second_factor/turn_off.html",
        form=form,
        factors=queries.find_factors(current_user),
        is_required=requires_factor(current_user),
    )


def _show_codes(codes: list[str], event: str) -> Response:
    page = send_secret(render_template("second_factor/show_codes.html", codes=codes))
    session.pop(SECRET, None)
    db.session.commit()
    log_event(event)
    return page


def _refuse(form: Form, error: DomainError, page: Callable[[Form], Page]) -> Page:
    db.session.rollback()
    show_refusal(form, error)
    return page(form)
