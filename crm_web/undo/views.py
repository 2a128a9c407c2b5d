"""Restoring one field of a record."""

from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import REFUSALS, Action, allowed, may, refuse, require_change
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.history import blueprint, queries
from crm_web.models import Contact, Customer, Employee, Lead
from crm_web.records.labels import label_of
from crm_web.undo import operations
from crm_web.web.idempotency import Answer
from crm_web.web.urls import safe_redirect_target


@blueprint.post("/<int:change_id>/put-back")
@allowed(Action.CHANGE_OWN)
def put_back(change_id: int) -> ResponseReturnValue:
    change, record = queries.get_change(change_id) or abort(404)
    _require_change(record)
    column, label = request.form.get("field", ""), label_of(request.form.get("field", ""))
    wanted = safe_redirect_target(request.form.get("next"))
    place = wanted or _place_of(record)
    try:
        is_new = operations.put_back(change, column, record, by=current_user)
    except DomainError as error:
        db.session.rollback()
        return Answer(f"Nothing was restored. {error.message}", place, kind="error").give()
    # People who gave up their own admin role can no longer open the employees' pages.
    answer = Answer(f"{label} restored." if is_new else f"{label} already has this value.", wanted or _place_of(record))
    db.session.commit()
    return answer.give()


def _require_change(record: Any) -> None:
    if isinstance(record, Employee):
        if not may(current_user, Action.KEEP_EMPLOYEES):
            refuse(REFUSALS[Action.KEEP_EMPLOYEES])
    else:
        require_change(record.customer if isinstance(record, Contact) else record)


def _place_of(record: Lead | Customer | Contact | Employee) -> str:
    """The URL of a record's history."""
    if isinstance(record, Lead):
        return url_for("leads.show_lead", lead_id=record.id)
    if isinstance(record, Customer):
        return url_for("customers.show_customer", customer_id=record.id)
    if isinstance(record, Contact):
        return url_for("customers.edit_contact", contact_id=record.id)
    if may(current_user, Action.KEEP_EMPLOYEES):
        return url_for("employees.edit_employee", employee_id=record.id)
    return url_for("history.list_changes")
