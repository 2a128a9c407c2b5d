"""Phone numbers typed without a country code: which country they belong to, and their E.164 form."""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import phonenumbers
from babel import Locale

from crm_web.core.config import default_region
from crm_web.core.errors import DomainError
from crm_web.models import Employee
from crm_web.records.merging import DERIVED_SUFFIX
from crm_web.records.parsing import inspect_phone

PHONES = ("phone", "mobile")


class PhoneRefused(DomainError):
    """No such phone number can exist."""


class Number(NamedTuple):
    """A number as typed, in E.164, and a warning if it may be wrong."""

    typed: str
    e164: str
    warning: str


def list_regions(country: str | None, by: Employee | None, *, home: str | None = None) -> tuple[str, ...]:
    """List the countries that a number without a country code may belong to, likeliest first.

    :param country: the ISO code of the record's country, or of its customer's
    :param by: the employee who typed it; their locale may name a country
    :param home: the country of the installation, if the caller has it
    """
    return add_region(country, add_region(getattr(by, "region", None), (home or default_region(),)))


@lru_cache(maxsize=4096)
def add_region(country: str | None, regions: tuple[str, ...]) -> tuple[str, ...]:
    """Put a country first in the list; one without phone numbers of its own is ignored."""
    return tuple(dict.fromkeys([country, *regions])) if country in phonenumbers.SUPPORTED_REGIONS else regions


@lru_cache(maxsize=1024)
def read_number(value: str, regions: tuple[str, ...]) -> Number:
    """Parse a number for the first country that has such numbers, else for the first where it is possible.

    :raise ValueError: if it is possible in none of the countries
    """
    possible: list[tuple[str, str, str]] = []
    for region in regions:
        with suppress(ValueError):
            typed, e164, is_in_use = inspect_phone(value, region)
            if is_in_use:
                return Number(typed, e164, _describe_other(typed, regions[0], region) if region != regions[0] else "")
            possible.append((typed, e164, region))
    if not possible:
        inspect_phone(value, regions[0])
    typed, e164, region = possible[0]
    return Number(typed, e164, _describe_warning(typed, e164, region))


def _describe_other(typed: str, country: str, region: str) -> str:
    return (
        f"“{typed}” is not a known number in {_name(country)}, so it was read with the code of {_name(region)}"
        f" (+{phonenumbers.country_code_for_region(region)}). Check it, or add its country code."
    )


def _describe_warning(typed: str, e164: str, region: str) -> str:
    code = phonenumbers.country_code_for_region(region)
    if typed.lstrip("( ").startswith(("+", "00", "\uff0b", "tel:+")) or not e164.startswith(f"+{code}"):
        return f"“{typed}” is not a known number. Check it."
    return (
        f"“{typed}” was read with the code of {_name(region)} (+{code}), but no such number is known there."
        " Check it, or add its country code."
    )


def _name(region: str) -> str:
    return str(Locale("en").territories.get(region, region))


def parse_phone_columns(
    record: Any, values: Mapping[str, Any], *, country: str | None, by: Employee | None
) -> dict[str, str | None]:
    """Parse each number of a record that is new or whose country changed.

    :param record: an empty one if it is being created
    :param values: the columns that are about to change
    :return: values of the E.164 columns
    :raise PhoneRefused: if a number is impossible
    """
    has_moved = country != getattr(record, "phone_country", None)
    numbers = {}
    for name in (name for name in PHONES if hasattr(record, name) and (has_moved or name in values)):
        typed, before = values.get(name, getattr(record, name)), getattr(record, name)
        is_kept = typed == before and not has_moved
        numbers[name + DERIVED_SUFFIX] = (
            getattr(record, name + DERIVED_SUFFIX) if is_kept else _read(name, typed, country, by)
        )
    return numbers


def set_values(record: Any, values: Mapping[str, Any], *, country: str | None, by: Employee | None) -> None:
    """Set columns of a record, and the E.164 columns that follow from them.

    :param record: an empty one if it is being created
    :raise PhoneRefused: if a number is impossible
    """
    numbers = parse_phone_columns(record, values, country=country, by=by)
    for name, value in {**values, **numbers}.items():
        setattr(record, name, value)


def reparse_phones(record: Any, *, country: str | None, by: Employee | None) -> None:
    """Parse a record's numbers again after its country changed; one that is impossible there stays."""
    for name in (name for name in PHONES if getattr(record, name, None)):
        with suppress(PhoneRefused):
            setattr(record, name + DERIVED_SUFFIX, _read(name, getattr(record, name), country, by))


def _read(name: str, typed: str | None, country: str | None, by: Employee | None) -> str | None:
    try:
        return read_number(typed, list_regions(country, by)).e164 if typed else None
    except ValueError as error:
        raise PhoneRefused(str(error), name) from error


def list_warnings(record: Any, by: Employee | None) -> list[tuple[str, str]]:
    """List pairs of column and warning for a record's numbers that may be wrong."""
    regions = list_regions(getattr(record, "phone_country", None), by)
    doubts = []
    for name in (name for name in PHONES if getattr(record, name, None)):
        # What came before its country was known may be no number there.
        with suppress(ValueError):
            number = read_number(getattr(record, name), regions)
            doubts += [(name, number.warning)] if number.warning else []
    return doubts
