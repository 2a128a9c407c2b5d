"""The pages on which people set their password by a link, and ask for one."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm_web.auth import sessions
from crm_web.auth.password_links import blueprint, operations, queries
from crm_web.auth.password_links.forms import ForgottenPasswordForm, PasswordByLinkForm
from crm_web.auth.password_links.sending import mail_reset
from crm_web.auth.permissions import public
from crm_web.auth.start_page import url_of_start_page
from crm_web.auth.throttle import TooManyAttempts
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.models import PasswordLink, SignInMethod
from crm_web.web.flash import flash_message
from crm_web.web.form_fields import show_refusal

GONE = 410


@blueprint.get("/forgotten-password")
@public
def ask_for_link() -> ResponseReturnValue:
    return _ask_page(ForgottenPasswordForm())


@blueprint.post("/forgotten-password")
@public
def send_link() -> ResponseReturnValue:
    """The answer is the same whether or not the email belongs to an account."""
    form = ForgottenPasswordForm()
    if not current_settings().sends_mail or not form.validate():
        return _ask_page(form), 422
    email = form.email.data or ""
    try:
        operations.count_request(email, remote_address=request.remote_addr)
    except TooManyAttempts as error:
        db.session.rollback()
        show_refusal(form, error)
        return _ask_page(form), 429, {"Retry-After": str(error.seconds)}
    db.session.commit()
    mail_reset(email)
    db.session.commit()
    log_event("password_link_requested", remote_address=request.remote_addr)
    flash_message("If this email belongs to an account, a link is on its way. It works once, within an hour.")
    return redirect(url_for("auth.show_sign_in"), code=303)


def _ask_page(form: ForgottenPasswordForm) -> str:
    return render_template("password_links/ask_for_link.html", form=form, sends_mail=current_settings().sends_mail)


@blueprint.get("/set-password")
@public
def edit_password() -> ResponseReturnValue:
    token = request.args.get("link", "")
    link = _find_link(token)
    return _password_page(PasswordByLinkForm(link=token), link) if link else _show_expired()


@blueprint.post("/set-password")
@public
def set_password() -> ResponseReturnValue:
    form = PasswordByLinkForm()
    link = _find_link(form.link.data or "")
    if link is None:
        return _show_expired()
    if not form.validate():
        return _password_page(form, link), 422
    try:
        employee = operations.use_link(form.link.data or "", form.password.data or "")
    except operations.LinkExpired:
        db.session.rollback()
        return _show_expired()
    except DomainError as error:
        show_refusal(form, error)
        return _password_page(form, link), 422
    employee_id, is_done = employee.id, not employee.has_second_factor
    place = sessions.sign_in(employee, url_of_start_page(employee), method=SignInMethod.LINK)
    db.session.commit()
    log_event("password_set_by_link", employee=employee_id, remote_address=request.remote_addr)
    flash_message("Password saved. You are signed in." if is_done else "Password saved.")
    return redirect(place, code=303)


def _find_link(token: str) -> PasswordLink | None:
    """A link is no way around single sign-on: passwords may have been switched off since it was sent."""
    link = queries.get_link(token)
    return link if link and current_settings().allows_password(link.email) else None


def _password_page(form: PasswordByLinkForm, link: PasswordLink) -> str:
    return render_template("password_links/set_password.html", form=form, email=link.email)


def _show_expired() -> ResponseReturnValue:
    return render_template("password_links/expired.html", sends_mail=current_settings().sends_mail), GONE
