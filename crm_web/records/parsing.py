"""Parsers of typed text, one per kind of value, shared by forms and imports.

Each takes the raw text, returns the value to store, and raises ``ValueError`` with a message for the person.
"""

import functools
import re
import unicodedata
from datetime import date
from decimal import Decimal

import phonenumbers
from babel import Locale
from email_validator import EmailNotValidError, validate_email

from crm_web.models.codes import CURRENCIES
from crm_web.records import date_input, number_input
from crm_web.records.country_input import read_country as read_country
from crm_web.records.currency_signs import ENGLISH, Sign
from crm_web.records.date_input import EARLIEST, LATEST
from crm_web.records.number_input import CENT, PLAIN, AmbiguousNumber, notation_of, read_number

LONGEST_LOCAL_PART = 64
"""What may stand before the at sign, in octets (RFC 5321)."""
_NOT_AN_EMAIL = "Enter an email address like name@company.com."
TOO_MUCH = Decimal(10) ** 12
# Numbers as they were before a country lengthened them are still in everyone's address book: Benin, 2024.
_FORMER_LENGTHS = {229: 8}
_FORMER_TRUNK_CODES = {"MX": "01|04[45]"}
_EXIT_CODES = ("00", "011", "0011", "810")
_WEBSITE = re.compile(
    r"(?:https?://)?(?:[^\s/:@?#.]+\.)+[^\s/:@?#.\d][^\s/:@?#.]*\.?(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE
)
_PLAIN_LOCAL = re.compile(r"(?=[^@]{1,64}@[^@\s]+\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@")


def read_text(value: str, limit: int) -> str:
    """Check free text; it is kept exactly as typed.

    :raise ValueError: if it is too long, or holds a NUL or a lone surrogate, which PostgreSQL can't store
    """
    if len(value) > limit:
        raise ValueError(f"Shorten this to {limit:,} characters; it has {len(value):,}.")
    if "\x00" in value:
        raise ValueError("Remove the invisible NUL character from this text.")
    if not value.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise ValueError("Remove the broken character from this text.")
    return value


def is_storable(value: str) -> bool:
    """Whether PostgreSQL can store a text, or be asked for it."""
    try:
        read_text(value, len(value))
    except ValueError:
        return False
    return True


def read_email(value: str, limit: int = 254) -> str:
    """Check an email address without network access; only its domain is lower-cased.

    :raise ValueError: if it is no email address
    """
    address = read_text(value.strip(), limit)
    if len(address.rpartition("@")[0].encode()) > LONGEST_LOCAL_PART:
        raise ValueError(_NOT_AN_EMAIL)
    return _check_email(address)


def _check_email(address: str) -> str:
    """Most addresses have a plain local part; then only a domain not met before needs the full check."""
    if _PLAIN_LOCAL.match(address):
        local, _, domain = address.partition("@")
        return f"{local}@{_check_whole_email(f'a@{domain}')[2:]}"
    return _check_whole_email(address)


@functools.lru_cache(maxsize=4096)
def _check_whole_email(address: str) -> str:
    try:
        return validate_email(
            address,
            check_deliverability=False,
            test_environment=True,
            allow_quoted_local=True,
            allow_domain_literal=True,
        ).normalized
    except EmailNotValidError as error:
        raise ValueError(_NOT_AN_EMAIL) from error


def read_phone(value: str, region: str) -> tuple[str, str]:
    """Parse a phone number in any usual spelling.

    :param region: ISO country for numbers without a country code
    :return: the number as typed, and in E.164 without extension
    :raise ValueError: if no such number can exist
    """
    typed, e164, _ = inspect_phone(value, region)
    return typed, e164


def inspect_phone(value: str, region: str) -> tuple[str, str, bool]:
    """Parse a phone number, and check whether it can be in use.

    :param region: ISO country for numbers without a country code
    :return: the number as typed, in E.164, and whether its country has such numbers; if not, only its length is
        possible
    :raise ValueError: if no such number can exist
    """
    typed = read_text(value.strip(), 50)
    return typed, *_check_phone(typed if typed.isascii() else unicodedata.normalize("NFKC", typed), region)


@functools.lru_cache(maxsize=1024)
def _check_phone(typed: str, region: str) -> tuple[str, bool]:
    """Return the E.164 form, and whether its country has such numbers."""
    number = _parse_phone(typed, region)
    if not (is_valid := phonenumbers.is_valid_number(number)):
        abroad = [found for code in _EXIT_CODES if (found := _read_exit_code(typed, code))]
        number = next((found for found in abroad if phonenumbers.is_valid_number(found)), number)
        if not _is_possible(number):
            former = [_parse_phone(rest, region)] if (rest := _drop_former_trunk_code(typed, region)) else []
            number = next(filter(_is_possible, [*abroad, *former]), number)
        is_valid = phonenumbers.is_valid_number(number)
    if not is_valid and not _is_possible(number):
        raise ValueError("Check the phone number. It has too few or too many digits, or no country code.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), is_valid


def _drop_former_trunk_code(typed: str, region: str) -> str:
    """Until 2019 a code was dialed before each number, and address books still hold it."""
    code = _FORMER_TRUNK_CODES.get(region)
    return re.sub(rf"^\W*(?:{code})(?=[\W\d])", "", typed) if code else ""


def _read_exit_code(typed: str, code: str) -> phonenumbers.PhoneNumber | None:
    """People write the exit code that they dial themselves, even where another one applies."""
    rest = re.sub(rf"^\W*{code}(?=[\W\d])", "", typed)
    try:
        return phonenumbers.parse(f"+{rest}", None) if rest != typed else None
    except phonenumbers.NumberParseException:
        return None


def _parse_phone(typed: str, region: str) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException as error:
        raise ValueError("Enter a phone number like +44 20 7946 0958.") from error


def _is_possible(number: phonenumbers.PhoneNumber) -> bool:
    is_former = len(str(number.national_number)) == _FORMER_LENGTHS.get(number.country_code or 0)
    return is_former or phonenumbers.is_possible_number(number)


def read_website(value: str, limit: int = 500) -> str:
    """Check the URL of a website, with or without scheme; it is kept as typed.

    :raise ValueError: if it is no web address
    """
    address = read_text(value.strip(), limit)
    if not _WEBSITE.fullmatch(address):
        raise ValueError("Enter a website like www.company.com.")
    return address


def read_currency(value: str) -> str:
    """Return an ISO 4217 code in capitals.

    :raise ValueError: if no country uses such a currency
    """
    code = value.strip().upper()
    if code not in CURRENCIES:
        raise ValueError("Choose a currency from the list.")
    return code


def read_money(value: str, locale: Locale = ENGLISH) -> tuple[Decimal, Sign | None]:
    """Parse an amount with or without a currency, such as ``€ 9,000``, ``12500 EUR`` or ``12k``.

    :return: the amount and the currency sign, if any
    :raise ValueError: if it is no amount, ambiguous, negative, too large, or has more than two decimals
    """
    try:
        number, sign = number_input.read_money(value, locale)
    except AmbiguousNumber:
        raise
    except ValueError as error:
        raise ValueError(_say_amount(locale)) from error
    return check_amount(number, locale), sign


def read_exact_amount(value: str) -> Decimal:
    """Parse an amount in plain notation: digits, with at most two decimals after a point.

    :raise ValueError: if it is written in any other way
    """
    if not PLAIN.fullmatch(value):
        raise ValueError('Send an amount like "1234.50": digits, and at most two decimals after a point.')
    return Decimal(value).quantize(CENT)


def _say_amount(locale: Locale) -> str:
    return f"Enter a number, such as {notation_of(locale).write(Decimal('1234.5'), '#,##0.00')}."


def check_amount(number: Decimal, locale: Locale = ENGLISH) -> Decimal:
    """Check that a number can be an amount of money, and give it two decimals.

    :raise ValueError: if it is negative, too large, or has more than two decimals
    """
    if number < 0:
        raise ValueError("Enter an amount of zero or more.")
    if number >= TOO_MUCH:
        raise ValueError(f"Enter an amount below {notation_of(locale).write(TOO_MUCH)}.")
    if number != round(number, 2):
        raise ValueError("Enter an amount with at most two decimals.")
    return round(number, 2)


def read_percent(value: str, locale: Locale = ENGLISH) -> int:
    """Parse a whole number from 0 to 100, with or without a percent sign.

    :raise ValueError: if it is anything else
    """
    message = "Enter a whole number from 0 to 100."
    typed = unicodedata.normalize("NFKC", value).strip()
    typed = typed.removeprefix("%") if typed.startswith("%") else typed.removesuffix("%")
    number = _read_number(typed, message, locale)
    if not 0 <= number <= 100 or number != int(number):
        raise ValueError(message)
    return int(number)


def _read_number(value: str, message: str, locale: Locale) -> Decimal:
    try:
        return read_number(value, locale)
    except AmbiguousNumber:
        raise
    except ValueError as error:
        raise ValueError(message) from error


def read_date(value: str, locale: Locale | None = None) -> date:
    """Parse a date.

    :param locale: for the order of day and month; ``None`` accepts only year-month-day
    :raise ValueError: if it is no date, ambiguous, or out of range
    """
    if locale is not None:
        return date_input.read_date(value, locale)
    try:
        day = date.fromisoformat(value.strip())
    except ValueError as error:
        raise ValueError("Enter a date like 2026-03-31.") from error
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"Enter a date between {EARLIEST.year} and {LATEST.year}.")
    return day
