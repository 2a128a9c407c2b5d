"""Customers, their contacts, and the conversions of leads to customers."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import (
    ACTOR,
    Base,
    Country,
    Email,
    EnumText,
    Id,
    LongText,
    Mergeable,
    Recorded,
    Text50,
    Text300,
    Timestamp,
    Url,
    index_values,
    merge_constraints,
    signs_index,
)
from crm_web.models.employee import Employee
from crm_web.models.last_activity import CustomerLastActivity
from crm_web.models.lead import Lead


class CustomerKind(StrEnum):
    ORGANISATION = "organisation"
    PERSON = "person"

    @property
    def label(self) -> str:
        return "Organization" if self is CustomerKind.ORGANISATION else self.value.capitalize()


class CustomerStatus(StrEnum):
    """Whether we do business with a customer today."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    FORMER = "former"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class ConversionKind(StrEnum):
    """Whether winning a lead created a customer or linked the lead to an existing one."""

    CREATED = "created"
    LINKED = "linked"


_SEARCHED = ("name", "email", "website", "vat_number", "registration_number")
# What lists sort by, word for word as queries say it, or else no index serves them.
_COUNTRY_KEY = "coalesce(billing_country, '')"
_CITY_KEY = "(coalesce(crm_fold(billing_city), '') COLLATE \"C\")"
_INDUSTRY_KEY = "(coalesce(crm_fold(industry), '') COLLATE \"C\")"


class Customer(Recorded, Mergeable, Base):
    """A customer: created from a won lead, or added by hand."""

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("btrim(name) <> ''", name="is_named"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        CheckConstraint("(deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)", name="trashed_by_someone"),
        Index("ix_customers_updated", "updated_at", "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_customers_created", "created_at", "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_customers_name", "sort_name", "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_customers_trash", "deleted_at", "id", postgresql_where=text("deleted_at IS NOT NULL")),
        Index("ix_customers_owner_name", "owner_id", "sort_name", "id"),
        Index("ix_customers_owner", text("coalesce(owner_id, 0)"), "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_customers_country", text(_COUNTRY_KEY), "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_customers_industry", text(_INDUSTRY_KEY), "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_customers_city", text(_CITY_KEY), "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_customers_status", "status", "id", postgresql_where=text("deleted_at IS NULL")),
        index_values("ix_customers_email_normalised", "email_normalised"),
        index_values("ix_customers_phone_e164", "phone_e164"),
        index_values("ix_customers_parent_id", "parent_id"),
        Index(
            "ix_customers_search", "search_text", postgresql_using="gin", postgresql_ops={"search_text": "gin_trgm_ops"}
        ),
        signs_index("customers"),
        *merge_constraints("customers"),
        Index("ix_customers_alike", "sort_name", postgresql_using="gin", postgresql_ops={"sort_name": "gin_trgm_ops"}),
        Index("ix_customers_email_host", text("crm_host(email)")),
        Index("ix_customers_website_host", text("crm_host(website)")),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(Text, Computed("'C-' || (10000 + id)::text", persisted=True), index=True)
    name: Mapped[Text300]
    kind: Mapped[CustomerKind] = mapped_column(EnumText(CustomerKind), server_default="organisation")
    status: Mapped[CustomerStatus] = mapped_column(EnumText(CustomerStatus), server_default="active")
    email: Mapped[Email | None]
    phone: Mapped[Text50 | None]
    website: Mapped[Url | None]
    industry: Mapped[Text300 | None]
    vat_number: Mapped[Text50 | None]
    registration_number: Mapped[Text50 | None]
    description: Mapped[LongText | None]
    billing_street: Mapped[Text300 | None]
    billing_city: Mapped[Text300 | None]
    billing_state: Mapped[Text300 | None]
    billing_postal_code: Mapped[Text50 | None]
    billing_country: Mapped[Country | None]
    shipping_street: Mapped[Text300 | None]
    shipping_city: Mapped[Text300 | None]
    shipping_state: Mapped[Text300 | None]
    shipping_postal_code: Mapped[Text50 | None]
    shipping_country: Mapped[Country | None]

    owner_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="RESTRICT"))
    created_from_lead_id: Mapped[int | None] = mapped_column(
        ForeignKey("leads.id", ondelete="RESTRICT", use_alter=True), unique=True
    )

    email_normalised: Mapped[str | None] = mapped_column(Text, Computed("lower(email)", persisted=True))
    phone_e164: Mapped[Text50 | None]
    sort_name: Mapped[str] = mapped_column(Text(collation="C"), Computed("crm_fold(name)", persisted=True))
    search_text: Mapped[str] = mapped_column(
        Text,
        Computed(
            "crm_fold("
            + " || ' ' || ".join(f"coalesce({name}, '')" for name in _SEARCHED)
            + " || ' c-' || (10000 + id)::text || ' ' || coalesce(phone_e164, phone, ''))",
            persisted=True,
        ),
        deferred=True,
    )

    owner: Mapped[Employee | None] = relationship(foreign_keys=owner_id)
    parent: Mapped["Customer | None"] = relationship(foreign_keys=parent_id, remote_side=lambda: Customer.id)
    created_from_lead: Mapped[Lead | None] = relationship(foreign_keys=created_from_lead_id)
    leads: Mapped[list[Lead]] = relationship(foreign_keys=Lead.customer_id, back_populates="customer")
    last_touch: Mapped[CustomerLastActivity] = relationship(viewonly=True)
    contacts: Mapped[list["Contact"]] = relationship(back_populates="customer")
    created_by: Mapped[Employee | None] = relationship(foreign_keys="Customer.created_by_id")
    updated_by: Mapped[Employee | None] = relationship(foreign_keys="Customer.updated_by_id")

    @property
    def phone_country(self) -> str | None:
        """The country of phone numbers without a country code, its own and its contacts'."""
        return self.billing_country or self.shipping_country


class Contact(Recorded, Mergeable, Base):
    """A person at a customer."""

    __tablename__ = "contacts"
    __table_args__ = (
        CheckConstraint(
            "btrim(coalesce(first_name, '') || coalesce(last_name, '') || coalesce(email, '')) <> ''", name="is_named"
        ),
        CheckConstraint("(deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)", name="trashed_by_someone"),
        Index(
            "uq_contacts_primary",
            "customer_id",
            unique=True,
            postgresql_where=text("is_primary AND deleted_at IS NULL"),
        ),
        Index("ix_contacts_trash", "deleted_at", "id", postgresql_where=text("deleted_at IS NOT NULL")),
        index_values("ix_contacts_email_normalised", "email_normalised"),
        index_values("ix_contacts_phone_e164", "phone_e164"),
        index_values("ix_contacts_mobile_e164", "mobile_e164"),
        Index("ix_contacts_name", "sort_name", "id", postgresql_where=text("deleted_at IS NULL")),
        Index(
            "ix_contacts_search", "search_text", postgresql_using="gin", postgresql_ops={"search_text": "gin_trgm_ops"}
        ),
        signs_index("contacts"),
        *merge_constraints("contacts"),
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="RESTRICT"), index=True)
    salutation: Mapped[Text50 | None]
    first_name: Mapped[Text300 | None]
    last_name: Mapped[Text300 | None]
    job_title: Mapped[Text300 | None]
    email: Mapped[Email | None]
    phone: Mapped[Text50 | None]
    mobile: Mapped[Text50 | None]
    description: Mapped[LongText | None]
    is_primary: Mapped[bool] = mapped_column(server_default=text("false"))

    email_normalised: Mapped[str | None] = mapped_column(Text, Computed("lower(email)", persisted=True))
    phone_e164: Mapped[Text50 | None]
    mobile_e164: Mapped[Text50 | None]
    name: Mapped[str] = mapped_column(
        Text, Computed("crm_lead_name(first_name, last_name, NULL, email)", persisted=True)
    )
    sort_name: Mapped[str] = mapped_column(
        Text(collation="C"),
        Computed("crm_fold(crm_lead_name(first_name, last_name, NULL, email))", persisted=True),
        deferred=True,
    )
    search_text: Mapped[str] = mapped_column(
        Text,
        Computed(
            "crm_fold(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, '')"
            " || ' ' || coalesce(phone_e164, phone, '') || ' ' || coalesce(mobile_e164, mobile, ''))",
            persisted=True,
        ),
        deferred=True,
    )

    customer: Mapped[Customer] = relationship(back_populates="contacts")

    @property
    def phone_country(self) -> str | None:
        """The country of phone numbers without a country code."""
        return self.customer.phone_country if self.customer else None


class Conversion(Base):
    """The record of a win: which lead, and which customer it created or was linked to. Only its undo is ever added.

    ``before`` is the lead as it was; its ``contact`` names the contact that the win created, with its version.
    ``filled`` maps each empty field of a linked customer to the value that the lead gave it.
    """

    __tablename__ = "conversions"
    __table_args__ = (
        CheckConstraint("(undone_at IS NULL) OR (undone_by_id IS NOT NULL)", name="undone_by_someone"),
        Index("uq_conversions_standing", "lead_id", unique=True, postgresql_where=text("undone_at IS NULL")),
    )

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="RESTRICT"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[ConversionKind] = mapped_column(EnumText(ConversionKind))
    filled: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    before: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    customer_version: Mapped[int | None]
    converted_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    converted_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("employees.id", ondelete="RESTRICT"), server_default=text(ACTOR)
    )
    undone_at: Mapped[Timestamp | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
