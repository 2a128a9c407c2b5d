"""Every table of the CRM; import models from here."""

from crm_web.models.activity import NEXT_DUE, Activity, ActivityKind, CallOutcome, NextTask, TaskPriority
from crm_web.models.base import Base, limit_of
from crm_web.models.bulk_edit import BulkAction, BulkEdit, BulkEntity, BulkItem, BulkOutcome, UndoOutcome
from crm_web.models.calendar_feed import CalendarFeed
from crm_web.models.change import (
    AUDIT_SETTINGS,
    IS_RECEIVED_EMAIL,
    Change,
    ChangeAction,
    ChangeSource,
    audit_values,
    set_audit_actor,
    set_change_source,
    using_change_source,
)
from crm_web.models.codes import COUNTRIES, CURRENCIES
from crm_web.models.count import Count, CountDelta, Metric, StatusPeriod
from crm_web.models.customer import (
    Contact,
    Conversion,
    ConversionKind,
    Customer,
    CustomerKind,
    CustomerStatus,
)
from crm_web.models.draft import Draft
from crm_web.models.duplicate import DuplicateKey, DuplicatePair, DuplicateScan, RecordKind, Strength
from crm_web.models.employee import (
    Employee,
    EmployeeIdentity,
    Role,
    SignIn,
    SignInFailures,
    SignInMethod,
    StartPage,
    Theme,
)
from crm_web.models.erasure import Erasure, ErasureState
from crm_web.models.exchange_rate import ExchangeRate, RateSource
from crm_web.models.external_id import ExternalId
from crm_web.models.file import File, FileChunk, FileObject, MediaType
from crm_web.models.incoming_email import (
    EmailKind,
    IncomingAttachment,
    IncomingAttachmentChunk,
    IncomingEmail,
    MailboxCheck,
    PlacingState,
)
from crm_web.models.last_activity import CustomerLastActivity, LeadLastActivity
from crm_web.models.lead import WAY_TO_WON, Lead, LeadSource, LeadStatus, LostReason, Rating, StatusKind
from crm_web.models.mail import MailState, MailTemplate, OutgoingMail
from crm_web.models.mention import Mention
from crm_web.models.merge import RecordMerge
from crm_web.models.notification import (
    Notification,
    NotificationChannel,
    NotificationChoice,
    NotificationCursor,
    NotificationKind,
)
from crm_web.models.password_link import PasswordLink
from crm_web.models.provisioning import ProvisionedEmployee, ProvisionedGroup, ProvisionedMember
from crm_web.models.saved_view import ListName, SavedView, ViewChoice
from crm_web.models.second_factor import Authenticator, Passkey, PasskeyChallenge, RecoveryCode
from crm_web.models.stored_import import (
    DUE_STATES,
    FILE_CHUNK,
    OPEN_STATES,
    Import,
    ImportChunk,
    ImportCorrection,
    ImportOutcome,
    ImportProgress,
    ImportResult,
    ImportState,
)
from crm_web.models.submission import Submission
from crm_web.models.table_version import TableVersion
from crm_web.models.token import ApiToken, ApiUse, Scope
from crm_web.models.webhook import EVERYTHING, DeliveryState, PauseReason, Webhook, WebhookDelivery
from crm_web.models.word import KnownWord
from crm_web.models.worker import WORKER_SILENT_AFTER, WorkerHeartbeat, WorkerJob

__all__ = [
    "AUDIT_SETTINGS",
    "COUNTRIES",
    "CURRENCIES",
    "DUE_STATES",
    "EVERYTHING",
    "FILE_CHUNK",
    "IS_RECEIVED_EMAIL",
    "NEXT_DUE",
    "OPEN_STATES",
    "WAY_TO_WON",
    "WORKER_SILENT_AFTER",
    "Activity",
    "ActivityKind",
    "ApiToken",
    "ApiUse",
    "Authenticator",
    "Base",
    "BulkAction",
    "BulkEdit",
    "BulkEntity",
    "BulkItem",
    "BulkOutcome",
    "CalendarFeed",
    "CallOutcome",
    "Change",
    "ChangeAction",
    "ChangeSource",
    "Contact",
    "Conversion",
    "ConversionKind",
    "Count",
    "CountDelta",
    "Customer",
    "CustomerKind",
    "CustomerLastActivity",
    "CustomerStatus",
    "DeliveryState",
    "Draft",
    "DuplicateKey",
    "DuplicatePair",
    "DuplicateScan",
    "EmailKind",
    "Employee",
    "EmployeeIdentity",
    "Erasure",
    "ErasureState",
    "ExchangeRate",
    "ExternalId",
    "File",
    "FileChunk",
    "FileObject",
    "Import",
    "ImportChunk",
    "ImportCorrection",
    "ImportOutcome",
    "ImportProgress",
    "ImportResult",
    "ImportState",
    "IncomingAttachment",
    "IncomingAttachmentChunk",
    "IncomingEmail",
    "KnownWord",
    "Lead",
    "LeadLastActivity",
    "LeadSource",
    "LeadStatus",
    "ListName",
    "LostReason",
    "MailState",
    "MailTemplate",
    "MailboxCheck",
    "MediaType",
    "Mention",
    "Metric",
    "NextTask",
    "Notification",
    "NotificationChannel",
    "NotificationChoice",
    "NotificationCursor",
    "NotificationKind",
    "OutgoingMail",
    "Passkey",
    "PasskeyChallenge",
    "PasswordLink",
    "PauseReason",
    "PlacingState",
    "ProvisionedEmployee",
    "ProvisionedGroup",
    "ProvisionedMember",
    "RateSource",
    "Rating",
    "RecordKind",
    "RecordMerge",
    "RecoveryCode",
    "Role",
    "SavedView",
    "Scope",
    "SignIn",
    "SignInFailures",
    "SignInMethod",
    "StartPage",
    "StatusKind",
    "StatusPeriod",
    "Strength",
    "Submission",
    "TableVersion",
    "TaskPriority",
    "Theme",
    "UndoOutcome",
    "ViewChoice",
    "Webhook",
    "WebhookDelivery",
    "WorkerHeartbeat",
    "WorkerJob",
    "audit_values",
    "limit_of",
    "set_audit_actor",
    "set_change_source",
    "using_change_source",
]
