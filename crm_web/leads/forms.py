"""The forms about leads."""

from typing import Any

from flask import current_app
from markupsafe import Markup
from wtforms import HiddenField

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
from crm_web.web.forms import DuplicateCheckForm, IdempotentForm
from crm_web.web.phone_field import PhoneField

OPEN = StatusKind.OPEN.statuses
"""What a lead can be when it is entered: winning and losing have a form of their own."""
REASONS = [reason for reason in LostReason if reason is not LostReason.NOT_RECORDED]
"""Why a person can say that a lead is lost: all but what imports say of those for which nobody did."""
ADDRESS = ("street", "city", "state", "postal_code", "country")
REST = ("salutation", "industry", "rating")
PERSON = ("salutation", "first_name", "last_name", "job_title", "email", "phone", "mobile")


class HiddenId(HiddenNumber):
    """The id of another record, which is stored."""

    def columns(self) -> dict[str, Any]:
        """Give the columns that this field fills."""
        return {self.name: self.data}


class NotDrawn:
    """A field without a control of its own: the buttons that send the form carry its value."""

    input_type = "hidden"

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        return Markup("")


def _line(label: str, column: Any, **options: Any) -> Any:
    return TextLine(label, limit_of(column), **options)


class LeadForm(DuplicateCheckForm):
    """What a person types about a lead; its status has a form of its own."""

    first_name = _line("First name", Lead.first_name)
    last_name = _line("Last name", Lead.last_name)
    company = _line("Company", Lead.company)
    job_title = _line("Job title", Lead.job_title)
    salutation = _line("Salutation", Lead.salutation, description="Such as Ms, Dr or Prof.")

    email = EmailField("E-mail")
    phone = PhoneField("Phone", description="With the country code where it is abroad, such as +44 20 7946 0958.")
    mobile = PhoneField("Mobile")
    website = WebsiteField("Website")

    amount = AmountField("Amount")
    currency = CurrencyField("Currency")
    probability = PercentField("Probability in %")
    expected_close_on = DateField("Expected close")
    source = _line("Source", LeadSource.name, description="Where it came from: pick a known one or type a new one.")
    rating = EnumField("Rating", Rating)
    next_step = _line("Next step", Lead.next_step)
    owner_id = OwnerField("Owner")
    description = TextBlock("Description", limit_of(Lead.description), render_kw={"rows": 5})

    street = TextBlock("Street", limit_of(Lead.street), render_kw={"rows": 2})
    city = _line("City", Lead.city)
    state = _line("State or region", Lead.state)
    postal_code = _line("Postal code", Lead.postal_code)
    country = CountryField("Country")
    industry = _line("Industry", Lead.industry)

    @property
    def phone_country(self) -> str | None:
        """The lead's country."""
        country: str | None = self.country.data
        return country

    def validate(self, extra_validators: Any = None) -> bool:
        """Check each field, then what several say together."""
        is_valid = bool(super().validate(extra_validators))
        if not any((field.data or "").strip() or field.errors for field in (self.last_name, self.company, self.email)):
            self.last_name.errors = ["Enter a last name, a company or an e-mail."]
        self.amount.agree_with(self.currency)
        if self.amount.data is not None and self.currency.data is None and not self.currency.errors:
            self.currency.errors = ["Choose the currency of the amount."]
        return is_valid and not self.errors

    def values(self) -> dict[str, Any]:
        """Give what the operations take. A currency that was only preset says nothing without an amount."""
        values = stored_values(self)
        was_preset = self.currency.object_data is None and self.currency.data == current_app.config["DEFAULT_CURRENCY"]
        if values["amount"] is None and was_preset:
            values["currency"] = None
        return values

    def preset_currency(self) -> None:
        """Propose the company's own currency where there is no amount yet."""
        if self.currency.data is None and self.currency.raw_data is None and self.amount.data is None:
            self.currency.data = current_app.config["DEFAULT_CURRENCY"]

    @property
    def phones(self) -> list[str]:
        """The numbers that a duplicate would share."""
        return [field.e164 for field in (self.phone, self.mobile) if field.e164]

    def reaches_as(self, lead: Lead) -> bool:
        """Tell whether e-mail and phone numbers are still those of a lead."""
        return (self.email.data, self.phones) == (lead.email, [n for n in (lead.phone_e164, lead.mobile_e164) if n])

    @property
    def has_address(self) -> bool:
        """Whether a part of the address is filled or wrong."""
        return self.has_input_in(*ADDRESS)

    @property
    def has_rest(self) -> bool:
        """Whether one of the rare fields is filled or wrong."""
        return self.has_input_in(*REST)


class NewLeadForm(LeadForm, IdempotentForm):
    """A lead that is being entered, perhaps for a customer who buys again."""

    status = EnumField("Status", OPEN, empty=None, default=LeadStatus.NEW)
    customer_id = HiddenId()


class EditLeadForm(LeadForm):
    """A lead that is being changed, from the version that the form was opened with."""

    version = HiddenNumber()


class StatusForm(RecordForm):
    """Where a lead goes: the value of the button that is pressed, and the reason where it is lost."""

    status = EnumField("Status", LeadStatus, widget=NotDrawn(), validators=[Required("Choose a status.")])
    from_status = HiddenField()
    next = HiddenField()
    confirmed = HiddenField()
    lost_reason = EnumField("Reason", REASONS, empty="Choose a reason")
    lost_note = TextLine("In a few words", limit_of(Lead.lost_note), description="Needed where the reason is another.")

    def validate(self, extra_validators: Any = None) -> bool:
        """Check each field, and that a reason for losing the lead comes only where it is lost."""
        is_valid = super().validate(extra_validators)
        if self.status.data is None or self.status.data.kind is StatusKind.LOST:
            return is_valid
        for field in (self.lost_reason, self.lost_note):
            if str(field.data or "").strip():
                field.errors = ["Only a lost or disqualified lead has this. Mark it as lost, or leave this empty."]
        return is_valid and not self.errors

    @property
    def seen(self) -> LeadStatus | None:
        """The status that the page showed, if it is one."""
        return next((status for status in LeadStatus if status == self.from_status.data), None)

    @property
    def reason(self) -> dict[str, Any]:
        """Why it is lost, as the operation takes it."""
        return {"lost_reason": self.lost_reason.data, "lost_note": self.lost_note.data}

    def show_on(self, lead: Lead) -> None:
        """Let the next press of a button come from the status that is shown now, and be asked about afresh."""
        self.from_status.data, self.from_status.raw_data = lead.status.value, None
        self.confirmed.data, self.confirmed.raw_data = None, None


def prefill_from(customer: Customer, contact: Contact | None) -> dict[str, Any]:
    """
    Say what is known of a lead for an existing customer before anyone types.

    :param customer: who buys again
    :param contact: the person there to call first, if there is one
    :return: field names to values
    """
    known: dict[str, Any] = {name: getattr(customer, f"billing_{name}") for name in ADDRESS}
    known |= {name: getattr(customer, name) for name in ("email", "phone", "website", "industry", "owner_id")}
    known["customer_id"] = customer.id
    known["company" if customer.kind is CustomerKind.ORGANISATION else "last_name"] = customer.name
    person = {name: value for name in PERSON if contact and (value := getattr(contact, name))}
    return known | person
