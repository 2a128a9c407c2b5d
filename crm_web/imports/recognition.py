"""Recognises columns by the words of their headings, and what the rows of a file are."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from crm_web.core.errors import DomainError
from crm_web.imports.activity_words import are_activities
from crm_web.imports.activity_words import recognise as recognise_activity
from crm_web.imports.signs import (
    ACCOUNT_WORDS,
    COMPANY_SIGNS,
    DEAL_FIELDS,
    DEAL_WORDS,
    LEGAL_FORMS,
    LISTED_COMPANY_SIGNS,
    NOT_OF_SALES,
    PEOPLE_OF_COMPANIES,
    PERSON_FIELDS,
    SALE_FIELDS,
    SUMMARY_OF_DEALS,
    WEAK_COMPANY_SIGNS,
)
from crm_web.imports.vocabulary import ADDRESS_PART_OF, ADDRESSES, FIELD_OF, GENERAL_IDS, RECORD_WORDS, squash

_WITH_WEBSITE = frozenset({"company", "organization", "organisation", "account", "person", "contact", "customer"})
"""Whose URL is a website; that of a deal leads to its page in the other system."""
_IDS_OF_ROWS = frozenset(
    f"donotmodify{word}" for word in ("account", "contact", "lead", "opportunity", "activity", "task", "phonecall")
)
"""How Dynamics calls the IDs of the rows: “(Do Not Modify) Account”."""

STAGES_OF_DEALS = frozenset({"stagename", "dealstage", "opportunitystage", "salesstage"})


class MappingUnclear(DomainError):
    """The columns can't be told, or what was said about them does not fit the file."""


OF_CLOSE = frozenset({"id", "leadid", "leadname"})
"""Beside an ID of the rows, the lead is the company that they belong to, as Close calls it."""
_OF_CLOSE = {"leadname": "company", "username": "owner", "confidence": "probability"}
"""What its words mean, which elsewhere can mean much else."""


class Kind(StrEnum):
    """What the rows of a file are, for the words that mean different things in each."""

    DEAL = "deal"
    PERSON = "person"
    COMPANY = "company"
    ACTIVITY = "activity"


OF_COMPANIES = frozenset({"associatedcontact", "associatedcontacts", "primarycontact", "primarycontactname"})
"""What a list of companies may have beside them: the names of their people."""
NAMES_ON_DISPLAY = frozenset({"displayname", "fileas"})
"""A name as it is shown, which may be put together of several."""


def is_known(name: str) -> bool:
    """Return whether a text is the name of a column that leads or activities could come from."""
    key = squash(name)
    return any(find(key) is not None for find in (recognise, recognise_address, recognise_activity))


def has_own_id(keys: Collection[str]) -> bool:
    """Return whether the rows have an ID of their own, beside which that of another thing is a reference."""
    own = [key for key in keys if FIELD_OF.get(key, ("", 0))[0] == "external_id"]
    return any(key not in GENERAL_IDS for key in own)


def detect_kind(keys: Sequence[str], names: Sequence[str], *, may_be_activities: bool = True) -> Kind:
    """Detect what the rows are.

    :param keys: the squashed headings
    :param names: the values of a column that is just called a name
    :param may_be_activities: false if the person said that they are none
    """
    if may_be_activities and are_activities(keys, has_own_id=has_own_id(keys)):
        return Kind.ACTIVITY
    own = [key for key in keys if not key.startswith("primarycontact")]
    found = {match[0] for key in own if key not in OF_COMPANIES and (match := recognise(key))}
    if _are_deals(keys, found):
        return Kind.DEAL
    if found & PERSON_FIELDS:
        return Kind.PERSON
    has_name = any(is_name(key) or key in NAMES_ON_DISPLAY for key in keys)
    if has_name and "company" not in found and len(own) < len(keys):
        return Kind.COMPANY
    if "company" in found:
        # “Name, Company” is a person of a company, and so may “Company, Email” be.
        is_person = has_name or ("email" in found and not COMPANY_SIGNS.intersection(keys))
        return Kind.PERSON if is_person else Kind.COMPANY
    signs = COMPANY_SIGNS if "email" in found else COMPANY_SIGNS | WEAK_COMPANY_SIGNS
    if has_name and (signs.intersection(keys) or look_like_companies(names)):
        return Kind.COMPANY
    return Kind.PERSON


def _are_deals(keys: Sequence[str], found: Collection[str]) -> bool:
    """A list of companies or people may sum up their deals, and say when each was won first or last."""
    if "deal_name" in found or not STAGES_OF_DEALS.isdisjoint(keys):
        return True
    if any(SUMMARY_OF_DEALS.fullmatch(key) for key in keys):
        return False
    return bool(DEAL_FIELDS.intersection(found)) or any(key.startswith(DEAL_WORDS) for key in keys)


def are_kept_companies(keys: Collection[str]) -> bool:
    """Return whether a list of companies is one of companies to keep, rather than one of leads that have nothing but
    the name of their company: its headings say something of companies, and nothing of a sale.

    :param keys: the squashed headings
    """
    if any(key.startswith(ACCOUNT_WORDS) or key in PEOPLE_OF_COMPANIES for key in keys):
        return True
    if any(SUMMARY_OF_DEALS.fullmatch(key) for key in keys):
        return True
    signs = COMPANY_SIGNS | WEAK_COMPANY_SIGNS | LISTED_COMPANY_SIGNS
    # The industry has words in other languages.
    fields = [((recognise(key) or ("", 0))[0], key) for key in keys]
    is_of_sale = any(field in SALE_FIELDS and not key.startswith(NOT_OF_SALES) for field, key in fields)
    return not is_of_sale and any(key in signs or field == "industry" for field, key in fields)


def look_like_companies(names: Sequence[str]) -> bool:
    """Return whether many of some names end with a legal form, such as ``Ltd``."""
    companies = sum(name.rstrip(". ").rpartition(" ")[2].casefold().replace(".", "") in LEGAL_FORMS for name in names)
    return companies > 0 and companies >= len(names) / 5


def is_name(key: str) -> bool:
    """Return whether a column is just called ``Name``, with or without the word of its record."""
    return _strip_record_words(key) == "name" and key not in FIELD_OF


def _names_people(keys: Collection[str]) -> bool:
    """A deal’s name is the person’s where the row has their email, or where the deal has another name."""
    fields = {match[0] for key in keys if (match := recognise(key))}
    return "deal_name" in fields or "topic" in keys or ("email" in fields and not fields & PERSON_FIELDS)


def _strip_record_words(key: str) -> str:
    for word in RECORD_WORDS:
        key = key.removeprefix(word)
    return key


def recognise(key: str) -> tuple[str, int] | None:
    """Find the field of a squashed header and how well it fits; without its leading word if need be."""
    if key in FIELD_OF:
        return FIELD_OF[key]
    if key in _IDS_OF_ROWS:
        return "external_id", 0
    for word in RECORD_WORDS:
        rest = key.removeprefix(word)
        if rest != key and rest in FIELD_OF and rest != "id" and (rest != "url" or word in _WITH_WEBSITE):
            name, rank = FIELD_OF[rest]
            return name, rank + 100
    return None


def recognise_in_place(key: str, kind: Kind, keys: Sequence[str]) -> tuple[str, int] | None:
    """Some words mean one thing among people and another among deals or companies."""
    if kind is Kind.ACTIVITY:
        return recognise_activity(key)
    if kind is Kind.COMPANY and key in OF_COMPANIES:
        return None
    return _recognise_name(key, kind, keys) or _recognise_of_one_system(key, kind, keys) or recognise(key)


def _recognise_name(key: str, kind: Kind, keys: Sequence[str]) -> tuple[str, int] | None:
    """Find the field of a column that is just called a name, or a title."""
    is_title = _strip_record_words(key) == "title" and key not in FIELD_OF
    if not is_title and not is_name(key):
        return None
    if kind is Kind.DEAL and _names_people(keys):
        kind = Kind.PERSON
    if is_title and kind is not Kind.DEAL:
        return ("salutation" if "jobtitle" in keys else "job_title"), 50
    return {Kind.DEAL: "deal_name", Kind.COMPANY: "company"}.get(kind, "full_name"), 50


def _recognise_of_one_system(key: str, kind: Kind, keys: Sequence[str]) -> tuple[str, int] | None:
    """Find the field of a heading that only says something beside the others of its system."""
    if key in NAMES_ON_DISPLAY:
        return "company" if kind is Kind.COMPANY else "full_name", 60
    if key == "topic" and kind is Kind.DEAL:
        return "deal_name", 40
    if key == "work" and "mobile" in keys:
        return "phone", 40
    return (_OF_CLOSE[key], 40) if key in _OF_CLOSE and OF_CLOSE.issubset(keys) else None


def recognise_address(key: str) -> tuple[int, str, int] | None:
    """Which address it belongs to, which part of it, and how well it fits; ``billing_address_city`` is a city, too."""
    return next(filter(None, map(_find_address, dict.fromkeys((key, key.replace("address", "", 1))))), None)


def _find_address(key: str) -> tuple[int, str, int] | None:
    for word in ("", *RECORD_WORDS):
        rest = key.removeprefix(word) if key.startswith(word) else ""
        for start, address in ADDRESSES.items():
            # A “Billing Code” is a postal code, a “Code” may be anything.
            is_vague = rest == "code" and not start
            part = ADDRESS_PART_OF.get(rest.removeprefix(start)) if rest.startswith(start) and not is_vague else None
            if part:
                return address, *part
    return None
