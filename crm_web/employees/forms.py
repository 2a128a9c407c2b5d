"""The forms with which administrators manage employees."""

from collections.abc import Iterable
from typing import Any

from wtforms.validators import InputRequired, Optional

from crm_web.auth.forms import LocaleField, RadiosField, TimeZoneField, new_password_field
from crm_web.models import Employee, Role, limit_of
from crm_web.web.form_fields import EmailField, HiddenNumber, OwnerField, RecordForm, Required, TextLine
from crm_web.web.forms import IdempotentForm
from crm_web.web.phone_field import PhoneField

ROLES = {
    Role.VIEWER: "Viewer: read-only",
    Role.SALES: "Sales: add records, edit their own and unassigned ones",
    Role.MANAGER: "Manager: edit, assign and delete any record",
    Role.ADMIN: "Admin: everything managers can do, plus manage employees",
}
"""What each role is trusted with, as a line to choose."""

NOBODY = "nobody"


class SuccessorField(OwnerField):
    """Who takes over somebody's records and tasks: someone who may own them, or nobody; a choice is required."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            "New owner of their leads, customers and open tasks",
            empty="Choose an owner",
            refusal="Choose an owner from the list.",
            **settings,
        )

    def list_options(self) -> Iterable[tuple[Any, str]]:
        return [(NOBODY, "Unassigned"), *self.options]

    def columns(self) -> dict[str, Any]:
        return {}


class EmployeeForm(RecordForm):
    """The fields of an employee."""

    name = TextLine("Name", limit_of(Employee.name), [Required("Enter a name.")])
    email = EmailField(
        "Email", [Required("Enter an email address.")], description="Used to sign in. Not case-sensitive."
    )
    role = RadiosField("Role", ROLES.items(), validators=[Required("Choose a role.")])
    job_title = TextLine("Job title", limit_of(Employee.job_title))
    phone = PhoneField("Phone")
    manager_id = OwnerField("Manager", empty="No manager", refusal="Choose a manager from the list.")
    time_zone = TimeZoneField("Time zone", validators=[Required("Choose a time zone.")])
    locale = LocaleField("Numbers and dates", validators=[Required("Choose a number and date format.")])


class NewEmployeeForm(EmployeeForm, IdempotentForm):
    """A new employee with their first password."""

    password = new_password_field("Password", Optional())


class ChangeEmployeeForm(EmployeeForm):
    """An employee, and who takes over their records if they stop selling."""

    version = HiddenNumber()
    successor_id = SuccessorField()


class DeactivationForm(RecordForm):
    """Who takes over the records of somebody who leaves."""

    successor_id = SuccessorField()


class NewPasswordForm(RecordForm):
    """A new password for somebody else."""

    password = new_password_field("New password", InputRequired("Enter a new password."))
