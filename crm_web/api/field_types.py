"""Field types of the API, parsed by ``crm_web.records.parsing`` like typed text."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from typing_extensions import TypeAliasType

from crm_web.lists.filters import NOTHING_GIVEN
from crm_web.lists.params import LONGEST_VALUE, MOST_VALUES
from crm_web.models import COUNTRIES, CURRENCIES, limit_of
from crm_web.records import parsing, recurrence
from crm_web.records.matching import MOST_WORDS, list_ignored_words

LONGEST_ID = 2**63 - 1
DAY = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
MOMENT = rf"{DAY[:-1]}T{CLOCK}:[0-5][0-9](\.[0-9]{{1,6}})?(Z|[+-]{CLOCK})$"
NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"
FEW_WORDS = rf"^\s*([^\x00\s]+\s+){{0,{MOST_WORDS - 1}}}[^\x00\s]*\s*$"
MONEY = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?$"


def text_of(column: Any, *, is_required: bool = False, is_never_null: bool = False, example: str | None = None) -> Any:
    """Build the field for a text column: not empty, and no longer than the column.

    :param column: such as ``Lead.last_name``
    :param is_required: must be sent, and not null
    :param is_never_null: may be omitted from a change, but not null
    """
    if is_never_null:
        return Field(default_factory=str, min_length=1, max_length=limit_of(column), pattern=NOT_BLANK)
    return Field(
        ... if is_required else None,
        min_length=1,
        max_length=limit_of(column),
        pattern=NOT_BLANK if is_required else NO_NUL,
        examples=[example] if example else None,
    )


def among(words: Iterable[str]) -> str:
    """The pattern of a text that is one of some words."""
    return f"^({'|'.join(words)})$"


def _read_phone(text: str) -> str:
    """The operation parses the number, since it knows the country."""
    return parsing.read_text(text.strip(), 50)


def _read_code(codes: Iterable[str], what: str) -> AfterValidator:
    known = frozenset(codes)

    def read(code: str) -> str:
        if code not in known:
            raise ValueError(f"Send {what}.")
        return code

    return AfterValidator(read)


def _string(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **schema})


def _read_amount(value: Any) -> Any:
    """Money is a string, since a float would lose cents; from the database it is a Decimal already."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise ValueError('Send money as a string like "1234.50".')
    return parsing.read_exact_amount(value)


def _read_day(value: Any) -> Any:
    """A date is a string in one format; neither a number nor a time."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.fullmatch(DAY, value):
        raise ValueError("Send a date like 2026-03-31, from 1900 to 2199.")
    return parsing.read_date(value)


def _read_time(value: Any) -> Any:
    """A time of day is a string in one format."""
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch(CLOCK, value):
        raise ValueError("Send a time like 14:30.")
    return time.fromisoformat(value)


def _read_moment(value: Any) -> Any:
    """A moment is a string in one format, with its time zone."""
    if not isinstance(value, str) or not re.fullmatch(MOMENT, value):
        raise ValueError("Send a date and time with its time zone, like 2026-03-31T14:30:00Z, from 1900 to 2199.")
    return datetime.fromisoformat(value).astimezone(UTC)


def _read_recurrence(value: Any) -> Any:
    """A rule in one spelling."""
    if not isinstance(value, str):
        raise ValueError("Send a string.")
    return recurrence.read_rule(value).rule


def _read_few_words(words: str) -> str:
    if "\x00" in words:
        raise ValueError(f"Send a string that matches {NO_NUL}")
    if list_ignored_words(words):
        raise ValueError(f"Send at most {MOST_WORDS} words.")
    return words


def _read_successor(value: Any) -> int | str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value == "nobody" or (type(value) is int and 1 <= value <= LONGEST_ID):
        return cast(int | str, value)
    raise ValueError('Send an employee id, or "nobody".')


Recurrence = Annotated[
    str,
    BeforeValidator(_read_recurrence),
    _string(
        pattern=recurrence.PATTERN,
        examples=["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"],
        description="An RRULE (RFC 5545) with its parts in this order: FREQ, INTERVAL, COUNT or UNTIL, BYDAY. BYDAY is"
        " only for weekly rules.",
    ),
]
Email = Annotated[
    str, AfterValidator(parsing.read_email), _string(format="email", maxLength=254, examples=["mei@tanaka.example"])
]
Phone = Annotated[
    str,
    AfterValidator(_read_phone),
    _string(
        format="phone",
        maxLength=50,
        examples=["+81 3 1234 5678"],
        description="Numbers without a country code are read for the record’s country (for contacts, the customer’s),"
        " then for your locale’s country, then for the default country.",
    ),
]
Website = Annotated[
    str, AfterValidator(parsing.read_website), _string(format="website", maxLength=500, examples=["www.tanaka.example"])
]
Country = TypeAliasType(
    "Country",
    Annotated[
        str,
        _read_code(COUNTRIES, "an ISO 3166-1 code like DE"),
        _string(enum=sorted(COUNTRIES), description="An ISO 3166-1 alpha-2 code."),
    ],
)
Currency = TypeAliasType(
    "Currency",
    Annotated[
        str,
        _read_code(CURRENCIES, "an ISO 4217 code like EUR"),
        _string(enum=sorted(CURRENCIES), description="An ISO 4217 code."),
    ],
)
Whole = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
"""In JSON 21.0 is the whole number that 21 is."""
Percent = Annotated[int, Field(ge=0, le=100), Whole]
RecordId = Annotated[int, Field(ge=1, le=LONGEST_ID), Whole]
Successor = Annotated[
    int | str,
    BeforeValidator(_read_successor),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": LONGEST_ID}, {"const": "nobody"}]}),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_read_amount),
    PlainSerializer(str, return_type=str),
    _string(pattern=MONEY, examples=["1234.50"], description="Money as a string."),
]
Day = Annotated[date, BeforeValidator(_read_day), _string(format="date", pattern=DAY, examples=["2026-06-30"])]
TimeOfDay = Annotated[
    time,
    BeforeValidator(_read_time),
    PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str),
    _string(pattern=f"^{CLOCK}$", examples=["14:30"], description="A time of day, such as 14:30."),
]
SentMoment = Annotated[
    datetime,
    BeforeValidator(_read_moment),
    _string(format="date-time", pattern=MOMENT, examples=["2026-03-31T14:30:00Z"]),
]
FewWords = Annotated[str, AfterValidator(_read_few_words), Field(json_schema_extra={"pattern": FEW_WORDS})]
"""What is searched for: never more words than are looked for."""
Item = TypeVar("Item")
Many = Annotated[Sequence[Item], Field(max_length=MOST_VALUES)]
"""A filter that may be repeated in an address."""
Word = Annotated[str, Field(min_length=1, max_length=LONGEST_VALUE, pattern=NOT_BLANK)]
CountryOrNone = Annotated[
    str,
    _read_code((*COUNTRIES, NOTHING_GIVEN), "an ISO 3166-1 code like DE, or (none)"),
    _string(enum=[*sorted(COUNTRIES), NOTHING_GIVEN]),
]
AskedAmount = Annotated[
    str, Field(pattern=MONEY), AfterValidator(parsing.read_exact_amount), _string(pattern=MONEY, examples=["1234.50"])
]
