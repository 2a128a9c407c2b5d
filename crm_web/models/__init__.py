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
from crm_web.models.token import ApiToken, ApiUse, Scope
from crm_web.models.webhook import EVERYTHING, DeliveryState, PauseReason, Webhook, WebhookDelivery

__all__ = [
    "COUNTRIES",
    "CURRENCIES",
    "EVERYTHING",
    "Activity",
    "ActivityKind",
    "ApiToken",
    "ApiUse",
    "Base",
    "Change",
    "ChangeAction",
    "Contact",
    "Conversion",
    "ConversionKind",
    "Customer",
    "CustomerKind",
    "CustomerStatus",
    "DeliveryState",
    "Door",
    "Employee",
    "Lead",
    "LeadSource",
    "LeadStatus",
    "LostReason",
    "PauseReason",
    "Rating",
    "Role",
    "Scope",
    "SignIn",
    "SignInFailures",
    "StatusKind",
    "Submission",
    "Theme",
    "Webhook",
    "WebhookDelivery",
    "limit_of",
    "record_by",
    "set_door",
]
