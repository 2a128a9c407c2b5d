"""What the rows of a file become: leads, customers, contacts of customers, both of these, or activities."""

from collections.abc import Collection
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
    MIXED = "mixed"
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
_FIELDS[Target.MIXED] = _FIELDS[Target.CUSTOMERS] | _FIELDS[Target.CONTACTS]
_WITH_ADDRESS = (Target.CUSTOMERS, Target.MIXED)
_OF_LEADS = frozenset({"status", "is_won", "rating", "next_step", "lost_reason", "product"})
"""What is said of leads, and not of people and companies who are just kept."""
SYSTEM_OF_BOTH = "party"
"""How the other system’s IDs of people and companies in one list begin, in place of those of people alone."""


def fields_of(target: Target) -> frozenset[str]:
    """The fields that columns can become for a target."""
    if target is Target.LEADS:
        return FIELDS - {"parent_ref"}
    return _FIELDS[target] | (frozenset(ADDRESS_HEADERS) if target in _WITH_ADDRESS else frozenset())


def detect_target(mapping: ColumnMapping) -> Target:
    """Tell customers from leads: companies that are kept as such, alone or in one list with people."""
    if mapping.kind is Kind.ACTIVITY:
        return Target.ACTIVITIES
    if mapping.kind is Kind.PERSON and "is_company" in mapping.columns and not _OF_LEADS & mapping.columns.keys():
        return Target.MIXED
    keys = [squash(name) for name in mapping.header]
    return Target.CUSTOMERS if mapping.kind is Kind.COMPANY and are_kept_companies(keys) else Target.LEADS


def detect_status(mapping: ColumnMapping) -> CustomerStatus:
    """Tell what new customers are whose rows don’t say it: companies, until the headings call them customers, are none
    yet.
    """
    are_customers = any(squash(name).startswith(CUSTOMER_WORDS) for name in mapping.header)
    is_inactive = (mapping.kind is Kind.COMPANY or "is_company" in mapping.columns) and not are_customers
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
    if alone is Target.MIXED:
        return alone
    is_of_people = kind is Kind.PERSON and Kind.COMPANY in kinds and "lead" not in filename.casefold()
    return Target.CONTACTS if is_of_people else alone


def map_for(target: Target, mapping: ColumnMapping) -> ColumnMapping:
    """Keep the columns that a target has a place for; the others are left out, and named so."""
    if target is Target.LEADS:
        mapping = mapping.without("parent_ref")
        return mapping if mapping.kind is Kind.DEAL else mapping.without("contact_ref")
    columns = {name: places for name, places in mapping.columns.items() if name in _FIELDS[target]}
    if target in _WITH_ADDRESS:
        columns |= _find_account_type(mapping)
    addresses = mapping.addresses if target in _WITH_ADDRESS else ()
    if target is Target.CONTACTS:
        addresses = tuple({"country": parts["country"]} for parts in mapping.addresses if "country" in parts)
    system = mapping.system
    if target is Target.MIXED and system and system.startswith(f"{Kind.PERSON}_"):
        system = SYSTEM_OF_BOTH + system.removeprefix(Kind.PERSON)
    return replace(mapping, columns=columns, addresses=addresses, system=system)


def check_kinds(target: Target, mapping: ColumnMapping) -> None:
    """Make sure that the rows of a list of both say which they are.

    :raise MappingUnclear: if no column does
    """
    if target is Target.MIXED and "is_company" not in mapping.columns:
        raise MappingUnclear("No column says whether a row is a company or a person. Map one: --map is_company=…")


def _find_account_type(mapping: ColumnMapping) -> dict[str, tuple[int, ...]]:
    """What customers are; where the same column tells companies from people, it does not say it."""
    keys = [squash(name) for name in mapping.header]
    places = [keys.index(key) for key in ACCOUNT_TYPE_HEADERS if key in keys]
    places = [place for place in places if place not in mapping.columns.get("is_company", ())]
    return {"account_type": (places[0],)} if places else {}
