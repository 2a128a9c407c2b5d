"""The forms for leads."""

from typing import Any

from flask import current_app
from wtforms import Field, HiddenField

from crm_web.leads.spec import LEADS
from crm_web.lists.plain_fields import with_plain_fields
from crm_web.models import (
    Contact,
    Customer,
    CustomerKind,
    Lead,
    LeadSource,
    LeadStatus,
    LostReason,
    Rating,
    StatusKind,
    limit_of,
)
from crm_web.web.field_groups import FieldGroup, GroupedForm
from crm_web.web.form_fields import (
    AmountField,
    CountryField,
    CurrencyField,
    DateField,
    EmailField,
    EnumField,
    HiddenNumber,
    OwnerField,
    PercentField,
    RecordForm,
    Required,
    TextBlock,
    TextLine,
    WebsiteField,
    stored_values,
)
from crm_web.web.forms import DuplicateCheckForm, EditForm, IdempotentForm
from crm_web.web.note_field import NoteBlock
from crm_web.web.phone_field import PHONE_HELP, PhoneField
from crm_web.web.widgets import NotDrawn

OPEN = StatusKind.OPEN.statuses
"""What a lead can be when it is entered: winning and losing have a form of their own."""
REASONS = [reason for reason in LostReason if reason is not LostReason.NOT_RECORDED]
"""Why a person can say that a lead is lost: all but what imports say of those for which nobody did."""
ADDRESS = ("street", "city", "state", "postal_code", "country")
PERSON = ("salutation", "first_name", "last_name", "job_title", "email", "phone", "mobile")


class HiddenId(HiddenNumber):
    """A hidden field for the id of another record."""

    def columns(self) -> dict[str, Any]:
        return {self.name: self.data}


def _line(label: str, column: Any, **options: Any) -> Any:
    return TextLine(label, limit_of(column), **options)


@with_plain_fields(LEADS)
class LeadForm(DuplicateCheckForm, GroupedForm):
    """The fields of a lead except its status."""

    groups = (
        FieldGroup(
            "Lead",
            ("first_name last_name", "company", "email", "phone:medium", "amount currency:short"),
            help="Enter at least a last name, company or email.",
        ),
        FieldGroup(
            "Deal",
            (
                "status:medium",
                "owner_id:medium",
                "source:medium",
                "probability expected_close_on",
                *LEADS.plain_in("sale"),
            ),
            is_folded=True,
        ),
        FieldGroup(
            "Person and contact details",
            ("salutation:short", *LEADS.plain_in("who"), "mobile website"),
            is_folded=True,
        ),
        FieldGroup("Address", ("street", "postal_code:number city", "state", "country"), is_folded=True),
        FieldGroup("More details", ("rating:short", *LEADS.plain_in("more"), "description"), is_folded=True),
    )

    first_name = _line("First name", Lead.first_name)
    last_name = _line("Last name", Lead.last_name)
    company = _line("Company", Lead.company)
    salutation = _line("Salutation", Lead.salutation, description="e.g. Ms, Dr, Prof.")

    email = EmailField("Email")
    phone = PhoneField("Phone", description=PHONE_HELP)
    mobile = PhoneField("Mobile")
    website = WebsiteField("Website")

    amount = AmountField("Amount")
    currency = CurrencyField("Currency")
    probability = PercentField("Probability (%)")
    expected_close_on = DateField("Expected close")
    source = _line("Source", LeadSource.name, description="Choose a source or type a new one.")
    rating = EnumField("Rating", Rating)
    owner_id = OwnerField("Owner")
    description = NoteBlock("Description", limit_of(Lead.description), render_kw={"rows": 5})

    street = TextBlock("Street", limit_of(Lead.street), render_kw={"rows": 2})
    city = _line("City", Lead.city)
    state = _line("State or region", Lead.state)
    postal_code = _line("Postal code", Lead.postal_code)
    country = CountryField("Country")

    @property
    def phone_country(self) -> str | None:
        """The lead's country."""
        country: str | None = self.country.data
        return country

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate each field, then rules across fields."""
        is_valid = bool(super().validate(extra_validators))
        if not any((field.data or "").strip() or field.errors for field in (self.last_name, self.company, self.email)):
            self.last_name.errors = ["Enter at least a last name, company or email."]
        self.amount.agree_with(self.currency)
        if self.amount.data is not None and self.currency.data is None and not self.currency.errors:
            self.currency.errors = ["Choose a currency for the amount."]
        return is_valid and not self.errors

    def values(self) -> dict[str, Any]:
        """Return the values for the operations. A preset currency is dropped if there is no amount."""
        values = stored_values(self)
        was_preset = self.currency.object_data is None and self.currency.data == current_app.config["DEFAULT_CURRENCY"]
        if values["amount"] is None and was_preset:
            values["currency"] = None
        return values

    def preset_currency(self) -> None:
        """Preset the company's own currency if there is no amount yet."""
        if self.currency.data is None and self.currency.raw_data is None and self.amount.data is None:
            self.currency.data = current_app.config["DEFAULT_CURRENCY"]


class NewLeadForm(LeadForm, IdempotentForm):
    """A new lead, perhaps for an existing customer."""

    status = EnumField("Status", OPEN, empty=None, default=LeadStatus.NEW)
    customer_id = HiddenId()


class EditLeadForm(EditForm, LeadForm):
    """A lead that is there already."""


class StatusForm(RecordForm):
    """A status change: the value of the pressed button, and the reason if the lead is lost."""

    status = EnumField("Status", LeadStatus, widget=NotDrawn(), validators=[Required("Choose a status.")])
    from_status = HiddenField()
    next = HiddenField()
    confirmed = HiddenField()
    lost_reason = EnumField("Reason", REASONS, empty="Choose a reason")
    lost_note = TextLine("Note", limit_of(Lead.lost_note), description="Required if you choose “Other”.")

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate each field, and refuse a lost reason for any other status."""
        is_valid = super().validate(extra_validators)
        if self.status.data is None or self.status.data.kind is StatusKind.LOST:
            return is_valid
        for field in (self.lost_reason, self.lost_note):
            if str(field.data or "").strip():
                field.errors = ["Only lost or disqualified leads have this. Leave it blank."]
        return is_valid and not self.errors

    @property
    def seen(self) -> LeadStatus | None:
        """The status that the page showed, if valid."""
        return next((status for status in LeadStatus if status == self.from_status.data), None)

    @property
    def reason(self) -> dict[str, Any]:
        """The lost reason, as the operation takes it."""
        return {"lost_reason": self.lost_reason.data, "lost_note": self.lost_note.data}

    def show_on(self, status: LeadStatus) -> None:
        """Set the status that the next submission starts from, and clear its confirmation."""
        self.from_status.data, self.from_status.raw_data = status.value, None
        self.confirmed.data, self.confirmed.raw_data = None, None


class StatusOnlyForm(StatusForm):
    """A status change on a page of its own; the reason is asked for where the status needs one."""

    only = ("status",)
    status = EnumField("Status", LeadStatus, empty=None, validators=[Required("Choose a status.")])
    on_own_page = HiddenField(default="1")

    @property
    def shown(self) -> list[Field]:
        """The status, and the reason if it is missing or was not needed."""
        reason = (self.lost_reason, self.lost_note)
        return [self.status, *(reason if any(field.errors or field.data for field in reason) else ())]


def read_open_status(value: str | None) -> LeadStatus:
    """Return the open status that a URL asks for, else New."""
    return next((status for status in OPEN if status == value), LeadStatus.NEW)


def prefill_from(customer: Customer, contact: Contact | None) -> dict[str, Any]:
    """Return initial values of a lead for an existing customer.

    :param contact: the primary contact, if there is one
    """
    known: dict[str, Any] = {name: getattr(customer, f"billing_{name}") for name in ADDRESS}
    known |= {name: getattr(customer, name) for name in ("email", "phone", "website", "industry", "owner_id")}
    known["customer_id"] = customer.id
    known["company" if customer.kind is CustomerKind.ORGANISATION else "last_name"] = customer.name
    person = {name: value for name in PERSON if contact and (value := getattr(contact, name))}
    return known | person
