"""API endpoints for employees: anyone can read them, admins can change them."""

from typing import Any

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint, schemas
from crm_web.api.employees import schemas as employee_schemas
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import read_body, read_query, replay_response, require_match, show, show_page, store_response
from crm_web.auth.permissions import Action, allowed
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.employees import operations, queries
from crm_web.models import Employee

UNDECIDED = "A new owner for their records and open tasks is required, or they are the only admin."


@blueprint.get("/api/v1/employees")
@allowed(Action.READ)
@describe("List employees", "employees", query=schemas.PageQuery, answers={200: employee_schemas.EmployeePage})
def list_employees() -> ResponseReturnValue:
    """Includes deactivated employees; see is_active."""
    query = read_query(schemas.PageQuery)
    return show_page(employee_schemas.Employee, queries.list_employees(cursor=query.at, size=query.limit))


@blueprint.post("/api/v1/employees")
@allowed(Action.KEEP_EMPLOYEES)
@describe(
    "Create an employee",
    "employees",
    body=employee_schemas.NewEmployee,
    answers={201: employee_schemas.Employee},
    refuses={409: "The email is already in use, or the manager doesn’t exist."},
    is_once=True,
)
def create_employee() -> ResponseReturnValue:
    """Without a password, an admin has to set one in the app before they can sign in."""
    if answer := replay_response():
        return answer
    values = read_body(employee_schemas.NewEmployee).values()
    employee = operations.create_employee(values, password=values.pop("password", None), by=current_user)
    answer, known = store_response(_show(employee, 201)), {"employee": employee.id, "role": employee.role}
    db.session.commit()
    log_event("employee_created", **known)
    return answer


@blueprint.get("/api/v1/employees/<int:employee_id>")
@allowed(Action.READ)
@describe("Get an employee", "employees", query=schemas.FieldsQuery, answers={200: employee_schemas.Employee})
def read_employee(employee_id: int) -> ResponseReturnValue:
    """Includes deactivated employees; see is_active."""
    read_query(schemas.FieldsQuery)
    return _show(_employee_or_404(employee_id))


@blueprint.patch("/api/v1/employees/<int:employee_id>")
@allowed(Action.KEEP_EMPLOYEES)
@describe(
    "Update an employee",
    "employees",
    body=employee_schemas.EmployeeChange,
    answers={200: employee_schemas.Employee},
    refuses={409: f"{UNDECIDED} Or the email is already in use."},
    needs_match=True,
)
def change_employee(employee_id: int) -> ResponseReturnValue:
    """Only the fields you send change; null clears a field. A role that can’t own records needs a successor."""
    employee = _employee_or_404(employee_id)
    require_match(employee.version)
    values = read_body(employee_schemas.EmployeeChange).values()
    handover = _decide(values.pop("hand_over_to", None))
    operations.change_employee(employee, values, version=employee.version, handover=handover, by=current_user)
    answer, role = _show(employee), employee.role
    db.session.commit()
    log_event("employee_changed", employee=employee_id, role=role)
    return answer


@blueprint.post("/api/v1/employees/<int:employee_id>/deactivate")
@allowed(Action.KEEP_EMPLOYEES)
@describe(
    "Deactivate an employee",
    "employees",
    body=employee_schemas.Deactivation,
    answers={200: employee_schemas.Employee},
    refuses={409: UNDECIDED},
    is_once=True,
)
def deactivate_employee(employee_id: int) -> ResponseReturnValue:
    """Signs them out everywhere, revokes their tokens and transfers their records and open tasks."""
    employee = _employee_or_404(employee_id)
    if answer := replay_response():
        return answer
    decision = read_body(employee_schemas.Deactivation)
    operations.deactivate(employee, handover=_decide(decision.hand_over_to), by=current_user)
    answer = store_response(_show(employee))
    db.session.commit()
    log_event("employee_deactivated", employee=employee_id)
    return answer


@blueprint.post("/api/v1/employees/<int:employee_id>/reactivate")
@allowed(Action.KEEP_EMPLOYEES)
@describe("Reactivate an employee", "employees", answers={200: employee_schemas.Employee}, is_once=True)
def reactivate_employee(employee_id: int) -> ResponseReturnValue:
    """They can sign in again. Transferred records stay with their new owners."""
    employee = _employee_or_404(employee_id)
    if answer := replay_response():
        return answer
    operations.reactivate(employee, by=current_user)
    answer = store_response(_show(employee))
    db.session.commit()
    log_event("employee_reactivated", employee=employee_id)
    return answer


def _employee_or_404(employee_id: int) -> Employee:
    return queries.find_employee(employee_id) or abort(404)


def _decide(chosen: Any) -> operations.Handover | None:
    if chosen is None:
        return None
    if chosen == "nobody":
        return operations.Handover(None)
    return operations.Handover(queries.find_employee(chosen) or abort(409, "This employee doesn’t exist."))


def _show(employee: Employee, status: int = 200) -> Response:
    place = url_for("api.read_employee", employee_id=employee.id) if status == 201 else None
    return show(employee_schemas.Employee, employee, status, location=place)
