"""What goes in and out of the API; the names of the classes are those of the documentation."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from crm_web.api.texts import (
    Amount,
    Country,
    Currency,
    Day,
    Email,
    Moment,
    Percent,
    Phone,
    RecordId,
    Website,
    e164_of,
    text_of,
)
from crm_web.leads.queries import SORTS
from crm_web.models import CustomerKind, LeadSource, LeadStatus, LostReason, Rating, StatusKind
from crm_web.models import Lead as LeadModel


class Sent(BaseModel):
    """The parent of everything that programs send: nothing unknown is let pass."""

    model_config = ConfigDict(extra="forbid")

    def values(self) -> dict[str, Any]:
        """Give what was sent, and nothing else, as the operations take it: with the twin of each phone number."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        phones = {f"{name}_e164": e164_of(sent[name]) for name in ("phone", "mobile") if name in sent}
        return sent | phones


class Answered(BaseModel):
    """The parent of everything that programs are answered."""

    model_config = ConfigDict(from_attributes=True)


class FieldError(Answered):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(Answered):
    """Why a request failed: problem details as in RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = Field(description="What to tell an administrator.")
    errors: Sequence[FieldError] | None = None


class PageQuery(Sent):
    """Where one stands in a list."""

    limit: Annotated[int, Field(ge=1, le=500, description="Records a page.")] = 50
    at: Annotated[str, Field(max_length=2000, description="The mark of a page, from next or previous.")] | None = None
    fields: Annotated[str, Field(max_length=2000, description="Names of the fields wanted, with commas.")] | None = None


class FieldsQuery(Sent):
    """Which fields are wanted."""

    fields: Annotated[str, Field(max_length=2000, description="Names of the fields wanted, with commas.")] | None = None


class LeadQuery(PageQuery):
    """Which leads, by the words of the list in the browser."""

    q: Annotated[str, Field(max_length=300, description="Words in name, company, e-mail, website, phone.")] | None = (
        None
    )
    kind: StatusKind | None = None
    status: Sequence[LeadStatus] = ()
    owner: Annotated[
        Sequence[Annotated[str, Field(pattern="^(me|team|nobody|[1-9][0-9]{0,17})$")]],
        Field(description="Ids of employees, or me, team, nobody."),
    ] = ()
    source: Annotated[Sequence[str], Field(description="Sources, or (none).")] = ()
    customer: RecordId | None = None
    created_from: Day | None = None
    created_to: Day | None = None
    closed_from: Day | None = None
    closed_to: Day | None = None
    sort: (
        Annotated[str, Field(pattern=f"^-?({'|'.join(SORTS)})$", description="With a minus: largest first.")] | None
    ) = None


class StatusChange(Sent):
    """Where a lead goes."""

    status: LeadStatus
    seen: LeadStatus | None = Field(None, description="The status that you saw; if it is another by now, 409.")
    lost_reason: LostReason | None = Field(None, description="Why, where it is lost or disqualified.")
    lost_note: str | None = text_of(LeadModel.lost_note)
    customer_id: RecordId | None = Field(None, description="Won: the customer that is there already.")
    create: bool = Field(False, description="Won: create the customer, whoever is there that it may be.")


class LikelyCustomer(Answered):
    """A customer that a lead may be already."""

    id: int
    number: str
    name: str
    reasons: Sequence[str] = Field(description="Why, in words, such as “same e-mail”.")


class LeadParts(Sent):
    """What a person may say of a lead."""

    salutation: str | None = text_of(LeadModel.salutation)
    first_name: str | None = text_of(LeadModel.first_name)
    last_name: str | None = text_of(LeadModel.last_name)
    job_title: str | None = text_of(LeadModel.job_title)
    company: str | None = text_of(LeadModel.company)
    email: Email | None = None
    phone: Phone | None = None
    mobile: Phone | None = None
    website: Website | None = None
    street: str | None = text_of(LeadModel.street)
    city: str | None = text_of(LeadModel.city)
    state: str | None = text_of(LeadModel.state)
    postal_code: str | None = text_of(LeadModel.postal_code)
    country: Country | None = None
    source: str | None = text_of(LeadSource.name)
    rating: Rating | None = None
    industry: str | None = text_of(LeadModel.industry)
    amount: Amount | None = None
    currency: Currency | None = None
    probability: Percent | None = None
    expected_close_on: Day | None = None
    next_step: str | None = text_of(LeadModel.next_step)
    description: str | None = text_of(LeadModel.description)
    owner_id: RecordId | None = None


class NewLead(LeadParts):
    """A lead that is being entered. It needs a last name, a company or an e-mail; an amount needs its currency."""

    customer_id: RecordId | None = Field(None, description="The customer who buys again.")


class LeadChange(LeadParts):
    """What is to change in a lead: only what is sent changes, null empties. The status has an endpoint of its own."""


class Lead(Answered):
    """A sales opportunity."""

    id: int
    version: int
    name: str
    salutation: str | None
    first_name: str | None
    last_name: str | None
    job_title: str | None
    company: str | None
    email: str | None
    phone: str | None
    phone_e164: str | None
    mobile: str | None
    mobile_e164: str | None
    website: str | None
    street: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    status: LeadStatus
    source: str | None
    rating: Rating | None
    industry: str | None
    amount: Amount | None
    currency: str | None
    probability: int | None
    expected_close_on: Day | None
    next_step: str | None
    description: str | None
    lost_reason: LostReason | None
    lost_note: str | None
    owner_id: int | None
    customer_id: int | None
    status_changed_at: Moment
    closed_at: Moment | None
    created_at: Moment
    created_by_id: int | None
    updated_at: Moment
    updated_by_id: int | None
    deleted_at: Moment | None


class LeadPage(Answered):
    """A page of leads."""

    items: Sequence[Lead]
    count: int = Field(description="How many there are in all; of very many only that there are more.")
    count_is_exact: bool
    next: str | None
    previous: str | None


class CustomerDraft(Answered):
    """The customer that winning would create."""

    name: str
    kind: CustomerKind
    email: str | None
    phone: str | None
    website: str | None
    industry: str | None
    owner_id: int | None


class WinPreview(Answered):
    """What winning a lead would do."""

    customer_id: int | None = Field(description="The customer that it has already.")
    would_create: CustomerDraft | None
    likely: Sequence[LikelyCustomer]
