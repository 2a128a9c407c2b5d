"""Sort expressions that are never null, identical to those of the indexes."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from babel import Locale
from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Integer,
    Text,
    case,
    cast,
    column,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)

from crm_web.lists.orders import Groups
from crm_web.models import COUNTRIES, Employee, LeadSource
from crm_web.records.folding import fold

NEVER = datetime(1, 1, 1, tzinfo=UTC)
NO_DAY = date(1, 1, 1)
NOTHING = Decimal(-1)


def folded(text_column: Any) -> ColumnElement[str]:
    """Sort without case and accents, the same on every server; empty first."""
    return func.coalesce(func.crm_fold(text_column, type_=Text()), literal("")).collate("C")


def number_or_none(number: Any) -> ColumnElement[Any]:
    """Sort by a number of zero or more; empty first."""
    return func.coalesce(number, literal(NOTHING))


def day_or_none(day: Any) -> ColumnElement[date]:
    """Sort by a date; empty first."""
    return func.coalesce(day, literal("0001-01-01").cast(day.type))


def moment_or_none(moment: Any) -> ColumnElement[datetime]:
    """Sort by a time; empty first."""
    return func.coalesce(moment, literal("0001-01-01 00:00:00+00").cast(moment.type))


def place_of(word: Any, words: type[StrEnum]) -> ColumnElement[int]:
    """Sort by the order of an enum."""
    return case({known.value: place for place, known in enumerate(words)}, value=word)


def place_or_none(word: Any, words: type[StrEnum]) -> ColumnElement[int]:
    """Sort by the order of an enum; empty first."""
    return func.coalesce(place_of(word, words), -1)


def group_by_owner(owner_id: Any) -> Groups:
    """Owners by folded name, unassigned first."""
    people = select(Employee.id.label("value"), func.crm_fold(Employee.name, type_=Text()).collate("C").label("key"))
    nobody = select(literal(0), literal("").collate("C"))
    keys = union_all(people, nobody).cte("owner_keys").prefix_with("MATERIALIZED")
    return Groups(keys, func.coalesce(owner_id, 0))


def group_by_word(words_column: Any, words: type[StrEnum]) -> Groups:
    """Enum members in their order."""
    keys = _unnest([word.value for word in words], range(len(words)), key_type=Integer)
    return Groups(keys, type_coerce(words_column, Text))


def group_by_source(source: Any) -> Groups:
    """Sources by name, none first."""
    known = select(LeadSource.name.label("value"), folded(LeadSource.name).label("key"))
    none = select(literal(""), literal("").collate("C"))
    keys = union_all(known, none).cte("source_keys").prefix_with("MATERIALIZED")
    return Groups(keys, func.coalesce(source, literal("")))


def group_by_country(country: Any) -> Groups:
    """Countries by English name, none first."""
    names = Locale("en").territories
    codes = sorted(COUNTRIES)
    keys = _unnest(["", *codes], ["", *(fold(names.get(code, code)) for code in codes)], key_type=Text(collation="C"))
    return Groups(keys, func.coalesce(country, literal("")))


def _unnest(groups: Sequence[str], keys: Sequence[Any], *, key_type: Any) -> CTE:
    """Rows of groups with their keys; a statement with VALUES would be compiled anew each time."""
    given = [cast(list(column), ARRAY(kind)) for column, kind in ((groups, Text), (keys, key_type))]
    rows = func.unnest(*given).table_valued("value", column("key", key_type)).render_derived()
    return select(rows.c.value, rows.c.key).cte("keys").prefix_with("MATERIALIZED")
