"""Merging of concurrent edits, field by field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from crm_web.records.labels import label_of

PAIRS = (("amount", "currency"),)
"""Columns that mean something only together: 100 by one and EUR by the other would be a price that nobody named.
The second says nothing without the first: forms propose it before there is anything to go with it.
"""

DERIVED_SUFFIX = "_e164"
"""How a column ends that repeats the column before it in another form, and goes wherever that one goes."""


class RemoteChange(NamedTuple):
    """A field that someone else changed after a form was opened."""

    old: Any
    who: str


@dataclass
class Merge:
    """The result of merging two people's edits.

    :param moved: who changed the status meanwhile, and to which; no form has it as a field
    :param version: the version of the record before; it is the same afterwards if there was nothing to save
    """

    values: dict[str, Any]
    taken_over: dict[str, str] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    has_own_changes: bool = True
    moved: tuple[str, str] | None = None
    version: int = 0

    def in_words(self) -> str:
        """Describe which values came from whom; empty if nobody else changed anything."""
        return self._fields_in_words() + self.move_in_words()

    def move_in_words(self) -> str:
        """Describe who changed the status meanwhile; empty if nobody did."""
        return f" {self.moved[0]} moved it to {self.moved[1]} while you were editing." if self.moved else ""

    def _fields_in_words(self) -> str:
        columns_by_name: dict[str, list[str]] = {}
        for column, who in self.taken_over.items():
            columns_by_name.setdefault(who, []).append(_in_a_sentence(column))
        if not columns_by_name:
            return ""
        changes = _join([f"{who} changed {_join(columns)}" for who, columns in columns_by_name.items()])
        kept = "Both changes are saved." if self.has_own_changes else "That change is kept."
        return f" {changes} while you were editing. {kept}"


def merge(
    remote_changes: Mapping[str, RemoteChange],
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    *,
    unknown_editor: str = "",
) -> Merge:
    """Merge two people's edits.

    :param unknown_editor: whom to name if the original values are unknown, so that every difference is a conflict;
        empty if they are known
    """
    result = Merge(dict(mine), has_own_changes=False)
    for columns in _list_groups(mine):
        plain = [column for column in columns if not column.endswith(DERIVED_SUFFIX)]
        differing = [column for column in plain if not is_same(mine[column], theirs[column])]
        is_theirs = bool(unknown_editor) or any(
            column in remote_changes and not is_same(remote_changes[column].old, theirs[column]) for column in plain
        )
        before = {
            column: remote_changes[column].old if column in remote_changes else theirs[column] for column in plain
        }
        is_mine = bool(unknown_editor) or (
            any(not is_same(mine[column], before[column]) for column in plain) and _says_something(plain, before, mine)
        )
        result.has_own_changes |= is_mine
        if not differing or not is_theirs:
            continue
        names = {column: unknown_editor or _who(remote_changes, column, plain) for column in differing}
        if is_mine and (unknown_editor or _says_something(plain, before, theirs)):
            result.conflicts |= names
        elif not is_mine:
            result.taken_over |= names
            result.values |= {column: theirs[column] for column in columns}
    return result


def is_same(one: Any, other: Any) -> bool:
    """Return whether two values are equal to a person: browsers alter line ends of text that nobody changed."""
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


def _list_groups(columns: Mapping[str, Any]) -> Iterator[list[str]]:
    paired = [pair for pair in PAIRS if all(column in columns for column in pair)]
    seen = {column for pair in paired for column in pair}
    yield from (list(pair) for pair in paired)
    for column in columns:
        if column not in seen and not column.endswith(DERIVED_SUFFIX):
            yield [name for name in (column, column + DERIVED_SUFFIX) if name in columns]


def _who(overtaken: Mapping[str, RemoteChange], column: str, group: list[str]) -> str:
    return next(overtaken[name].who for name in (column, *group) if name in overtaken)


def _says_something(group: list[str], *records: Mapping[str, Any]) -> bool:
    return len(group) == 1 or any(record[group[0]] is not None for record in records)


def _in_a_sentence(column: str) -> str:
    label = label_of(column)
    return f"the {label if label.split()[0].isupper() else label[0].lower() + label[1:]}"


def _join(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
