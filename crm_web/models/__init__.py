"""Every table of the CRM; import models from here."""

from crm_web.models.activity import Activity, ActivityKind
from crm_web.models.base import Base, limit_of
from crm_web.models.change import Change, ChangeAction, Door, record_by, set_door
from crm_web.models.codes import COUNTRIES, CURRENCIES
from crm_web.models.customer import (
    Contact,
    Conversion,
    ConversionKind,
    Customer,
    CustomerKind,
    CustomerStatus,
)
from crm_web.models.employee import Employee, Role, SignIn, SignInFailures, Theme
from crm_web.models.lead import Lead, LeadSource, LeadStatus, LostReason, Rating, StatusKind
from crm_web.models.submission import Submission
from crm_web.models.word import KnownWord

__all__ = [
    "COUNTRIES",
    "CURRENCIES",
    "Activity",
    "ActivityKind",
    "Base",
    "Change",
    "ChangeAction",
    "Contact",
    "Conversion",
    "ConversionKind",
    "Customer",
    "CustomerKind",
    "CustomerStatus",
    "Door",
    "Employee",
    "KnownWord",
    "Lead",
    "LeadSource",
    "LeadStatus",
    "LostReason",
    "Rating",
    "Role",
    "SignIn",
    "SignInFailures",
    "StatusKind",
    "Submission",
    "Theme",
    "limit_of",
    "record_by",
    "set_door",
]
