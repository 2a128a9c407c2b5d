"""Which column of a file is which field: chosen by the words of the header and by the values beneath it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from crm_web.core.errors import DomainError
from crm_web.imports.amounts import COMMA, detect_decimal_mark
from crm_web.imports.csv_file import Row
from crm_web.imports.vocabulary import (
    ADDRESS_HEADERS,
    ADDRESS_PART_OF,
    ADDRESSES,
    ALTERNATIVES,
    DEAL_FIELDS,
    FIELD_OF,
    HEADERS,
    NOT_LEADS,
    RATINGS,
    RECORD_WORDS,
    UNKNOWNS,
    squash,
)

FIELDS = (frozenset(HEADERS) - {"label"}) | frozenset(ADDRESS_HEADERS)
NAMING = ("last_name", "first_name", "full_name", "company", "email", "deal_name", "external_id")
DATES = ("created_at", "close_date", "won_at", "lost_at", "expected_close_on")
_TOO_GENERAL = frozenset({"id", "uuid", "guid", "recordid", "recid", "externalid"})


class MappingUnclear(DomainError):
    """The columns can't be told, or what was said about them does not fit the file."""


class Kind(StrEnum):
    """What the rows of a file are, for the words that mean different things in each."""

    DEAL = "deal"
    PERSON = "person"
    COMPANY = "company"


@dataclass(frozen=True)
class ColumnMapping:
    """Where each field comes from.

    :param system: how the other system is called in ``leads.external_system``
    :param decimal_mark: with which mark the column of amounts writes decimals; ``None`` if it does not tell
    """

    header: tuple[str, ...]
    columns: Mapping[str, tuple[int, ...]]
    addresses: tuple[Mapping[str, tuple[int, ...]], ...] = ()
    phone_labels: Mapping[int, int] = field(default_factory=dict)
    kind: Kind = Kind.PERSON
    system: str | None = None
    day_first: frozenset[int] = frozenset()
    decimal_mark: str | None = None
    is_mark_said: bool = False

    @property
    def decimal_comma(self) -> bool:
        """Whether amounts are written like 1.234,50."""
        return self.decimal_mark == COMMA

    def name(self, column: int) -> str:
        """The name of a column for a person; one without a name goes by its place."""
        return self.header[column] or f"column {column + 1}"

    def chosen(self) -> list[tuple[str, str]]:
        """Fields and their columns, as a person reads them."""
        pairs = [(name, columns) for name, columns in self.columns.items()]
        pairs += [pair for address in self.addresses for pair in address.items()]
        return [(name, " or ".join(map(self.name, columns))) for name, columns in pairs]

    def left_out(self) -> list[str]:
        """The columns that no field comes from."""
        used = {column for columns in self.columns.values() for column in columns} | set(self.phone_labels.values())
        used |= {column for address in self.addresses for columns in address.values() for column in columns}
        return [self.name(column) for column in range(len(self.header)) if column not in used and self.header[column]]


def is_known(name: str) -> bool:
    """Return whether a text is the name of a column that leads could come from."""
    return _recognise(squash(name)) is not None or _recognise_address(squash(name)) is not None


def choose_mapping(
    header: Sequence[str],
    sample: Sequence[Row],
    *,
    given: Mapping[str, Sequence[str]] | None = None,
    system: str | None = None,
    day_first: bool | None = None,
    is_american: bool = True,
    decimal_mark: str | None = None,
) -> ColumnMapping:
    """Decide which column is which field.

    :param given: what the person said: fields to names of columns; no name leaves the field out
    :param system: how the other system is called; ``None`` for the name of the column with its ids
    :param day_first: whether 03/04/2025 is the third of April; ``None`` to tell by the values
    :param decimal_mark: what stands before decimals; ``None`` to tell by the values
    :raise MappingUnclear: if the rows are no leads, or nothing would name them, or ``given`` does not fit
    """
    keys = [squash(name) for name in header]
    said = {name: _find_columns(header, name, columns) for name, columns in (given or {}).items()}
    kind = _detect_kind(keys)
    if not said:
        _refuse_other_things(keys)
    columns, addresses = _recognise_all(keys, kind, sample, set(said))
    columns |= {name: places for name, places in said.items() if places and name not in ADDRESS_HEADERS}
    by_hand = {name: places[:1] for name, places in said.items() if places and name in ADDRESS_HEADERS}
    # What the person said about an address is one: a part of it that they did not name comes from the file's first.
    addresses = ({**(addresses[0] if addresses else {}), **by_hand}, *addresses[1:]) if by_hand else addresses
    if not (columns.keys() & set(NAMING)):
        raise MappingUnclear(_explain_missing_name(header))
    dates = [place for name in DATES for place in columns.get(name, ())]
    return ColumnMapping(
        tuple(header),
        columns,
        addresses,
        _find_phone_labels(keys, columns),
        kind,
        system or _name_system(header, keys, columns, kind),
        frozenset(p for p in dates if _is_day_first(_values(sample, p), day_first, is_american)),
        decimal_mark or detect_decimal_mark(v for p in columns.get("amount", ()) for v in _values(sample, p)),
        decimal_mark is not None,
    )


def _find_columns(header: Sequence[str], name: str, wanted: Sequence[str]) -> tuple[int, ...]:
    if name not in FIELDS:
        raise MappingUnclear(f"Unknown field “{name}”. The fields are: {', '.join(sorted(FIELDS))}.")
    return tuple(_find_column(header, column) for column in wanted if column)


def _find_column(header: Sequence[str], wanted: str) -> int:
    if wanted in header:
        return header.index(wanted)
    alike = [place for place, name in enumerate(header) if squash(name) == squash(wanted)]
    if not alike:
        raise MappingUnclear(f"The file has no column “{wanted}”. Its columns are: {', '.join(header)}.")
    return alike[0]


def _refuse_other_things(keys: Iterable[str]) -> None:
    for key in keys:
        if key in NOT_LEADS:
            raise MappingUnclear(
                f"This looks like a file of {NOT_LEADS[key]}, not leads. If it has leads, map its columns: "
                "--map last_name=…, --map email=…"
            )


def _explain_missing_name(header: Sequence[str]) -> str:
    return (
        f"None of the columns {', '.join(name for name in header if name)} names a lead. "
        "Map one: --map last_name=…, --map company=… or --map email=…"
    )


def _detect_kind(keys: Sequence[str]) -> Kind:
    found = {match[0] for key in keys if (match := _recognise(key))}
    if found & DEAL_FIELDS or any(key.startswith(("deal", "opportunity", "stagename")) for key in keys):
        return Kind.DEAL
    if "company" in found and not found & {"first_name", "last_name", "full_name", "email"}:
        return Kind.COMPANY
    return Kind.PERSON


def _recognise(key: str) -> tuple[str, int] | None:
    """Find the field of a squashed header and how well it fits; without its leading word if need be."""
    if key in FIELD_OF:
        return FIELD_OF[key]
    for word in RECORD_WORDS:
        rest = key.removeprefix(word)
        if rest != key and rest in FIELD_OF and rest != "id":
            name, rank = FIELD_OF[rest]
            return name, rank + 100
    return None


def _recognise_in_place(key: str, kind: Kind, keys: Sequence[str]) -> tuple[str, int] | None:
    """Some words mean one thing among people and another among deals or companies."""
    last = key
    for word in RECORD_WORDS:
        last = last.removeprefix(word)
    if last == "name" and key not in FIELD_OF:
        return {Kind.DEAL: "deal_name", Kind.COMPANY: "company"}.get(kind, "full_name"), 50
    if last == "title" and key not in FIELD_OF:
        if kind is Kind.DEAL:
            return "deal_name", 50
        return ("salutation" if "jobtitle" in keys else "job_title"), 50
    return _recognise(key)


def _recognise_address(key: str) -> tuple[int, str, int] | None:
    """Which address it belongs to, which part of it, and how well it fits."""
    for word in ("", *RECORD_WORDS):
        rest = key.removeprefix(word) if key.startswith(word) else ""
        for start, address in ADDRESSES.items():
            part = ADDRESS_PART_OF.get(rest.removeprefix(start)) if rest.startswith(start) else None
            if part:
                return address, *part
    return None


def _recognise_all(
    keys: Sequence[str], kind: Kind, sample: Sequence[Row], taken: set[str]
) -> tuple[dict[str, tuple[int, ...]], tuple[dict[str, tuple[int, ...]], ...]]:
    found: dict[str, list[tuple[int, int]]] = {}
    addresses: dict[int, dict[str, list[tuple[int, int]]]] = {}
    for place, key in enumerate(keys):
        match = _recognise_in_place(key, kind, keys)
        part = None if match else _recognise_address(key)
        if match and match[0] == "label":
            match = ("rating", match[1]) if _are_ratings(_values(sample, place)) else None
        if match and match[0] not in taken:
            found.setdefault(match[0], []).append((match[1], place))
        if part and part[1] not in taken:
            addresses.setdefault(part[0], {}).setdefault(part[1], []).append((part[2], place))
    if "external_id" not in found and "external_id" not in taken:
        found |= _find_id_by_values(keys, sample)
    columns = {name: _best(name, places) for name, places in found.items()}
    if "status" in columns:
        columns.pop("is_won", None)
    whole = [{name: _best(name, places) for name, places in addresses[rank].items()} for rank in sorted(addresses)]
    return columns, tuple(whole)


def _best(name: str, places: list[tuple[int, int]]) -> tuple[int, ...]:
    ordered = tuple(place for _, place in sorted(places))
    return ordered if name in ALTERNATIVES else ordered[:1]


def _find_id_by_values(keys: Sequence[str], sample: Sequence[Row]) -> dict[str, list[tuple[int, int]]]:
    """An id that no system that we know uses: a column called so, filled in and different in each row."""
    for place, key in enumerate(keys):
        if key.endswith(("id", "key", "guid", "uuid")):
            values = _values(sample, place)
            if values and len(set(values)) == len(values) == len(sample):
                return {"external_id": [(0, place)]}
    return {}


def _find_phone_labels(keys: Sequence[str], columns: Mapping[str, tuple[int, ...]]) -> dict[int, int]:
    """Google's exports say beside each number what it is: ``Phone 2 - Type`` is Mobile, Home, Fax …"""
    labels = {key: place for place, key in enumerate(keys) if re.fullmatch(r"phone\d(type|label)", key)}
    found = {}
    for place in columns.get("phone", ()):
        start = keys[place].removesuffix("value")
        label = labels.get(f"{start}type", labels.get(f"{start}label"))
        if label is not None:
            found[place] = label
    return found


def _name_system(
    header: Sequence[str], keys: Sequence[str], columns: Mapping[str, tuple[int, ...]], kind: Kind
) -> str | None:
    if not columns.get("external_id"):
        return None
    place = columns["external_id"][0]
    name = re.sub(r"\W+", "_", header[place].casefold()).strip("_")[:300] or "id"
    return f"{kind}_{name}" if keys[place] in _TOO_GENERAL else name


def _values(sample: Sequence[Row], place: int) -> list[str]:
    cells = (row[place].strip() for _, row in sample if place < len(row))
    return [cell for cell in cells if cell and cell.casefold() not in UNKNOWNS]


def _are_ratings(values: Sequence[str]) -> bool:
    return bool(values) and all(value.casefold() in RATINGS for value in values)


def _is_day_first(values: Sequence[str], said: bool | None, is_american: bool) -> bool:
    pairs = [m.groups() for value in values if (m := re.match(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}\b", value))]
    if said is not None or not pairs:
        return bool(said)
    if any(int(first) > 12 for first, _ in pairs):
        return True
    if any(int(second) > 12 for _, second in pairs):
        return False
    return not is_american or any("." in value[:3] for value in values)
