"""Parsing of numbers as people type them, with the separators of their locale.

A number that can mean two amounts is refused, with a message that names both. The plain notation of the API and of
URLs, such as ``12500.00``, means the same in every locale.
"""

import functools
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

from babel import Locale
from babel.numbers import format_decimal

from crm_web.records.currency_signs import ENGLISH, Sign, find_sign

CENT = Decimal("0.01")
PLAIN = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?")
"""An amount as the API and list addresses write it."""
_LONGEST = 40
_THOUSAND = 1000
_MACHINE = re.compile(r"\d+\.\d{1,2}")
_AROUND = re.compile(r"(?P<before>[^\d]*?)(?P<number>-?\d(?:.*\d)?)(?P<after>[^\d]*)", re.DOTALL)
_ROUND_AMOUNT = re.compile(r"^[.,](?:[-–—]+)(?=\s|$|[^\d])")
_KILO = re.compile(r"^\s?k(?![^\W\d_])", re.IGNORECASE)


class NotANumber(ValueError):
    """The text is no number."""


class NeedsChoice(ValueError):
    """What was typed can't be used as it is; the message names it and says what to choose between."""


class AmbiguousNumber(NeedsChoice):
    """The text is one number with a decimal point and another with a thousands separator.

    :param readings: both of them, as a sentence
    """

    def __init__(self, readings: str) -> None:
        super().__init__(f"{readings} Enter the one you mean.")
        self.readings = readings


class Notation:
    """How a locale writes numbers."""

    def __init__(self, locale: Locale) -> None:
        symbols = locale.number_symbols["latn"]
        self.locale = locale
        self.decimal: str = symbols["decimal"]
        self.other = "," if self.decimal == "." else "."
        self.groups_by_other = symbols["group"] == self.other
        self._number = re.compile(self._pattern())
        self._ambiguous = re.compile(
            r"-?[1-9]\d{0,2}" + (re.escape(self.decimal) if self.groups_by_other else "[.,]") + r"\d{3}"
        )

    def _pattern(self) -> str:
        other = re.escape(self.other)
        groups = [r"[1-9]\d{0,2}(?P<mark>[ '" + other + r"])\d{3}(?:(?P=mark)\d{3})*"]
        if self.other == ",":
            # India counts in lakh and crore: 1,50,000.
            groups.append(r"[1-9]\d?(?:,\d{2})*,\d{3}")
        return rf"-?(?:{'|'.join(groups)}|\d+)(?:{re.escape(self.decimal)}\d+)?"

    def read(self, text: str) -> Decimal:
        """Parse a bare number.

        :raise AmbiguousNumber: if it can mean two numbers
        :raise NotANumber: if it is no number
        """
        typed = _plain_characters(text)
        if len(typed) > _LONGEST:
            raise NotANumber("The number is too long.")
        if typed.isdigit():
            return Decimal(typed)
        if self._ambiguous.fullmatch(typed):
            raise AmbiguousNumber(self._name_both(typed))
        if self._number.fullmatch(typed):
            digits = re.sub(rf"[ '{re.escape(self.other)}]", "", typed)
            return Decimal(digits.replace(self.decimal, "."))
        if _MACHINE.fullmatch(typed):
            return Decimal(typed)
        raise NotANumber("This is not a number.")

    def _name_both(self, typed: str) -> str:
        whole = self.write(Decimal(re.sub(r"[.,]", "", typed)))
        parts = self.write(Decimal(typed.replace(",", ".")).quantize(CENT, ROUND_HALF_UP), "#,##0.00")
        return f"“{typed}” can mean {whole} or {parts}."

    def write(self, number: Decimal, pattern: str | None = None) -> str:
        return str(format_decimal(number, pattern, locale=self.locale))


@functools.lru_cache(maxsize=32)
def notation_of(locale: Locale) -> Notation:
    """Return the number notation of a locale."""
    return Notation(locale)


def read_number(text: str, locale: Locale = ENGLISH) -> Decimal:
    """Parse a number as typed.

    :raise AmbiguousNumber: if it can mean two numbers
    :raise NotANumber: if it is no number
    """
    return notation_of(locale).read(text)


def read_count(value: str, most: int, locale: Locale = ENGLISH) -> int:
    """Parse a whole number from 1 to ``most``, such as ``1,000``.

    :raise AmbiguousNumber: if it can mean two numbers
    :raise NotANumber: if it is anything else
    """
    number = read_number(value, locale)
    if not 1 <= number <= most or number != int(number):
        raise NotANumber(f"Enter a whole number from 1 to {notation_of(locale).write(Decimal(most))}.")
    return int(number)


def read_money(text: str, locale: Locale = ENGLISH) -> tuple[Decimal, Sign | None]:
    """Parse an amount with or without a currency, such as ``€ 9,000``, ``12500 EUR`` or ``12k``.

    :return: the number and the currency sign, if any
    :raise AmbiguousNumber: if it can mean two numbers
    :raise ValueError: if it is no amount, or its sign belongs to no currency
    """
    parts = _AROUND.fullmatch(unicodedata.normalize("NFKC", text).replace("−", "-").strip())
    if parts is None:
        raise NotANumber("This is not a number.")
    before, number, after = parts["before"].strip(), parts["number"], parts["after"]
    if before.startswith("-") or before.endswith("-"):
        before, number = before.strip("- "), f"-{number}"
    after = _ROUND_AMOUNT.sub("", after)
    amount = read_number(number, locale)
    if kilo := _KILO.match(after):
        amount, after = amount * _THOUSAND, after[kilo.end() :]
    return amount, _read_signs(before, after.strip(), locale)


def _read_signs(before: str, after: str, locale: Locale) -> Sign | None:
    signs = [find_sign(sign, locale) for sign in (before, after) if sign]
    if not signs:
        return None
    both = signs[0].currencies & signs[-1].currencies
    if not both:
        raise NotANumber("The two signs are of different currencies.")
    usual = next((sign.usual for sign in signs if sign.usual in both), None)
    return Sign(" ".join(sign.text for sign in signs), both, usual or (next(iter(both)) if len(both) == 1 else None))


def write_amount(amount: Decimal, locale: Locale = ENGLISH) -> str:
    """Format an amount for a form field, such as ``12500`` or ``12500,50``: without thousands separators."""
    if amount == int(amount):
        return f"{amount:.0f}"
    return f"{amount:.2f}".replace(".", notation_of(locale).decimal)


def _plain_characters(text: str) -> str:
    """Normalize blanks, apostrophes, minus signs and digits."""
    if text.isascii():
        return text.strip()
    known = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'").replace("−", "-").strip()
    return "".join(_plain_digit(character) for character in known)


def _plain_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)
