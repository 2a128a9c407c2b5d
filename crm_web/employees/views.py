"""The pages on which administrators manage employees."""

from typing import Any

from flask import Response, abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.operations import set_password as give_password
from crm_web.auth.password_links.sending import invite
from crm_web.auth.permissions import Action, allowed, may
from crm_web.auth.retention import SIGN_INS_KEPT
from crm_web.auth.second_factor.operations import remove_factor as remove_second_factor
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.core.security_headers import send_secret
from crm_web.employees import blueprint, operations, queries
from crm_web.employees.forms import NOBODY, ChangeEmployeeForm, DeactivationForm, NewEmployeeForm, NewPasswordForm
from crm_web.history.conflicts import show_conflict
from crm_web.history.queries import list_changes_of
from crm_web.lists.params import Chip, ListParams
from crm_web.mail.queries import list_failed_mails
from crm_web.models import Employee
from crm_web.records import people
from crm_web.records.mentions import list_handles
from crm_web.records.operations import ChangedMeanwhile
from crm_web.web.form_fields import show_refusal, stored_values
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable

OFFERED = 6
"""How many colleagues are offered behind an @."""


@blueprint.get("/mentions")
@allowed(Action.READ)
def suggest_mentions() -> ResponseReturnValue:
    return jsonify(list_handles(request.args.get("q", ""), limit=OFFERED))


@blueprint.get("")
@allowed(Action.READ)
def list_employees() -> ResponseReturnValue:
    view = ListParams("employees.list_employees", request.args)
    page = queries.list_employees(cursor=view.mark)
    return render_template(
        "employees/list_employees.html",
        page=page,
        view=view,
        last_seen=queries.list_last_seen(page.rows) if may(current_user, Action.KEEP_EMPLOYEES) else {},
    )


@blueprint.get("/sign-ins")
@allowed(Action.KEEP_EMPLOYEES)
def list_sign_ins() -> ResponseReturnValue:
    names = {str(person.id): person.name for person in people.list_people()}
    view = ListParams("employees.list_sign_ins", request.args, names=("who",))
    view.require("who", "an employee", lambda word: word in names, is_single=True)
    who = view.one("who")
    return render_template(
        "employees/list_sign_ins.html",
        page=queries.list_sign_ins(int(who) if who else None, cursor=view.mark),
        view=view,
        names=names,
        chips=[Chip(names[who], view.url_without("who", who))] if who else [],
        days_kept=SIGN_INS_KEPT.days,
    )


@blueprint.get("/new")
@allowed(Action.KEEP_EMPLOYEES)
def new_employee() -> ResponseReturnValue:
    return _new_page(_new_form())


@blueprint.post("/new")
@allowed(Action.KEEP_EMPLOYEES)
@refillable()
def create_employee() -> ResponseReturnValue:
    form = _new_form()
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _new_page(form), 422
    values, password = stored_values(form), form.password.data or None
    try:
        employee = operations.create_employee(values, password=password, by=current_user)
    except DomainError as error:
        _refuse(form, error)
        return _new_page(form), 422
    welcome, known = _welcome(form, employee), {"employee": employee.id, "role": employee.role}
    db.session.commit()
    log_event("employee_created", **known)
    return welcome.give() if isinstance(welcome, Answer) else welcome


def _new_page(form: NewEmployeeForm) -> str:
    return render_template("employees/new_employee.html", form=form, sends_mail=current_settings().sends_mail)


def _new_form() -> NewEmployeeForm:
    form = NewEmployeeForm(time_zone=current_user.time_zone, locale=current_user.locale)
    form.manager_id.set_options(queries.list_leaders(None))
    return form


def _welcome(form: NewEmployeeForm, employee: Employee) -> Answer | Response:
    """Send the invitation of somebody without a password, or show its link once."""
    place, settings = url_for("employees.list_employees"), current_settings()
    if employee.password_hash or not settings.allows_password(employee.email):
        return store_response(form, f"{employee.name} added and can sign in now.", place)
    url = invite(employee)
    if url is None:
        return store_response(form, f"{employee.name} added. An invitation is on its way to {employee.email}.", place)
    page = url_for("employees.edit_employee", employee_id=employee.id)
    store_response(
        form, f"{employee.name} was added, and their link was shown once. Create a new one if it is lost.", page
    )
    return _show_link(employee, url)


def _show_link(employee: Employee, url: str) -> Response:
    return send_secret(render_template("employees/show_link.html", employee=employee, url=url))


def _takes_link(employee: Employee) -> bool:
    return employee.is_active and current_settings().allows_password(employee.email)


@blueprint.post("/<int:employee_id>/link")
@allowed(Action.KEEP_EMPLOYEES)
def send_link(employee_id: int) -> ResponseReturnValue:
    employee = _employee_or_404(employee_id)
    place = url_for("employees.edit_employee", employee_id=employee_id)
    if not _takes_link(employee):
        return Answer(f"{employee.name} can’t sign in with a password.", place, kind="warning").give()
    url = invite(employee)
    answer = Answer(f"A link to choose a password is on its way to {employee.email}.", place)
    page = _show_link(employee, url) if url else None
    db.session.commit()
    log_event("password_link_created", employee=employee_id)
    return page or answer.give()


@blueprint.get("/<int:employee_id>/edit")
@allowed(Action.KEEP_EMPLOYEES)
def edit_employee(employee_id: int) -> ResponseReturnValue:
    employee = _employee_or_404(employee_id)
    return _edit_page(_change_form(employee), employee)


@blueprint.post("/<int:employee_id>/edit")
@allowed(Action.KEEP_EMPLOYEES)
@refillable()
def change_employee(employee_id: int) -> ResponseReturnValue:
    employee = _employee_or_404(employee_id)
    form = _change_form(employee)
    if not form.validate():
        return _edit_page(form, employee), 422
    values, handover = stored_values(form), _handover(form.successor_id.data)
    try:
        given, merged = operations.change_employee(
            employee, values, version=int(form.version.data or 0), handover=handover, by=current_user
        )
    except ChangedMeanwhile as conflict:
        back_url = url_for("employees.edit_employee", employee_id=employee_id)
        return show_conflict(form, employee, conflict, back_url=back_url), 409
    except DomainError as error:
        _refuse(form, error)
        return _edit_page(form, employee), 422
    # People who gave up their own admin role can no longer open the list.
    place = "employees.list_employees" if may(current_user, Action.KEEP_EMPLOYEES) else "dashboard.show_dashboard"
    text = f"{employee.name} saved.{_say_given(given, handover)}{merged.in_words()}"
    answer, role = Answer(text, url_for(place), warnings=form.phone_warnings), employee.role
    db.session.commit()
    log_event("employee_changed", employee=employee_id, role=role)
    return answer.give()


def _change_form(employee: Employee) -> ChangeEmployeeForm:
    form = ChangeEmployeeForm(obj=employee)
    form.manager_id.set_options(queries.list_leaders(employee))
    form.successor_id.set_options(people.list_possible_owners(but=employee))
    return form


def _edit_page(form: ChangeEmployeeForm, employee: Employee) -> str:
    return render_template(
        "employees/edit_employee.html",
        form=form,
        employee=employee,
        changes=list_changes_of("employee", employee.id),
        failed_mails=list_failed_mails(employee),
    )


@blueprint.get("/<int:employee_id>/deactivate")
@allowed(Action.KEEP_EMPLOYEES)
def confirm_deactivation(employee_id: int) -> ResponseReturnValue:
    employee = _employee_or_404(employee_id)
    if not employee.is_active:
        return redirect(url_for("employees.edit_employee", employee_id=employee_id), code=303)
    return _deactivation_page(employee)


@blueprint.post("/<int:employee_id>/deactivate")
@allowed(Action.KEEP_EMPLOYEES)
@refillable()
def deactivate_employee(employee_id: int) -> ResponseReturnValue:
    employee = _employee_or_404(employee_id)
    form = _deactivation_form(employee)
    if not form.validate():
        return _deactivation_page(employee, form), 422
    handover = _handover(form.successor_id.data)
    try:
        given = operations.deactivate(employee, handover=handover, by=current_user)
    except DomainError as error:
        _refuse(form, error)
        return _deactivation_page(employee, form), 422
    text = f"{employee.name} can no longer sign in.{_say_given(given, handover)}"
    answer = Answer(text, url_for("employees.list_employees"))
    known = {"employee": employee_id, "leads": given.leads, "customers": given.customers, "tasks": given.tasks}
    db.session.commit()
    log_event("employee_deactivated", **known)
    return answer.give()


def _deactivation_form(employee: Employee) -> DeactivationForm:
    form = DeactivationForm()
    form.successor_id.set_options(people.list_possible_owners(but=employee))
    return form


def _deactivation_page(employee: Employee, form: DeactivationForm | None = None) -> str:
    return render_template(
        "employees/deactivate_employee.html",
        form=form or _deactivation_form(employee),
        employee=employee,
        belongings=queries.count_belongings(employee),
    )


@blueprint.post("/<int:employee_id>/reactivate")
@allowed(Action.KEEP_EMPLOYEES)
def reactivate_employee(employee_id: int) -> ResponseReturnValue:
    employee = _employee_or_404(employee_id)
    operations.reactivate(employee, by=current_user)
    place = url_for("employees.edit_employee", employee_id=employee_id)
    answer = Answer(f"{employee.name} can sign in again.", place)
    db.session.commit()
    log_event("employee_reactivated", employee=employee_id)
    return answer.give()


@blueprint.post("/<int:employee_id>/second-factor/remove")
@allowed(Action.KEEP_EMPLOYEES)
def remove_factor(employee_id: int) -> ResponseReturnValue:
    employee = _employee_or_404(employee_id)
    remove_second_factor(employee, by=current_user)
    place = url_for("employees.edit_employee", employee_id=employee_id)
    answer = Answer(
        f"Second factor removed. {employee.name} was signed out everywhere and can set up a new one.", place
    )
    db.session.commit()
    log_event("second_factor_removed", employee=employee_id)
    return answer.give()


@blueprint.get("/<int:employee_id>/password")
@allowed(Action.KEEP_EMPLOYEES)
def edit_password(employee_id: int) -> ResponseReturnValue:
    return _password_page(NewPasswordForm(), _employee_or_404(employee_id))


@blueprint.post("/<int:employee_id>/password")
@allowed(Action.KEEP_EMPLOYEES)
@refillable()
def set_password(employee_id: int) -> ResponseReturnValue:
    employee = _employee_or_404(employee_id)
    form = NewPasswordForm()
    if not form.validate():
        return _password_page(form, employee), 422
    try:
        give_password(employee, form.password.data, by=current_user)
    except DomainError as error:
        _refuse(form, error)
        return _password_page(form, employee), 422
    place = url_for("employees.edit_employee", employee_id=employee_id)
    answer = Answer(f"{employee.name} has a new password and was signed out everywhere.", place)
    db.session.commit()
    log_event("password_set", employee=employee_id)
    return answer.give()


def _password_page(form: NewPasswordForm, employee: Employee) -> str:
    offers_link, sends_mail = _takes_link(employee), current_settings().sends_mail
    return render_template(
        "employees/set_password.html", form=form, employee=employee, offers_link=offers_link, sends_mail=sends_mail
    )


def _employee_or_404(employee_id: int) -> Employee:
    return queries.find_employee(employee_id) or abort(404)


def _handover(chosen: Any) -> operations.Handover | None:
    if chosen is None:
        return None
    return operations.Handover(None if chosen == NOBODY else queries.find_employee(chosen))


def _say_given(given: queries.Belongings, handover: operations.Handover | None) -> str:
    if handover is None or not given.are_some:
        return ""
    lead_in = f"Transferred to {handover.to.name}" if handover.to else "Now unassigned"
    return f" {lead_in}: {given.in_words()}."


def _refuse(form: Any, error: DomainError) -> None:
    db.session.rollback()
    show_refusal(form, error)
