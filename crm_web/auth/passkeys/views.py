"""The pages on which people add, use and remove passkeys, and on which admins remove lost ones."""

from flask import abort, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth import sessions
from crm_web.auth.forms import ConfirmedForm
from crm_web.auth.operations import PasswordsOff, confirm_password, count_confirmation
from crm_web.auth.passkeys import blueprint, operations, queries
from crm_web.auth.passkeys.forms import AnswerForm, NewPasskeyForm
from crm_web.auth.permissions import Action, allowed, public, requires_factor, signed_in
from crm_web.auth.relying_party import RelyingParty, find_relying_party
from crm_web.auth.start_page import url_of_start_page
from crm_web.auth.throttle import TooManyAttempts
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.core.security_headers import send_secret
from crm_web.models import Employee, Passkey, SignInMethod
from crm_web.records.people import find_employee
from crm_web.web.flash import flash_message
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer
from crm_web.web.refills import refillable
from crm_web.web.urls import safe_redirect_target

CHALLENGE = "passkey_challenge"
NEW = "new_passkey"


@blueprint.post("/sign-in/passkey")
@public
def begin_sign_in() -> ResponseReturnValue:
    """Ask the browser for a passkey: in place of a password, or after it."""
    site = _site_or_404()
    try:
        operations.count_attempt(remote_address=request.remote_addr, browser=sessions.find_known_browser())
        challenge = operations.issue_challenge()
    except TooManyAttempts as error:
        log_event("throttled", remote_address=request.remote_addr)
        return _refuse(error)
    session[CHALLENGE] = challenge
    page = render_template(
        "passkeys/use_passkey.html",
        form=AnswerForm(formdata=None),
        options=operations.describe_use(challenge, site),
        next=safe_redirect_target(request.args.get("next")),
        site=site,
    )
    db.session.commit()
    return page


@blueprint.post("/sign-in/passkey/answer")
@public
def sign_in() -> ResponseReturnValue:
    site, form = _site_or_404(), AnswerForm()
    if not form.validate():
        return _refuse(operations.ChallengeExpired("The browser sent no passkey. Try again."))
    try:
        employee = _prove(form, site, _use_challenge())
    except DomainError as error:
        cause = str(error.__cause__) if error.__cause__ else None
        log_event("sign_in_failed", reason=type(error).__name__, cause=cause, remote_address=request.remote_addr)
        return _refuse(error)
    wanted = safe_redirect_target(request.args.get("next")) or url_of_start_page(employee)
    place = sessions.sign_in(employee, wanted, method=SignInMethod.PASSKEY)
    facts = {"employee": employee.id, "method": SignInMethod.PASSKEY}
    db.session.commit()
    log_event("sign_in", **facts, remote_address=request.remote_addr)
    return redirect(place, code=303)


def _use_challenge() -> bytes:
    """Use up the challenge that this browser was given; a wrong answer doesn't give it back."""
    challenge: bytes = session.pop(CHALLENGE, b"")
    operations.use_challenge(challenge)
    db.session.commit()
    return challenge


def _prove(form: AnswerForm, site: RelyingParty, challenge: bytes) -> Employee:
    employee = operations.check_passkey(form.answer.data or "", challenge=challenge, site=site)
    settings = current_settings()
    if not settings.allows_password(employee.email):
        raise PasswordsOff(f"Passkeys are switched off here. Sign in with {settings.oidc_name}.")
    operations.uncount_attempt(remote_address=request.remote_addr, browser=sessions.find_known_browser())
    return employee


def _refuse(error: DomainError) -> ResponseReturnValue:
    """Show the page that they came from, with why."""
    db.session.rollback()
    flash_message(error.message, kind="error")
    came_from = "second_factor.show_challenge" if sessions.AWAITING in session else "auth.show_sign_in"
    return redirect(url_for(came_from, next=safe_redirect_target(request.args.get("next"))), code=303)


@blueprint.get("/account/passkeys")
@signed_in
def list_passkeys() -> ResponseReturnValue:
    return _list_page(NewPasskeyForm())


@blueprint.post("/account/passkeys")
@signed_in
@refillable()
def begin_adding() -> ResponseReturnValue:
    """Ask the browser to create a passkey, once its owner has confirmed their password."""
    site, form = _site_or_404(), NewPasskeyForm()
    if not form.validate():
        return _list_page(form), 422
    try:
        _confirm(form)
    except TooManyAttempts as error:
        return _refuse_form(form, error), 429, {"Retry-After": str(error.seconds)}
    except DomainError as error:
        return _refuse_form(form, error), 422
    challenge, known = operations.issue_challenge(), queries.list_passkeys(current_user)
    options = operations.describe_new(challenge, site, current_user, known)
    page = render_template(
        "passkeys/create_passkey.html", form=AnswerForm(formdata=None), options=options, name=form.name.data, site=site
    )
    session[NEW] = [challenge, form.name.data]
    db.session.commit()
    return page


def _confirm(form: ConfirmedForm) -> None:
    count_confirmation(current_user)
    db.session.commit()
    confirm_password(current_user, form.current_password.data or "")


def _refuse_form(form: NewPasskeyForm, error: DomainError) -> str:
    db.session.rollback()
    show_refusal(form, error)
    return _list_page(form)


@blueprint.post("/account/passkeys/answer")
@signed_in
def add_passkey() -> ResponseReturnValue:
    site, form, place = _site_or_404(), AnswerForm(), url_for("passkeys.list_passkeys")
    challenge, name = session.pop(NEW, (b"", ""))
    try:
        operations.use_challenge(challenge)
        db.session.commit()
        codes = operations.register_passkey(
            current_user, name, form.answer.data or "", challenge=challenge, site=site, sign_in_id=g.sign_in_id
        )
    except DomainError as error:
        db.session.rollback()
        return Answer(error.message, place, kind="error").give()
    answer = Answer(f"Passkey “{name}” added.", place)
    page = send_secret(render_template("second_factor/show_codes.html", codes=codes)) if codes else None
    db.session.commit()
    log_event("passkey_added")
    return page or answer.give()


@blueprint.get("/account/passkeys/<int:passkey_id>/remove")
@signed_in
def confirm_removal(passkey_id: int) -> ResponseReturnValue:
    return _removal_page(passkey_id, ConfirmedForm())


@blueprint.post("/account/passkeys/<int:passkey_id>/remove")
@signed_in
@refillable()
def remove_passkey(passkey_id: int) -> ResponseReturnValue:
    form = ConfirmedForm()
    if not form.validate():
        return _removal_page(passkey_id, form), 422
    try:
        _confirm(form)
        answer = _remove(passkey_id)
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        status = 429 if isinstance(error, TooManyAttempts) else 422
    else:
        db.session.commit()
        log_event("passkey_removed")
        return answer.give()
    return _removal_page(passkey_id, form), status


def _remove(passkey_id: int) -> Answer:
    passkey = _own_or_404(passkey_id)
    answer = Answer(f"Passkey “{passkey.name}” removed.", url_for("passkeys.list_passkeys"))
    operations.remove_own_passkey(passkey, keep=g.sign_in_id, needs_factor=requires_factor(current_user))
    return answer


@blueprint.get("/employees/<int:employee_id>/passkeys")
@allowed(Action.KEEP_EMPLOYEES)
def list_theirs(employee_id: int) -> ResponseReturnValue:
    employee = find_employee(employee_id) or abort(404)
    return render_template("passkeys/list_theirs.html", employee=employee, passkeys=queries.list_passkeys(employee))


@blueprint.post("/employees/passkeys/<int:passkey_id>/remove")
@allowed(Action.KEEP_EMPLOYEES)
def remove_theirs(passkey_id: int) -> ResponseReturnValue:
    passkey = queries.find_passkey(passkey_id) or abort(404)
    employee_id = passkey.employee_id
    answer = Answer(
        f"Passkey “{passkey.name}” removed. {passkey.employee.name} was signed out everywhere.",
        url_for("passkeys.list_theirs", employee_id=employee_id),
    )
    operations.remove_passkey(passkey, by=current_user)
    db.session.commit()
    log_event("passkey_removed", employee=employee_id)
    return answer.give()


def _site_or_404() -> RelyingParty:
    return find_relying_party(current_settings()) or abort(404)


def _own_or_404(passkey_id: int) -> Passkey:
    return queries.find_own_passkey(current_user, passkey_id) or abort(404)


def _list_page(form: NewPasskeyForm) -> str:
    return render_template(
        "passkeys/list_passkeys.html",
        form=form,
        passkeys=queries.list_passkeys(current_user),
        site=find_relying_party(current_settings()),
    )


def _removal_page(passkey_id: int, form: ConfirmedForm) -> str:
    return render_template("passkeys/remove_passkey.html", passkey=_own_or_404(passkey_id), form=form)
