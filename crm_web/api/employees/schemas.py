"""What of employees goes in and out of the API; passwords never do, but the first one."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from crm_web.api.field_types import Email, Phone, RecordId, Successor, text_of
from crm_web.api.schemas import PageOf, Sent
from crm_web.auth.locales import LOCALES
from crm_web.auth.operations import LONGEST_PASSWORD, SHORTEST_PASSWORD
from crm_web.auth.queries import list_time_zones
from crm_web.models import Employee as EmployeeModel
from crm_web.models import Role
from crm_web.web.schemas import Moment, ResponseModel


def _check_time_zone(zone: str) -> str:
    if not any(zone == known for options in list_time_zones().values() for known, _ in options):
        raise ValueError("Send the IANA name of a time zone, like Europe/Vienna.")
    return zone


def _check_locale(locale: str) -> str:
    if locale not in dict(LOCALES):
        raise ValueError("Send a supported locale like en_GB.")
    return locale


TimeZone = Annotated[
    str,
    AfterValidator(_check_time_zone),
    WithJsonSchema({"type": "string", "format": "time-zone", "examples": ["Asia/Tokyo"]}),
]
Locale = Annotated[
    str, AfterValidator(_check_locale), WithJsonSchema({"type": "string", "enum": [name for name, _ in LOCALES]})
]


class EmployeeParts(Sent):
    """The fields of an employee."""

    job_title: str | None = text_of(EmployeeModel.job_title, example="Head of Purchasing")
    phone: Phone | None = None
    manager_id: RecordId | None = None


class NewEmployee(EmployeeParts):
    """A new employee. Without a password they can’t sign in yet."""

    name: str = text_of(EmployeeModel.name, is_required=True, example="Mei Tanaka")
    email: Email
    role: Role
    time_zone: TimeZone = "UTC"
    locale: Locale = "en"
    password: str | None = Field(
        None,
        min_length=SHORTEST_PASSWORD,
        max_length=LONGEST_PASSWORD,
        json_schema_extra={"format": "password"},
        description="Must not be easy to guess.",
    )


class EmployeeChange(EmployeeParts):
    """Changes to an employee. Only the fields you send change; null clears a field."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"job_title": "Sales Director", "role": "manager"}]})

    name: str = text_of(EmployeeModel.name, is_never_null=True)
    email: Email = Field(default_factory=str)
    role: Role = Field(default_factory=lambda: Role.VIEWER)
    time_zone: TimeZone = Field(default_factory=str)
    locale: Locale = Field(default_factory=str)
    hand_over_to: Successor | None = Field(None, description="The new owner of their records and open tasks.")


class Deactivation(Sent):
    """The new owner of a deactivated employee’s records and open tasks."""

    hand_over_to: Successor | None = Field(
        None, examples=[3], description="Required if they own records or have open tasks."
    )


class Employee(ResponseModel):
    """A person who uses the CRM."""

    id: int
    version: int
    name: str = Field(examples=["Mei Tanaka"])
    email: str = Field(examples=["mei@tanaka.example"])
    role: Role
    job_title: str | None = Field(examples=["Head of Purchasing"])
    phone: str | None = Field(examples=["+81 3 1234 5678"])
    phone_e164: str | None = Field(examples=["+81312345678"])
    manager_id: int | None
    time_zone: str = Field(examples=["Asia/Tokyo"])
    locale: str = Field(examples=["en"])
    is_active: bool
    created_at: Moment
    updated_at: Moment


class EmployeePage(PageOf[Employee]):
    """A page of employees, active ones first, then by name."""
