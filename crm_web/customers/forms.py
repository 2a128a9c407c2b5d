"""The forms for customers."""

from typing import Any

from crm_web.customers.queries import list_customers_meant
from crm_web.customers.spec import CUSTOMERS
from crm_web.lists.plain_fields import with_plain_fields
from crm_web.models import Customer, CustomerKind, CustomerStatus, limit_of
from crm_web.web.field_groups import FieldGroup, GroupedForm
from crm_web.web.form_fields import (
    CountryField,
    EmailField,
    EnumField,
    OwnerField,
    Required,
    TextBlock,
    TextLine,
    TypedField,
    WebsiteField,
)
from crm_web.web.forms import DuplicateCheckForm, EditForm, IdempotentForm
from crm_web.web.note_field import NoteBlock
from crm_web.web.phone_field import PHONE_HELP, PhoneField


class CustomerField(TypedField):
    """Another customer, by number or full name."""

    suggestions = ()
    suggested_by = "customers.suggest_customers"

    def read(self, typed: str) -> Customer:
        found = [] if "\x00" in typed else list_customers_meant(typed)
        if len(found) > 1:
            raise ValueError("Several customers have this name. Enter a customer number, such as C-10042.")
        if not found:
            raise ValueError("No customer found. Enter a customer number, such as C-10042, or the full name.")
        return found[0]

    def show(self, value: Customer) -> str:
        return f"{value.number} {value.name}"

    def columns(self) -> dict[str, Any]:
        return {f"{self.name}_id": self.data.id if self.data else None}


def list_address_lines(kind: str) -> list[str]:
    """The rows of an address, as a group of fields takes them.

    :param kind: ``billing`` or ``shipping``
    """
    return [f"{kind}_{row}" for row in ("street", f"postal_code:number {kind}_city", "state", "country")]


def _line(label: str, column: Any, **options: Any) -> Any:
    return TextLine(label, limit_of(column), **options)


@with_plain_fields(CUSTOMERS)
class CustomerForm(DuplicateCheckForm, GroupedForm):
    """The fields of a customer."""

    groups = (
        FieldGroup("Customer", ("name", "kind status", "owner_id")),
        FieldGroup("Contact details", ("email", "phone", "website")),
        FieldGroup("Billing address", list_address_lines("billing"), is_folded=True),
        FieldGroup("Shipping address (if different)", list_address_lines("shipping"), is_folded=True),
        FieldGroup(
            "Registration, industry and parent company", (*CUSTOMERS.plain_in("more"), "parent"), is_folded=True
        ),
        FieldGroup("More details", ("description",)),
    )

    name = _line("Name", Customer.name, validators=[Required("Enter the customer’s name.")])
    kind = EnumField(
        "Type",
        CustomerKind,
        empty=None,
        default=CustomerKind.ORGANISATION,
        validators=[Required("Choose Person or Organization.")],
    )
    status = EnumField(
        "Status", CustomerStatus, empty=None, default=CustomerStatus.ACTIVE, validators=[Required("Choose a status.")]
    )
    owner_id = OwnerField("Owner")

    email = EmailField("Email")
    phone = PhoneField("Phone", description=PHONE_HELP)
    website = WebsiteField("Website")

    billing_street = TextBlock("Street", limit_of(Customer.billing_street), render_kw={"rows": 2})
    billing_city = _line("City", Customer.billing_city)
    billing_state = _line("State or region", Customer.billing_state)
    billing_postal_code = _line("Postal code", Customer.billing_postal_code)
    billing_country = CountryField("Country")
    shipping_street = TextBlock("Street", limit_of(Customer.shipping_street), render_kw={"rows": 2})
    shipping_city = _line("City", Customer.shipping_city)
    shipping_state = _line("State or region", Customer.shipping_state)
    shipping_postal_code = _line("Postal code", Customer.shipping_postal_code)
    shipping_country = CountryField("Country")

    parent = CustomerField("Parent company", description="Customer number, e.g. C-10042, or full name.")
    description = NoteBlock("Description", limit_of(Customer.description), render_kw={"rows": 5})

    @property
    def phone_country(self) -> str | None:
        """The customer's country."""
        country: str | None = self.billing_country.data or self.shipping_country.data
        return country


class NewCustomerForm(CustomerForm, IdempotentForm):
    """A new customer."""


class EditCustomerForm(EditForm, CustomerForm):
    """A customer that is there already."""
