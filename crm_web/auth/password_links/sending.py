"""Getting links to people: by email, or on the page of the admin who passes them on."""

from flask import render_template, url_for
from flask_login import current_user

from crm_web.auth.password_links.operations import (
    INVITATION_LASTS,
    RESET_LASTS,
    create_link,
    make_token,
    write_decoy,
)
from crm_web.core.config import current_settings
from crm_web.mail.operations import write_mail
from crm_web.models import Employee
from crm_web.records.people import find_employee_by_email


def invite(employee: Employee) -> str | None:
    """Send somebody a link to set their password within a week: by email if there is a mail server.

    :return: without a mail server, the URL for the admin to pass on; it is shown once
    """
    token = create_link(employee, lasts=INVITATION_LASTS)
    settings = current_settings()
    if not settings.sends_mail:
        return _absolute_url(token)
    company = settings.company_name
    body = render_template(
        "mail/invitation.txt", employee=employee, by=current_user, company=company, url=_absolute_url(token)
    )
    write_mail(employee, subject=f"Your account in the CRM of {company}", body=body)
    return None


def mail_reset(email: str) -> None:
    """Email whoever has this address a link to set a new password within an hour.

    If nobody may have one, as much is rendered and written: how long it takes doesn't tell who has an account.
    """
    employee, settings = find_employee_by_email(email), current_settings()
    if employee is None or not employee.is_active or not settings.allows_password(email):
        _render_reset(Employee(name=email), make_token())
        write_decoy(email)
        return
    token = create_link(employee, lasts=RESET_LASTS)
    write_mail(employee, subject="Set a new password", body=_render_reset(employee, token))


def _render_reset(employee: Employee, token: str) -> str:
    company = current_settings().company_name
    return render_template("mail/reset.txt", employee=employee, company=company, url=_absolute_url(token))


def _absolute_url(token: str) -> str:
    """The address of the site comes from its settings: whoever sends a request could forge its Host header."""
    site = current_settings().site_url.rstrip("/")
    if not site:
        return url_for("password_links.edit_password", link=token, _external=True)
    return site + url_for("password_links.edit_password", link=token)
