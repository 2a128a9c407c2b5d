"""Leads: sales opportunities, from first contact to Won or Lost."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import (
    CheckConstraint,
    Computed,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from crm_web.models.base import (
    Base,
    Country,
    Currency,
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
from crm_web.models.last_activity import LeadLastActivity

if TYPE_CHECKING:
    from crm_web.models.customer import Customer


class StatusKind(StrEnum):
    """Whether a status means open, won or lost."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"

    @property
    def statuses(self) -> "list[LeadStatus]":
        return [status for status in LeadStatus if status.kind is self]


class LeadStatus(StrEnum):
    """The statuses of a lead, in the order of a typical sale."""

    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    PROPOSAL = "proposal"
    NEGOTIATION = "negotiation"
    ON_HOLD = "on_hold"
    WON = "won"
    LOST = "lost"
    DISQUALIFIED = "disqualified"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()

    @property
    def kind(self) -> StatusKind:
        if self is LeadStatus.WON:
            return StatusKind.WON
        return StatusKind.LOST if self in (LeadStatus.LOST, LeadStatus.DISQUALIFIED) else StatusKind.OPEN


WAY_TO_WON = (
    LeadStatus.NEW,
    LeadStatus.CONTACTED,
    LeadStatus.QUALIFIED,
    LeadStatus.PROPOSAL,
    LeadStatus.NEGOTIATION,
    LeadStatus.WON,
)
"""The statuses that lead on; waiting and losing get nobody further. ``crm_status_place`` says the same in SQL."""


class Rating(StrEnum):
    HOT = "hot"
    WARM = "warm"
    COLD = "cold"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class LostReason(StrEnum):
    """Why a lead was lost or disqualified."""

    PRICE = "price"
    COMPETITOR = "competitor"
    NO_BUDGET = "no_budget"
    NO_RESPONSE = "no_response"
    BAD_TIMING = "bad_timing"
    NO_NEED = "no_need"
    NOT_A_FIT = "not_a_fit"
    OTHER = "other"
    NOT_RECORDED = "not_recorded"

    @property
    def label(self) -> str:
        return LOST_REASON_LABELS[self]


LOST_REASON_LABELS = {
    LostReason.PRICE: "Price too high",
    LostReason.COMPETITOR: "Chose a competitor",
    LostReason.NO_BUDGET: "No budget",
    LostReason.NO_RESPONSE: "No response",
    LostReason.BAD_TIMING: "Bad timing",
    LostReason.NO_NEED: "No longer needed",
    LostReason.NOT_A_FIT: "Not a good fit",
    LostReason.OTHER: "Other",
    LostReason.NOT_RECORDED: "Not recorded",
}

_CLOSED = "status IN ('won', 'lost', 'disqualified')"
_LOST = "status IN ('lost', 'disqualified')"
# What lists sort by, word for word as queries say it, or else no index serves them.
_COMPANY_KEY = "(coalesce(crm_fold(company), '') COLLATE \"C\")"
_SOURCE_KEY = "coalesce(source, '')"
_COUNTRY_KEY = "coalesce(country, '')"
_INDUSTRY_KEY = "(coalesce(crm_fold(industry), '') COLLATE \"C\")"
_OWNER_KEY = "coalesce(owner_id, 0)"
_CLOSE_KEY = "coalesce(expected_close_on, '0001-01-01'::date)"
# What lists are filtered and sorted by stands in one index as well: whatever is asked of a million leads together is
# answered from it, and not from rows of half a kilobyte.
FILTERED = [
    "status",
    "owner_id",
    "source",
    "industry",
    "country",
    "currency",
    "amount",
    "expected_close_on",
    "created_at",
    "closed_at",
]
_NAMED = "first_name, last_name, company, email"


def _find_and_order(name: str, key: str, *columns: str) -> Index:
    """An index on an expression for filtering and sorting; with the plain columns in it an index-only scan works."""
    live = text("deleted_at IS NULL")
    return Index(f"ix_leads_{name}", text(key), "id", postgresql_where=live, postgresql_include=columns)


class LeadSource(Base):
    """The known sources of leads, in one spelling each."""

    __tablename__ = "lead_sources"
    __table_args__ = (Index("uq_lead_sources_lower_name", text("lower(name)"), unique=True),)

    name: Mapped[Text300] = mapped_column(primary_key=True)


class Lead(Recorded, Mergeable, Base):
    """A sales opportunity. Its constraints hold for every writer."""

    __tablename__ = "leads"
    __table_args__ = (
        CheckConstraint(
            "btrim(coalesce(last_name, '') || coalesce(company, '') || coalesce(email, '')) <> ''", name="is_named"
        ),
        CheckConstraint("amount >= 0 AND amount <> 'NaN'", name="amount_not_negative"),
        CheckConstraint("amount IS NULL OR currency IS NOT NULL", name="amount_has_currency"),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability_percent"),
        CheckConstraint("expected_close_on BETWEEN '1900-01-01' AND '2199-12-31'", name="expected_close_on_sane"),
        CheckConstraint("status <> 'won' OR customer_id IS NOT NULL", name="won_has_customer"),
        CheckConstraint(f"({_LOST}) = (lost_reason IS NOT NULL)", name="lost_has_reason"),
        CheckConstraint("lost_reason <> 'other' OR btrim(coalesce(lost_note, '')) <> ''", name="other_reason_has_note"),
        CheckConstraint(f"({_CLOSED}) = (closed_at IS NOT NULL)", name="closed_has_date"),
        CheckConstraint("(deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)", name="trashed_by_someone"),
        UniqueConstraint("external_system", "external_id"),
        CheckConstraint("(external_system IS NULL) = (external_id IS NULL)", name="external_id_has_system"),
        Index(
            "ix_leads_updated",
            "updated_at",
            "id",
            postgresql_where=text("deleted_at IS NULL"),
            postgresql_include=FILTERED,
        ),
        Index(
            "ix_leads_created_at",
            *("created_at", "id"),
            postgresql_include=["owner_id", "currency", "amount"],
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_leads_name", "sort_name", "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_leads_trash", "deleted_at", "id", postgresql_where=text("deleted_at IS NOT NULL")),
        Index("ix_leads_status_updated", "status", "updated_at", "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_leads_owner_updated", "owner_id", "updated_at", "id", postgresql_include=["deleted_at"]),
        Index(
            "ix_leads_owner_status",
            *("owner_id", "status", "updated_at", "id"),
            postgresql_include=["source", "expected_close_on"],
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "ix_leads_to_take",
            *("updated_at", "id"),
            postgresql_where=text("owner_id IS NULL AND closed_at IS NULL AND deleted_at IS NULL"),
        ),
        Index("ix_leads_kept", "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_leads_company", text(_COMPANY_KEY), "id", postgresql_where=text("deleted_at IS NULL")),
        _find_and_order("source", _SOURCE_KEY, "source"),
        Index("ix_leads_status", "status", "id", postgresql_where=text("deleted_at IS NULL")),
        _find_and_order("amount", "coalesce(amount, -1)", "amount", "currency"),
        _find_and_order("expected_close", _CLOSE_KEY, "expected_close_on", "status"),
        _find_and_order("owner", _OWNER_KEY, "owner_id"),
        _find_and_order("country", _COUNTRY_KEY, "country"),
        _find_and_order("industry", _INDUSTRY_KEY, "industry"),
        Index(
            "ix_leads_closed",
            *("closed_at", "status"),
            postgresql_where=text("closed_at IS NOT NULL AND deleted_at IS NULL"),
        ),
        index_values("ix_leads_customer_id", "customer_id"),
        index_values("ix_leads_email_normalised", "email_normalised"),
        index_values("ix_leads_phone_e164", "phone_e164"),
        index_values("ix_leads_mobile_e164", "mobile_e164"),
        Index("ix_leads_search", "search_text", postgresql_using="gin", postgresql_ops={"search_text": "gin_trgm_ops"}),
        signs_index("leads"),
        *merge_constraints("leads"),
    )

    id: Mapped[Id]
    salutation: Mapped[Text50 | None]
    first_name: Mapped[Text300 | None]
    last_name: Mapped[Text300 | None]
    job_title: Mapped[Text300 | None]
    company: Mapped[Text300 | None]
    email: Mapped[Email | None]
    phone: Mapped[Text50 | None]
    mobile: Mapped[Text50 | None]
    website: Mapped[Url | None]
    street: Mapped[Text300 | None]
    city: Mapped[Text300 | None]
    state: Mapped[Text300 | None]
    postal_code: Mapped[Text50 | None]
    country: Mapped[Country | None]

    status: Mapped[LeadStatus] = mapped_column(EnumText(LeadStatus), server_default="new")
    source: Mapped[str | None] = mapped_column(ForeignKey("lead_sources.name", ondelete="RESTRICT", onupdate="CASCADE"))
    rating: Mapped[Rating | None] = mapped_column(EnumText(Rating))
    industry: Mapped[Text300 | None]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[Currency | None]
    probability: Mapped[int | None] = mapped_column(Integer)
    expected_close_on: Mapped[date | None]
    next_step: Mapped[Text300 | None]
    description: Mapped[LongText | None]
    lost_reason: Mapped[LostReason | None] = mapped_column(EnumText(LostReason))
    lost_note: Mapped[Text300 | None]

    owner_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="RESTRICT"))
    status_changed_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    # The furthest status that it has left, kept by a trigger; empty where it has only ever gone on.
    furthest_status: Mapped[LeadStatus | None] = mapped_column(
        EnumText(LeadStatus), server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    closed_at: Mapped[Timestamp | None]
    external_system: Mapped[Text300 | None]
    external_id: Mapped[Text300 | None]

    email_normalised: Mapped[str | None] = mapped_column(Text, Computed("lower(email)", persisted=True))
    phone_e164: Mapped[Text50 | None]
    mobile_e164: Mapped[Text50 | None]
    name: Mapped[str] = mapped_column(Text, Computed(f"crm_lead_name({_NAMED})", persisted=True))
    sort_name: Mapped[str] = mapped_column(
        Text(collation="C"), Computed(f"crm_fold(crm_lead_name({_NAMED}))", persisted=True)
    )
    search_text: Mapped[str] = mapped_column(
        Text,
        Computed(
            "crm_fold(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(company, '')"
            " || ' ' || coalesce(email, '') || ' ' || coalesce(website, '') || ' ' || coalesce(phone_e164, phone, '')"
            " || ' ' || coalesce(mobile_e164, mobile, ''))",
            persisted=True,
        ),
        deferred=True,
    )

    owner: Mapped[Employee | None] = relationship(foreign_keys=owner_id)
    customer: Mapped["Customer | None"] = relationship(foreign_keys=customer_id, back_populates="leads")
    last_touch: Mapped[LeadLastActivity] = relationship(viewonly=True)
    next_due_on: Mapped[date | None] = query_expression()
    """When its first open task is due; empty unless a query loads it."""
    created_by: Mapped[Employee | None] = relationship(foreign_keys="Lead.created_by_id")
    updated_by: Mapped[Employee | None] = relationship(foreign_keys="Lead.updated_by_id")

    @property
    def phone_country(self) -> str | None:
        """The country of phone numbers without a country code."""
        return self.country

    @property
    def is_open(self) -> bool:
        return self.status.kind is StatusKind.OPEN

    @property
    def is_won(self) -> bool:
        return self.status is LeadStatus.WON

    @property
    def is_lost(self) -> bool:
        return self.status.kind is StatusKind.LOST
