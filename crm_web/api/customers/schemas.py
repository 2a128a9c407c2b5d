"""What of customers and their contacts goes in and out of the API."""

from pydantic import ConfigDict, Field

from crm_web.api.field_types import Country, Email, Phone, RecordId, Website, text_of
from crm_web.api.list_parameters import with_filters
from crm_web.api.schemas import FieldsQuery, FilterQuery, PageOf, PageQuery, Saved, Sent, needs_one_of
from crm_web.contacts.listing.filters import FILTERS as CONTACT_FILTERS
from crm_web.contacts.spec import CONTACTS
from crm_web.customers.listing.filters import FILTERS
from crm_web.customers.spec import CUSTOMERS
from crm_web.models import Contact as ContactModel
from crm_web.models import Customer as CustomerModel
from crm_web.models import CustomerKind, CustomerStatus
from crm_web.web.schemas import Moment, ResponseModel


@with_filters(FILTERS, CUSTOMERS)
class CustomerFilterQuery(FilterQuery):
    """The filters of the customer list, with the same names as in the app."""


class CustomerQuery(CustomerFilterQuery, PageQuery):
    """A page of customers."""


class CustomerExportQuery(CustomerFilterQuery, FieldsQuery):
    """All matching customers."""


class CustomerParts(Sent):
    """The fields of a customer."""

    email: Email | None = None
    phone: Phone | None = None
    website: Website | None = None
    industry: str | None = text_of(CustomerModel.industry, example="Machinery")
    vat_number: str | None = text_of(CustomerModel.vat_number, example="JP1234567890123")
    registration_number: str | None = text_of(CustomerModel.registration_number)
    description: str | None = text_of(CustomerModel.description)
    billing_street: str | None = text_of(CustomerModel.billing_street, example="1-2-3 Marunouchi")
    billing_city: str | None = text_of(CustomerModel.billing_city, example="Tokyo")
    billing_state: str | None = text_of(CustomerModel.billing_state)
    billing_postal_code: str | None = text_of(CustomerModel.billing_postal_code, example="100-0005")
    billing_country: Country | None = Field(None, examples=["JP"])
    shipping_street: str | None = text_of(CustomerModel.shipping_street)
    shipping_city: str | None = text_of(CustomerModel.shipping_city)
    shipping_state: str | None = text_of(CustomerModel.shipping_state)
    shipping_postal_code: str | None = text_of(CustomerModel.shipping_postal_code)
    shipping_country: Country | None = None
    owner_id: RecordId | None = None
    parent_id: RecordId | None = Field(None, description="The parent company.")


class NewCustomer(CustomerParts):
    """A new customer."""

    name: str = text_of(CustomerModel.name, is_required=True, example="Tanaka KK")
    status: CustomerStatus = CustomerStatus.ACTIVE
    kind: CustomerKind = CustomerKind.ORGANISATION


class CustomerChange(CustomerParts):
    """Changes to a customer. Only the fields you send change; null clears a field."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "inactive", "website": None}]})

    name: str = text_of(CustomerModel.name, is_never_null=True)
    status: CustomerStatus = Field(default_factory=lambda: CustomerStatus.ACTIVE)
    kind: CustomerKind = Field(default_factory=lambda: CustomerKind.ORGANISATION)


class Customer(ResponseModel):
    """A company or person who buys."""

    id: int
    version: int
    number: str = Field(examples=["C-00007"])
    name: str = Field(examples=["Tanaka KK"])
    kind: CustomerKind
    status: CustomerStatus
    email: str | None = Field(examples=["mei@tanaka.example"])
    phone: str | None = Field(examples=["+81 3 1234 5678"])
    phone_e164: str | None = Field(examples=["+81312345678"])
    website: str | None = Field(examples=["www.tanaka.example"])
    industry: str | None = Field(examples=["Machinery"])
    vat_number: str | None = Field(examples=["JP1234567890123"])
    registration_number: str | None
    description: str | None
    billing_street: str | None = Field(examples=["1-2-3 Marunouchi"])
    billing_city: str | None = Field(examples=["Tokyo"])
    billing_state: str | None
    billing_postal_code: str | None = Field(examples=["100-0005"])
    billing_country: str | None = Field(examples=["JP"])
    shipping_street: str | None
    shipping_city: str | None
    shipping_state: str | None
    shipping_postal_code: str | None
    shipping_country: str | None
    owner_id: int | None = Field(examples=[3])
    parent_id: int | None
    created_from_lead_id: int | None = Field(examples=[12])
    created_at: Moment
    created_by_id: int | None = Field(examples=[3])
    updated_at: Moment
    updated_by_id: int | None = Field(examples=[3])
    deleted_at: Moment | None
    merged_into_id: int | None = Field(description="The customer that this one was merged into.")


class SavedCustomer(Customer, Saved):
    """A saved customer."""


class CustomerPage(PageOf[Customer]):
    """A page of customers."""


@with_filters(CONTACT_FILTERS, CONTACTS)
class ContactFilterQuery(FilterQuery):
    """The filters of the contact list, with the same names as in the app."""


class ContactQuery(ContactFilterQuery, PageQuery):
    """A page of contacts."""


class ContactParts(Sent):
    """The fields of a contact."""

    salutation: str | None = text_of(ContactModel.salutation, example="Ms")
    first_name: str | None = text_of(ContactModel.first_name, example="Mei")
    last_name: str | None = text_of(ContactModel.last_name, example="Tanaka")
    job_title: str | None = text_of(ContactModel.job_title, example="Head of Purchasing")
    email: Email | None = None
    phone: Phone | None = None
    mobile: Phone | None = None
    description: str | None = text_of(ContactModel.description)
    is_primary: bool = Field(False, description="Whether this is the customer’s primary contact.")


class NewContact(ContactParts):
    """A new contact. A name or an email is required."""

    model_config = ConfigDict(json_schema_extra=needs_one_of("first_name", "last_name", "email"))


class ContactChange(ContactParts):
    """Changes to a contact. Only the fields you send change; null clears a field."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"job_title": "Managing Director"}]})


class Contact(ResponseModel):
    """A person at a customer."""

    id: int
    version: int
    customer_id: int
    name: str = Field(examples=["Mei Tanaka"])
    salutation: str | None = Field(examples=["Ms"])
    first_name: str | None = Field(examples=["Mei"])
    last_name: str | None = Field(examples=["Tanaka"])
    job_title: str | None = Field(examples=["Head of Purchasing"])
    email: str | None = Field(examples=["mei@tanaka.example"])
    phone: str | None = Field(examples=["+81 3 1234 5678"])
    phone_e164: str | None = Field(examples=["+81312345678"])
    mobile: str | None
    mobile_e164: str | None
    description: str | None
    is_primary: bool
    created_at: Moment
    created_by_id: int | None = Field(examples=[3])
    updated_at: Moment
    updated_by_id: int | None = Field(examples=[3])
    deleted_at: Moment | None
    merged_into_id: int | None = Field(description="The contact that this one was merged into.")


class SavedContact(Contact, Saved):
    """A saved contact."""


class ContactPage(PageOf[Contact]):
    """A page of contacts."""
