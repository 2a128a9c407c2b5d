"""What the rows of a file become: leads, customers, or contacts of customers."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import StrEnum

from crm_web.imports.mapping import ACTIVITY_FIELDS, FIELDS, ColumnMapping, choose_mapping
from crm_web.imports.recognition import Kind, MappingUnclear, are_kept_companies
from crm_web.imports.tables import Table
from crm_web.imports.vocabulary import ACCOUNT_TYPE_HEADERS, ADDRESS_HEADERS, CUSTOMER_WORDS, squash
from crm_web.models import CustomerStatus


class Target(StrEnum):
    """In the order in which related files are imported: each may name records of those before it."""

    CUSTOMERS = "customers"
    CONTACTS = "contacts"
    LEADS = "leads"
    ACTIVITIES = "activities"


PHONE_COUNTRY = frozenset({"country"})
"""What a contact has no place for, but says how their phone numbers are read."""
_SHARED = frozenset(
    {
        "external_id",
        "is_deleted",
        "email",
        "phone",
        "mobile",
        "owner",
        "description",
        "created_at",
        "first_name",
        "last_name",
    }
    | {"full_name", "company", "salutation", "is_company"}
)
_FIELDS = {
    Target.CUSTOMERS: _SHARED - {"salutation"} | {"website", "industry", "parent_ref"},
    Target.ACTIVITIES: ACTIVITY_FIELDS,
    Target.CONTACTS: _SHARED - {"owner"} | {"job_title", "company_ref", "company_domain"} | PHONE_COUNTRY,
}


def fields_of(target: Target) -> frozenset[str]:
    """The fields that columns can become for a target."""
    if target is Target.LEADS:
        return FIELDS - {"parent_ref"}
    return _FIELDS[target] | (frozenset(ADDRESS_HEADERS) if target is Target.CUSTOMERS else frozenset())


def detect_target(mapping: ColumnMapping) -> Target:
    """Tell customers from leads: companies that are kept as such."""
    if mapping.kind is Kind.ACTIVITY:
        return Target.ACTIVITIES
    keys = [squash(name) for name in mapping.header]
    return Target.CUSTOMERS if mapping.kind is Kind.COMPANY and are_kept_companies(keys) else Target.LEADS


def detect_status(mapping: ColumnMapping) -> CustomerStatus:
    """Tell what new customers are whose rows don’t say it: companies, until the headings call them customers, are none
    yet.
    """
    are_customers = any(squash(name).startswith(CUSTOMER_WORDS) for name in mapping.header)
    is_inactive = mapping.kind is Kind.COMPANY and not are_customers
    return CustomerStatus.INACTIVE if is_inactive else CustomerStatus.ACTIVE


def detect_alone(csv: Table) -> tuple[Kind, Target]:
    """Tell what the rows of a file seem to be, by the headings and the first rows."""
    try:
        mapping = choose_mapping(csv.header, csv.sample)
    except MappingUnclear:
        return Kind.PERSON, Target.LEADS
    return mapping.kind, detect_target(mapping)


def detect_in_set(kind: Kind, filename: str, kinds: Collection[Kind], alone: Target) -> Target:
    """Tell what the rows of one of several related files become: beside companies, people are their contacts.

    :param kinds: those of all files
    :param alone: what they would become without the others
    """
    if kind is Kind.COMPANY:
        return Target.CUSTOMERS
    is_of_people = kind is Kind.PERSON and Kind.COMPANY in kinds and "lead" not in filename.casefold()
    return Target.CONTACTS if is_of_people else alone


def map_for(target: Target, mapping: ColumnMapping) -> ColumnMapping:
    """Keep the columns that a target has a place for; the others are left out, and named so."""
    if target is Target.LEADS:
        mapping = mapping.without("parent_ref")
        return mapping if mapping.kind is Kind.DEAL else mapping.without("contact_ref")
    columns = {name: places for name, places in mapping.columns.items() if name in _FIELDS[target]}
    if target is Target.CUSTOMERS:
        columns |= _find_account_type(mapping.header)
    addresses = mapping.addresses if target is Target.CUSTOMERS else ()
    if target is Target.CONTACTS:
        addresses = tuple({"country": parts["country"]} for parts in mapping.addresses if "country" in parts)
    return replace(mapping, columns=columns, addresses=addresses)


def _find_account_type(header: Sequence[str]) -> dict[str, tuple[int, ...]]:
    keys = [squash(name) for name in header]
    places = [keys.index(key) for key in ACCOUNT_TYPE_HEADERS if key in keys]
    return {"account_type": (places[0],)} if places else {}
