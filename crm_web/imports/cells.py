"""Parsers for the cells of each field: the rules of the form, and the spellings of other programs."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from crm_web.imports.amounts import find_currency, read_amounts
from crm_web.imports.columns import TEXTS
from crm_web.imports.dates import read_moment
from crm_web.imports.excel import check_digits
from crm_web.imports.figures import write_plainly
from crm_web.imports.inspection import DATES
from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.markup import read_markup
from crm_web.imports.references import lengthen_id
from crm_web.imports.vocabulary import (
    COMPANIES,
    CUSTOMERS,
    FORMER_CUSTOMERS,
    LOST_REASON_WORDS,
    NO,
    PEOPLE,
    RATINGS,
    YES,
    ZONE,
    squash,
)
from crm_web.models import CustomerStatus, Lead, LeadSource, LostReason, Rating, limit_of
from crm_web.records.parsing import read_country, read_currency, read_email, read_text, read_website

_NUMBER = re.compile(r"\d{1,3}(?:\.\d+)?|\.\d+")
Reader = Callable[[str], Any]

STREET = ("street_number", "street", "street_2", "street_3")


def list_readers(mapping: ColumnMapping, read_phone: Reader) -> dict[str, Reader]:
    """Find the reader of each field; the status, read from several columns at once, has none.

    :return: the readers; each raises ``ValueError`` with a sentence for the person
    """
    readers: dict[str, Reader] = {name: _text(limit_of(getattr(Lead, name))) for name in TEXTS}
    readers |= dict.fromkeys((*STREET, "owner", "deal_name", "product"), readers["city"])
    readers |= {name: _single_spaced(limit_of(getattr(Lead, name))) for name in ("first_name", "last_name", "company")}
    readers |= {
        "full_name": _single_spaced(2 * limit_of(Lead.last_name)),
        "deal_name": _single_spaced(limit_of(Lead.last_name)),
        "external_id": read_id,
        "parent_ref": lambda text: read_id(" ".join(text.split())),
        "source": _trimmed(limit_of(LeadSource.name)),
        "description": _paragraph,
        "email": read_email,
        "phone": read_phone,
        "mobile": read_phone,
        "website": read_website,
        "company_domain": read_website,
        "country": read_country,
        "currency": _currency,
        "amount": read_amounts(mapping.facts.decimal_mark, is_said=mapping.facts.is_mark_said),
        "probability": _share(mapping.facts.are_fractions),
        "rating": _rating,
        **dict.fromkeys(("is_won", "is_deleted"), _yes_or_no),
        "is_company": _is_company,
        "lost_reason": _lost_reason,
        "account_type": _account_type,
    }
    for name in DATES:
        is_day_first = not mapping.day_first.isdisjoint(mapping.columns.get(name, ()))
        readers[name] = _moment(is_day_first, mapping.name_of(name))
    return readers


def _text(limit: int) -> Reader:
    def read(text: str) -> str:
        return read_text(text, limit)

    return read


def _single_spaced(limit: int) -> Reader:
    """Names are one name however many blanks a program put between their words."""
    return lambda text: read_text(" ".join(text.split()), limit)


def _trimmed(limit: int) -> Reader:
    return lambda text: read_text(text.strip(), limit)


def _paragraph(text: str) -> str:
    return read_text(read_markup(text.replace("\r\n", "\n")), limit_of(Lead.description))


def read_id(text: str) -> str:
    """Parse an ID of the other system.

    :raise ValueError: if a spreadsheet cut it short, or it is too long
    """
    typed = text.strip()
    check_digits(typed)
    return read_text(lengthen_id(typed), limit_of(Lead.external_id))


def _moment(is_day_first: bool, heading: str) -> Reader:
    """Make the reader of a column of dates, whose heading may name the time zone: ``Create Date (GMT+1)``."""
    zone = ZONE.search(heading)
    if zone and int(zone[1]):
        offset = f"{int(zone[1]):+03d}{zone[2] or '00'}"
        return lambda text: read_moment(f"{text.strip()} {offset}" if ":" in text else text, is_day_first)
    return lambda text: read_moment(text, is_day_first)


def _share(is_fraction: bool) -> Callable[[str], Decimal]:
    """Make the reader of a column of probabilities: percentages, or parts of 1."""

    def read(text: str) -> Decimal:
        typed = write_plainly(text.strip()).removesuffix("%").strip().replace(",", ".")
        share = Decimal(typed) * (100 if is_fraction else 1) if _NUMBER.fullmatch(typed) else Decimal(-1)
        if not 0 <= share <= 100:
            raise ValueError("Enter a percentage from 0 to 100.")
        return share

    return read


def _currency(text: str) -> str:
    return find_currency(text) or read_currency(text)


def _rating(text: str) -> Rating:
    try:
        return RATINGS[text.strip().casefold()]
    except KeyError as error:
        raise ValueError("Use hot, warm or cold.") from error


def _yes_or_no(text: str) -> bool:
    word = text.strip().casefold()
    if word not in YES | NO:
        raise ValueError("Use 1 for yes, 0 for no.")
    return word in YES


def _is_company(text: str) -> bool:
    word = squash(text)
    if word in COMPANIES | PEOPLE:
        return word in COMPANIES
    try:
        return _yes_or_no(text)
    except ValueError as error:
        raise ValueError("Use company or person, or 1 for a company and 0 for a person.") from error


def _account_type(text: str) -> CustomerStatus:
    """Who is no customer yet, such as a prospect or partner, is an inactive one."""
    word = squash(text)
    if word in FORMER_CUSTOMERS:
        return CustomerStatus.FORMER
    return CustomerStatus.ACTIVE if word in CUSTOMERS else CustomerStatus.INACTIVE


def _lost_reason(text: str) -> tuple[LostReason, str | None]:
    known = LOST_REASON_WORDS.get(squash(text))
    return (known, None) if known else (LostReason.OTHER, read_text(text, limit_of(Lead.lost_note)))
