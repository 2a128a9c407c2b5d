"""Which column of a file is which field: chosen by the words of the header and by the values beneath it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from crm_web.imports.activity_words import HEADERS as ACTIVITY_HEADERS
from crm_web.imports.amounts import COMMA
from crm_web.imports.excel import is_total
from crm_web.imports.inspection import ColumnFacts, Question, inspect_columns
from crm_web.imports.other_things import refuse_nameless, refuse_other_things
from crm_web.imports.recognition import (
    Kind,
    MappingUnclear,
    detect_kind,
    is_name,
    recognise,
    recognise_address,
    recognise_in_place,
)
from crm_web.imports.references import REFERENCES, find_reference
from crm_web.imports.tables import Row
from crm_web.imports.vocabulary import (
    ADDRESS_HEADERS,
    ALTERNATIVES,
    COMPANIES,
    GENERAL_IDS,
    HEADERS,
    KIND_HEADERS,
    OWN_EXPORTS,
    PEOPLE,
    RATINGS,
    UNKNOWNS,
    squash,
)

FIELDS = (frozenset(HEADERS) - {"label"}) | frozenset(ADDRESS_HEADERS) | frozenset(REFERENCES)
ACTIVITY_FIELDS = frozenset(ACTIVITY_HEADERS)
NAMING = ("last_name", "first_name", "full_name", "company", "email", "deal_name", "external_id")


OWN_SYSTEM = "piper_lead"
"""How this system is called in its own exports of leads."""

_ALL_OF_ACTIVITIES = frozenset({"further", "is_done", "call_outcome", "activity_kind"})
"""Fields that take in whatever stands in several columns."""
_OF_OTHERS = ("deal_name", "full_name", *REFERENCES)
"""What is not read of our own exports."""

Places = dict[str, tuple[int, ...]]
"""Fields to their columns."""


@dataclass(frozen=True)
class ColumnMapping:
    """Where each field comes from.

    :param system: how the other system is called in ``leads.external_system``
    :param facts: what the columns say as a whole
    :param is_id_guessed: whether the ids were told by their values and not by their heading
    """

    header: tuple[str, ...]
    columns: Mapping[str, tuple[int, ...]]
    addresses: tuple[Mapping[str, tuple[int, ...]], ...] = ()
    phone_labels: Mapping[int, int] = field(default_factory=dict)
    kind: Kind = Kind.PERSON
    system: str | None = None
    facts: ColumnFacts = ColumnFacts()
    is_id_guessed: bool = False

    @property
    def questions(self) -> tuple[Question, ...]:
        """What the columns leave open; the person has to say it before anything is imported."""
        return self.facts.questions

    @property
    def day_first(self) -> frozenset[int]:
        """The columns of dates in which the day stands before the month."""
        return self.facts.day_first

    @property
    def decimal_comma(self) -> bool:
        """Whether amounts are written like 1.234,50."""
        return self.facts.decimal_mark == COMMA

    def name(self, column: int) -> str:
        """The name of a column for a person; one without a name goes by its place."""
        return self.header[column] or f"column {column + 1}"

    def name_of(self, field: str) -> str:
        """The name of the first column of a field; empty if the file has none."""
        places = self.columns.get(field)
        return self.name(places[0]) if places else ""

    @property
    def has_owner_ids(self) -> bool:
        """Whether the owners are IDs of another system, such as Salesforce’s ``OwnerId``, that name nobody."""
        return squash(self.name_of("owner")).endswith("ownerid")

    def without(self, field: str) -> "ColumnMapping":
        """The same mapping, with a field left out."""
        return replace(self, columns={name: places for name, places in self.columns.items() if name != field})

    def chosen(self) -> list[tuple[str, str]]:
        """Fields and their columns, as a person reads them."""
        pairs = [(name, columns) for name, columns in self.columns.items()]
        pairs += [pair for address in self.addresses for pair in address.items()]
        return [(name, " or ".join(map(self.name, columns))) for name, columns in pairs]

    def left_out(self) -> list[str]:
        """The columns that no field comes from."""
        used = {column for columns in self.columns.values() for column in columns} | set(self.phone_labels.values())
        used |= {column for address in self.addresses for columns in address.values() for column in columns}
        return [
            self.name(column)
            for column in range(len(self.header))
            if column not in used and (self.header[column] or column in self.facts.unnamed)
        ]


def _detect_kind(keys: Sequence[str], sample: Sequence[Row], are_activities: bool | None) -> Kind:
    if are_activities:
        return Kind.ACTIVITY
    names = [value for place, key in enumerate(keys) if is_name(key) for value in _values(sample, place)]
    return detect_kind(keys, names, may_be_activities=are_activities is None)


def choose_mapping(
    header: Sequence[str],
    sample: Sequence[Row],
    *,
    rows: Iterable[Row] | None = None,
    given: Mapping[str, Sequence[str]] | None = None,
    system: str | None = None,
    day_first: bool | None = None,
    decimal_mark: str | None = None,
    statuses: Iterable[str] = (),
    are_activities: bool | None = None,
) -> ColumnMapping:
    """Decide which column is which field.

    :param rows: all rows of the file, by which columns are seen as a whole; ``None`` for the sample
    :param given: what the person said: fields to names of columns; no name leaves the field out
    :param system: how the other system is called; ``None`` for the name of the column with its ids
    :param day_first: whether 03/04/2025 is the third of April; ``None`` to tell by the values
    :param decimal_mark: what stands before decimals; ``None`` to tell by the values
    :param statuses: the words that the person said a status for
    :param are_activities: whether the rows are activities; ``None`` to tell by the headings
    :raise MappingUnclear: if the rows are no leads, or nothing would name them, or ``given`` does not fit
    """
    keys = [squash(name) for name in header]
    said = {name: _find_columns(header, name, columns) for name, columns in (given or {}).items()}
    kind = _detect_kind(keys, sample, are_activities)
    columns, addresses = _apply(said, *_recognise_all(keys, kind, sample, set(said)))
    _check_things(header, keys, kind, columns, said)
    facts = inspect_columns(
        sample if rows is None else rows, header, columns,
        words=statuses, day_first=day_first, decimal_mark=decimal_mark,
    )  # fmt: skip
    return ColumnMapping(
        tuple(header),
        {**columns, "status": facts.statuses} if facts.statuses else columns,
        addresses,
        _find_phone_labels(keys, columns),
        kind,
        system or _name_system(header, keys, columns, kind),
        facts,
        kind is not Kind.ACTIVITY and _is_id_guessed(keys, columns, said),
    )


def _apply(
    said: Mapping[str, tuple[int, ...]],
    columns: dict[str, tuple[int, ...]],
    addresses: tuple[dict[str, tuple[int, ...]], ...],
) -> tuple[Places, tuple[Places, ...]]:
    """Put what the person said in the place of what was recognised."""
    columns = columns | {name: places for name, places in said.items() if places and name not in ADDRESS_HEADERS}
    by_hand = {name: places[:1] for name, places in said.items() if places and name in ADDRESS_HEADERS}
    # What the person said about an address is one: a part of it that they did not name comes from the file's first.
    return columns, ({**(addresses[0] if addresses else {}), **by_hand}, *addresses[1:]) if by_hand else addresses


def _check_things(
    header: Sequence[str],
    keys: Sequence[str],
    kind: Kind,
    columns: Mapping[str, tuple[int, ...]],
    said: Mapping[str, tuple[int, ...]],
) -> None:
    """Make sure that the rows can be imported, and that something names them: an id alone only where it is known as
    one, or said to be.
    """
    if not said:
        refuse_other_things(keys)
    if kind is Kind.ACTIVITY:
        return
    naming = columns.keys() & set(NAMING)
    by_id = naming == {"external_id"} and "external_id" not in said
    if not naming or by_id and not _is_known_id(keys[columns["external_id"][0]]):
        if not said:
            refuse_nameless(keys)
        names = ", ".join(name for name in header if name)
        raise MappingUnclear(
            f"None of the columns {names} names a lead. Map one: --map last_name=…, --map company=…, --map email=…"
            " or, to name the leads by their IDs, --map external_id=…"
        )


def _is_id_guessed(
    keys: Sequence[str], columns: Mapping[str, tuple[int, ...]], said: Mapping[str, tuple[int, ...]]
) -> bool:
    return "external_id" in columns and "external_id" not in said and not _is_id(keys[columns["external_id"][0]])


def _is_known_id(key: str) -> bool:
    return key not in GENERAL_IDS and _is_id(key)


def _is_id(key: str) -> bool:
    return (recognise(key) or ("", 0))[0] == "external_id"


def _find_columns(header: Sequence[str], name: str, wanted: Sequence[str]) -> tuple[int, ...]:
    if name not in FIELDS | ACTIVITY_FIELDS:
        raise MappingUnclear(f"Unknown field “{name}”. The fields are: {', '.join(sorted(FIELDS))}.")
    return tuple(_find_column(header, column) for column in wanted if column)


def _find_column(header: Sequence[str], wanted: str) -> int:
    if wanted in header:
        return header.index(wanted)
    alike = [place for place, name in enumerate(header) if squash(name) == squash(wanted)]
    if not alike:
        raise MappingUnclear(f"The file has no column “{wanted}”. Its columns are: {', '.join(header)}.")
    return alike[0]


def _recognise_all(
    keys: Sequence[str], kind: Kind, sample: Sequence[Row], taken: set[str]
) -> tuple[Places, tuple[Places, ...]]:
    found: dict[str, list[tuple[int, int]]] = {}
    addresses: dict[int, dict[str, list[tuple[int, int]]]] = {}
    for place, key in enumerate(keys):
        match = _find_field(key, kind, keys, partial(_values, sample, place))
        part = None if match else recognise_address(key)
        if match and match[0] not in taken:
            found.setdefault(match[0], []).append((match[1], place))
        if part and part[1] not in taken:
            addresses.setdefault(part[0], {}).setdefault(part[1], []).append((part[2], place))
    if "external_id" not in found and "external_id" not in taken:
        found |= _find_id_by_values(keys, sample)
    # A column of IDs of yet another system may be empty.
    filled = [pair for pair in found.get("external_id", ()) if _values(sample, pair[1])]
    found |= {"external_id": filled} if filled else {}
    columns = {name: _best(name, places) for name, places in found.items()}
    if "status" in columns:
        columns.pop("is_won", None)
    if "external_id" in columns and _is_own(keys):
        # Its names are put together of the other fields, and its IDs are none of another system.
        columns = {name: places for name, places in columns.items() if name not in _OF_OTHERS}
        columns["external_id"] = (keys.index("id"),)
    whole = [{name: _best(name, places) for name, places in addresses[rank].items()} for rank in sorted(addresses)]
    return columns, tuple(whole)


def _find_field(key: str, kind: Kind, keys: Sequence[str], values: Callable[[], list[str]]) -> tuple[str, int] | None:
    """Find the field of a column by its heading and, where that says little, by its values."""
    if kind is Kind.PERSON and key in KIND_HEADERS and _name_companies(values()):
        return "is_company", 0
    reference = find_reference(key, kind, keys)
    match = (reference, 0) if reference else recognise_in_place(key, kind, keys)
    if match and match[0] == "label":
        return ("rating", match[1]) if _are_ratings(values()) else None
    return match


def _is_own(keys: Sequence[str]) -> bool:
    return any(own.issubset(keys) for own in OWN_EXPORTS)


def _best(name: str, places: list[tuple[int, int]]) -> tuple[int, ...]:
    ordered = tuple(place for _, place in sorted(places))
    return ordered if name in ALTERNATIVES | _ALL_OF_ACTIVITIES else ordered[:1]


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
    if keys[place] == "id" and _is_own(keys):
        return OWN_SYSTEM
    name = re.sub(r"\W+", "_", header[place].casefold()).strip("_")[:300] or "id"
    return f"{kind}_{name}" if keys[place] in GENERAL_IDS else name


def _values(sample: Sequence[Row], place: int) -> list[str]:
    cells = (row[place].strip() for _, row in sample if place < len(row) and not is_total(row))
    return [cell for cell in cells if cell and cell.casefold() not in UNKNOWNS]


def _name_companies(values: Sequence[str]) -> bool:
    """Whether a column says of each row whether it is a company or a person."""
    words = set(map(squash, values))
    return bool(words & COMPANIES) and words <= COMPANIES | PEOPLE


def _are_ratings(values: Sequence[str]) -> bool:
    return bool(values) and all(value.casefold() in RATINGS for value in values)
