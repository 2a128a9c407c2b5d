"""What of leads goes in and out of the API."""

from collections.abc import Sequence
from typing import Any

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from werkzeug.datastructures import MultiDict

from crm_web.api.field_types import (
    NOT_BLANK,
    Amount,
    Country,
    Currency,
    Day,
    Email,
    Percent,
    Phone,
    RecordId,
    Website,
    text_of,
)
from crm_web.api.list_parameters import with_filters
from crm_web.api.schemas import FieldsQuery, FilterQuery, PageOf, PageQuery, Saved, Sent, needs_one_of, needs_with
from crm_web.leads.listing.filters import FILTERS
from crm_web.leads.spec import LEADS
from crm_web.models import CustomerKind, LeadSource, LeadStatus, LostReason, Rating, StatusKind
from crm_web.models import Lead as LeadModel
from crm_web.web.schemas import Moment, ResponseModel


@with_filters(FILTERS, LEADS)
class LeadFilterQuery(FilterQuery):
    """The filters of the lead list, with the same names as in the app."""

    def as_address(self) -> MultiDict[str, str]:
        """Return the query as the URL of the list in the browser has it, without statuses of another kind."""
        address = super().as_address()
        # There a status of another tab counts for nothing; here it is asked for, and no lead fits both.
        kind, statuses = address.get("kind"), [LeadStatus(word) for word in address.getlist("status")]
        if kind and statuses and not any(status.kind == kind for status in statuses):
            address["amount_from"], address["amount_to"] = "2", "1"
        return address


class LeadQuery(LeadFilterQuery, PageQuery):
    """A page of leads."""


class LeadExportQuery(LeadFilterQuery, FieldsQuery):
    """All matching leads."""


def _require_lost_reason() -> dict[str, Any]:
    """Only Won takes a customer. Lost and Disqualified take a reason; the reason other needs a note."""
    reasons = [reason for reason in LostReason if reason is not LostReason.OTHER]
    no_customer = {"customer_id": {"type": "null"}, "create": {"const": False}}
    no_reason = {"lost_reason": {"type": "null"}, "lost_note": {"type": "null"}}
    note = {"lost_note": {"type": "string", "minLength": 1, "pattern": NOT_BLANK}}
    of_lost = {"status": {"enum": StatusKind.LOST.statuses}, **no_customer}
    return {
        "anyOf": [
            {"properties": {"status": {"const": LeadStatus.WON}, **no_reason}},
            {"properties": {"status": {"enum": StatusKind.OPEN.statuses}, **no_customer, **no_reason}},
            {"properties": {**of_lost, "lost_reason": {"enum": reasons}}, "required": ["lost_reason"]},
            {
                "properties": {**of_lost, "lost_reason": {"const": LostReason.OTHER}, **note},
                "required": ["lost_reason", "lost_note"],
            },
        ]
    }


class StatusChange(Sent):
    """A status change."""

    model_config = ConfigDict(
        json_schema_extra={**_require_lost_reason(), "examples": [{"status": "won", "seen": "qualified"}]}
    )

    status: LeadStatus
    seen: LeadStatus | None = Field(None, description="The status you saw. If it has changed since, the answer is 409.")
    lost_reason: LostReason | None = Field(None, description="Required with the status lost or disqualified.")
    lost_note: str | None = text_of(LeadModel.lost_note)
    customer_id: RecordId | None = Field(None, description="With the status won: the customer to link.")
    create: bool = Field(False, description="With the status won: create a new customer despite matches.")

    @field_validator("lost_reason", "lost_note")
    @classmethod
    def belongs_to_lost(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a reason for losing a lead that is not lost."""
        status = info.data.get("status")
        if value and status is not None and status.kind is not StatusKind.LOST:
            raise ValueError("Send this with the status lost or disqualified only.")
        return value

    @field_validator("customer_id", "create")
    @classmethod
    def belongs_to_won(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse to win a lead that is sent elsewhere."""
        if value and info.data.get("status") is not LeadStatus.WON:
            raise ValueError("Send this with the status won only.")
        return value


class LikelyCustomer(ResponseModel):
    """A possible match: the lead may already be this customer."""

    id: int
    number: str = Field(examples=["C-00007"])
    name: str = Field(examples=["Tanaka KK"])
    reasons: Sequence[str] = Field(examples=[["same email"]], description="The reason, such as “same email”.")


class LeadParts(Sent):
    """The fields of a lead."""

    salutation: str | None = text_of(LeadModel.salutation, example="Ms")
    first_name: str | None = text_of(LeadModel.first_name, example="Mei")
    last_name: str | None = text_of(LeadModel.last_name, example="Tanaka")
    job_title: str | None = text_of(LeadModel.job_title, example="Head of Purchasing")
    company: str | None = text_of(LeadModel.company, example="Tanaka KK")
    email: Email | None = None
    phone: Phone | None = None
    mobile: Phone | None = None
    website: Website | None = None
    street: str | None = text_of(LeadModel.street, example="1-2-3 Marunouchi")
    city: str | None = text_of(LeadModel.city, example="Tokyo")
    state: str | None = text_of(LeadModel.state)
    postal_code: str | None = text_of(LeadModel.postal_code, example="100-0005")
    country: Country | None = Field(None, examples=["JP"])
    source: str | None = text_of(LeadSource.name, example="Trade fair")
    rating: Rating | None = None
    industry: str | None = text_of(LeadModel.industry, example="Machinery")
    amount: Amount | None = None
    currency: Currency | None = Field(None, examples=["EUR"])
    probability: Percent | None = Field(None, examples=[60])
    expected_close_on: Day | None = None
    next_step: str | None = text_of(LeadModel.next_step, example="Send the offer")
    description: str | None = text_of(LeadModel.description)
    owner_id: RecordId | None = None


class NewLead(LeadParts):
    """A new lead. A last name, company or email is required; an amount needs a currency."""

    model_config = ConfigDict(
        json_schema_extra={"allOf": [needs_one_of("last_name", "company", "email"), needs_with("amount", "currency")]}
    )

    customer_id: RecordId | None = Field(None, description="The customer who buys again.")


class LeadChange(LeadParts):
    """Changes to a lead. Only the fields you send change; null clears a field. The status has its own endpoint."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"city": "Osaka", "next_step": None}]})


class Lead(ResponseModel):
    """A sales opportunity."""

    id: int
    version: int
    name: str = Field(examples=["Mei Tanaka"])
    salutation: str | None = Field(examples=["Ms"])
    first_name: str | None = Field(examples=["Mei"])
    last_name: str | None = Field(examples=["Tanaka"])
    job_title: str | None = Field(examples=["Head of Purchasing"])
    company: str | None = Field(examples=["Tanaka KK"])
    email: str | None = Field(examples=["mei@tanaka.example"])
    phone: str | None = Field(examples=["+81 3 1234 5678"])
    phone_e164: str | None = Field(examples=["+81312345678"])
    mobile: str | None
    mobile_e164: str | None
    website: str | None = Field(examples=["www.tanaka.example"])
    street: str | None = Field(examples=["1-2-3 Marunouchi"])
    city: str | None = Field(examples=["Tokyo"])
    state: str | None
    postal_code: str | None = Field(examples=["100-0005"])
    country: str | None = Field(examples=["JP"])
    status: LeadStatus
    source: str | None = Field(examples=["Trade fair"])
    rating: Rating | None
    industry: str | None = Field(examples=["Machinery"])
    amount: Amount | None
    currency: str | None = Field(examples=["EUR"])
    probability: int | None = Field(examples=[60])
    expected_close_on: Day | None
    next_step: str | None = Field(examples=["Send the offer"])
    description: str | None
    lost_reason: LostReason | None
    lost_note: str | None
    owner_id: int | None = Field(examples=[3])
    customer_id: int | None
    external_system: str | None = Field(description="The system it was imported from.")
    external_id: str | None = Field(description="Its id in that system.")
    status_changed_at: Moment
    closed_at: Moment | None
    created_at: Moment
    created_by_id: int | None = Field(examples=[3])
    updated_at: Moment
    updated_by_id: int | None = Field(examples=[3])
    deleted_at: Moment | None
    merged_into_id: int | None = Field(description="The lead that this one was merged into.")


class SavedLead(Lead, Saved):
    """A saved lead."""


class LeadPage(PageOf[Lead]):
    """A page of leads."""


class CustomerDraft(ResponseModel):
    """The customer that winning would create."""

    name: str = Field(examples=["Tanaka KK"])
    kind: CustomerKind
    email: str | None = Field(examples=["mei@tanaka.example"])
    phone: str | None = Field(examples=["+81 3 1234 5678"])
    website: str | None = Field(examples=["www.tanaka.example"])
    industry: str | None = Field(examples=["Machinery"])
    owner_id: int | None = Field(examples=[3])


class WinPreview(ResponseModel):
    """What happens when the lead is won."""

    customer_id: int | None = Field(description="The customer it already has.")
    would_create: CustomerDraft | None
    likely: Sequence[LikelyCustomer]
