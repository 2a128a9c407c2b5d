"""Parsing of amounts as other programs write them; a column is judged as a whole, and ambiguous amounts are refused."""

import functools
import re
from collections.abc import Callable
from decimal import Decimal

from babel import Locale

from crm_web.imports.figures import write_plainly
from crm_web.imports.vocabulary import CURRENCY_SIGNS
from crm_web.models import CURRENCIES
from crm_web.records.number_input import AmbiguousNumber, NotANumber, read_number
from crm_web.records.parsing import check_amount

POINT, COMMA = ".", ","
_LOCALES = {POINT: Locale("en"), COMMA: Locale("de")}
_NUMBER = re.compile(r"\d[\d.,]*")
# As Java writes large numbers, with all their digits; Excel writes a plus sign and leaves digits out.
_POWER = re.compile(r"\d(?:\.\d+)?E\d{1,2}")
_NOT_AN_AMOUNT = "Enter an amount like 1234.50."


def find_currency(text: str) -> str | None:
    """Find a currency by its code, its sign or its English name; ``None`` if it is none that we know."""
    word = text.strip()
    return CURRENCY_SIGNS.get(word) or (word.upper() if word.upper() in CURRENCIES else _names().get(word.casefold()))


@functools.cache
def _names() -> dict[str, str]:
    return {name.casefold(): code for code, name in Locale("en").currencies.items() if code in CURRENCIES}


def detect_mark(value: str) -> str | None:
    """Detect the decimal mark of an amount: ``.`` or ``,``; ``None`` if it does not tell.

    One mark before three digits decides nothing: it may be a decimal or a thousands mark.
    """
    found = _NUMBER.search(re.sub(r"(?<=\d)[ '’\u00a0\u202f](?=\d)", "", write_plainly(value)))
    number = found[0].rstrip(".,") if found else ""
    marks = re.sub(r"\d", "", number)
    if not marks:
        return None
    last = marks[-1]
    if len(set(marks)) > 1:
        return last
    if len(marks) > 1:
        return POINT if last == COMMA else COMMA
    head, _, tail = number.partition(last)
    return last if len(tail) != 3 or len(head) > 3 or head.startswith("0") else None


def name_readings(text: str) -> str:
    """Name both amounts that a cell can mean in a column that does not tell; empty if it can mean only one."""
    number, _ = _part_currency(write_plainly(text.strip()))
    try:
        read_number(number, _LOCALES[POINT])
    except AmbiguousNumber as error:
        return error.readings
    except NotANumber:
        pass
    return ""


def read_amounts(cursor: str | None, *, is_said: bool) -> Callable[[str], tuple[Decimal, str | None]]:
    """Make the reader of a column of amounts.

    :param cursor: with which mark the column writes decimals; ``None`` if that is not known
    :return: what reads a cell into the amount and its currency; raises ``ValueError`` with a sentence
    """
    locale, other = _LOCALES[cursor or POINT], COMMA if cursor == POINT else POINT

    def read(text: str) -> tuple[Decimal, str | None]:
        number, currency = write_plainly(text.strip()), None
        if not number[-1:].isdigit() or not number[:1].isdigit():
            number, currency = _part_currency(_write_minus(number))
        if cursor == COMMA and detect_mark(number) == other:
            raise ValueError(f"This column uses decimal commas, but this value has a decimal point: “{number}”.")
        try:
            return check_amount(read_number(number, locale)), currency
        except AmbiguousNumber as error:
            if is_said:
                return check_amount(Decimal(number.replace(",", "."))), currency
            raise ValueError(f"{error.readings} Use --decimal-mark point or --decimal-mark comma.") from error
        except NotANumber as error:
            if _POWER.fullmatch(number):
                return check_amount(Decimal(number)), currency
            raise ValueError(_NOT_AN_AMOUNT) from error

    return read


def _write_minus(text: str) -> str:
    """Accountants write what is negative in brackets."""
    return f"-{text[1:-1].strip()}" if text.startswith("(") and text.endswith(")") else text


def _part_currency(text: str) -> tuple[str, str | None]:
    """``$1,054`` or ``1 054 EUR``: the number, and the currency if it is one that we know."""
    match = re.fullmatch(r"(?P<before>[^\d\s-]*)\s*(?P<number>-?\d.*?)\s*(?P<after>[^\d\s]*)", text)
    sign = (match["before"] or match["after"]) if match else ""
    code = find_currency(sign) if sign else None
    return (match["number"], code) if match and code else (text, None)
