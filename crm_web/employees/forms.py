"""The forms that administrators keep employees with."""

from collections.abc import Iterable
from typing import Any

from wtforms.validators import InputRequired, Optional

from crm_web.auth.forms import LocaleField, RadiosField, TimeZoneField, new_password_field
from crm_web.models import Employee, Role, limit_of
from crm_web.web.form_fields import EmailField, HiddenNumber, OwnerField, RecordForm, Required, TextLine
from crm_web.web.forms import IdempotentForm
from crm_web.web.phone_field import PhoneField

ROLES = {
    Role.VIEWER: "Viewer: sees everything, colleagues included, and changes nothing",
    Role.SALES: "Sales: enters records, changes their own and those nobody owns; finishes tasks likewise",
    Role.MANAGER: "Manager: changes, assigns and trashes everything",
    Role.ADMIN: "Admin: does what managers do, and keeps the employees",
}
"""What each role is trusted with, as a line to choose."""

NOBODY = "nobody"


class SuccessorField(OwnerField):
    """Who gets somebody's records and tasks: one who may own them, or nobody; to say nothing is no decision."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            "Who takes over their leads, customers and open tasks",
            empty="Choose…",
            refusal="Choose from the list.",
            **settings,
        )

    def list_options(self) -> Iterable[tuple[Any, str]]:
        """List the pairs of value and label."""
        return [(NOBODY, "Nobody: they are free to take"), *self.options]

    def columns(self) -> dict[str, Any]:
        """Give no columns: it is not part of the employee."""
        return {}


class EmployeeForm(RecordForm):
    """What is known of an employee."""

    name = TextLine("Name", limit_of(Employee.name), [Required("Enter the person’s name.")])
    email = EmailField(
        "E-mail", [Required("Enter the e-mail address.")], description="They sign in with it. Capitals don’t matter."
    )
    role = RadiosField("Role", ROLES.items(), validators=[Required("Choose a role.")])
    job_title = TextLine("Job title", limit_of(Employee.job_title))
    phone = PhoneField("Phone")
    manager_id = OwnerField("Manager", empty="Nobody", refusal="Choose a manager from the list.")
    time_zone = TimeZoneField("Time zone", validators=[Required("Choose a time zone.")])
    locale = LocaleField("Numbers and dates", validators=[Required("Choose how numbers and dates are written.")])


class NewEmployeeForm(EmployeeForm, IdempotentForm):
    """A new employee, and what they sign in with at first."""

    password = new_password_field("First password", Optional())


class ChangeEmployeeForm(EmployeeForm):
    """An employee as they are, and who gets their records where they stop selling."""

    version = HiddenNumber()
    successor_id = SuccessorField()


class DeactivationForm(RecordForm):
    """Who gets the records of somebody who leaves."""

    successor_id = SuccessorField()


class NewPasswordForm(RecordForm):
    """A password for somebody who has none or forgot it."""

    password = new_password_field("New password", InputRequired("Enter a new password."))
