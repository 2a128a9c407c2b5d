"""The words of a file's statuses, owners, sources and currencies, and what a person says that they mean."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from crm_web.imports.amounts import find_currency
from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.stored import queries
from crm_web.imports.users import part_person
from crm_web.imports.vocabulary import (
    NO_CURRENCY,
    NOBODY,
    OPEN_WORDS,
    PLACEHOLDERS,
    STATUS_WORDS,
    UNKNOWNS,
    squash,
)
from crm_web.imports.word_counts import COUNTED, WordCounts
from crm_web.models import LeadStatus
from crm_web.records.folding import fold
from crm_web.web.country_names import list_currencies

MOST_WORDS = 200
"""Words of a column that are listed."""


@dataclass(frozen=True)
class Word:
    """A word of the file.

    :param rows: how many rows have it
    :param chosen: what it means; ``None`` if nobody said and nothing here is called so
    """

    text: str
    rows: int
    chosen: str | None


class Field(NamedTuple):
    """How a field takes words.

    :param help: what becomes of a word without a meaning
    :param empty: the same in short, in place of a choice
    :param rest: what becomes of words that are not listed
    :param options: what a word can mean
    :param means: what a word means by itself; ``None`` if nothing
    :param is_shown: whether a word is listed though it means something
    :param blanks: what is no word
    """

    label: str
    help: str
    empty: str
    rest: str
    options: Sequence[tuple[str, str]]
    means: Callable[[str], str | None]
    is_shown: bool = False
    blanks: frozenset[str] = UNKNOWNS | NOBODY


@dataclass(frozen=True)
class FieldWords:
    """The words in the columns of a field.

    :param more: how many further words are not listed
    :param more_rows: in how many rows those stand
    :param is_whole: whether all rows were read
    """

    name: str
    field: Field
    words: Sequence[Word]
    more: int
    more_rows: int
    is_whole: bool


def list_found(mapping: ColumnMapping, *, is_whole: bool) -> dict[str, Any]:
    """List the words of each column, the most frequent first, to be kept with the import.

    :param is_whole: whether all rows were read
    """
    return {str(place): _write(counts, is_whole) for place, counts in mapping.facts.words.items()}


def _write(counts: WordCounts, is_whole: bool) -> dict[str, Any]:
    listed = counts.rows.most_common(MOST_WORDS)
    more_rows = counts.rows.total() - sum(rows for _, rows in listed) + counts.uncounted
    more = len(counts.rows) - len(listed) + (counts.uncounted > 0)
    return {"words": listed, "more": more, "more_rows": more_rows, "is_whole": is_whole}


def list_words(mapping: ColumnMapping | None, stored: Mapping[str, Any]) -> list[FieldWords]:
    """List the words of the file that a person can give a meaning, those without one first.

    :param stored: the options of the import
    """
    people = (stored.get("users") or {}).get("people") or {}
    return list(_iterate_fields(mapping, stored.get("found") or {}, _list_said(stored), people)) if mapping else []


def _list_said(stored: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """What a person said that words mean, by field."""
    return {**(stored.get("words") or {}), "status": stored.get("statuses") or {}}


def _iterate_fields(
    mapping: ColumnMapping,
    found: Mapping[str, Any],
    said: Mapping[str, Mapping[str, str]],
    people: Mapping[str, str],
) -> Iterator[FieldWords]:
    for name in COUNTED:
        columns = [found[str(place)] for place in mapping.columns.get(name, ()) if str(place) in found]
        counts = Counter[str]()
        for column in columns:
            counts.update(dict(column["words"]))
        describe = partial(_describe_owners, people) if name == "owner" else _FIELDS[name]
        field = describe() if counts else None
        words = list(_choose_words(field, counts, said.get(name, {}))) if field else []
        if field and words:
            more, more_rows = (sum(column[key] for column in columns) for key in ("more", "more_rows"))
            is_whole = all(column["is_whole"] for column in columns)
            ordered = sorted(words, key=lambda word: word.chosen is not None)
            yield FieldWords(name, field, ordered, more, more_rows, is_whole)


def _choose_words(field: Field, counts: Counter[str], said: Mapping[str, str]) -> Iterator[Word]:
    for text, rows in counts.most_common():
        if text.casefold() not in field.blanks:
            means = field.means(text)
            if text in said or means is None or field.is_shown:
                yield Word(text, rows, said.get(text) or (means if field.is_shown else None))


def read_meanings(stored: Mapping[str, Any], sent: Mapping[str, str]) -> dict[str, Any]:
    """Read what was chosen for each word; what is no option counts as not chosen, and what was not sent stays.

    :param stored: the options of the import
    :param sent: the fields of the form, each named by a field and a word
    :return: some of the options
    """
    found = (stored.get("found") or {}).values()
    texts = {text for column in found for text, _rows in column["words"]}
    said = _list_said(stored)
    # A browser sends each end of a line as two signs.
    sent = {name.replace("\r\n", "\n"): value for name, value in sent.items()}
    for name, describe in _FIELDS.items():
        posted = {text: sent.get(f"{name}:{text}".replace("\r\n", "\n")) for text in texts}
        known = {value for value, _label in describe().options}
        unsent = {text: value for text, value in said.get(name, {}).items() if posted.get(text) is None}
        said[name] = unsent | {text: value for text, value in posted.items() if value in known}
    return {"statuses": said.pop("status"), "words": said}


def _describe_statuses() -> Field:
    def means(text: str) -> str | None:
        return STATUS_WORDS.get(squash(text))

    options = [(status.value, status.label) for status in LeadStatus]
    help = "Rows are refused if their word has no status."
    return Field(
        "Statuses", help, "Not set", "their rows are refused.", options, means, True, PLACEHOLDERS | OPEN_WORDS
    )


def _describe_owners(users: Mapping[str, str] = MappingProxyType({})) -> Field:
    people = queries.list_owners()
    known = {" ".join(fold(name).split()) for name, _ in people} | {email.lower() for _, email in people}
    options = [(email, name) for name, email in people]

    def means(text: str) -> str | None:
        word = part_person(users[text])[1] if text in users else text
        return text if " ".join(fold(word).split()) in known else None

    help = "No employee has this name. If you don’t choose one, the file settings decide about their rows."
    rest = "the file settings say what becomes of their rows."
    return Field("Owners", help, "Use the file settings", rest, options, means)


def _describe_sources() -> Field:
    names = queries.list_sources()
    known = {name.lower() for name in names}
    options = [(name, name) for name in names]
    help = "These sources are new. If you don’t choose another one, they are added."

    def means(text: str) -> str | None:
        return text if text.lower() in known else None

    return Field("Sources", help, "Add as a new source", "they are added as new sources.", options, means)


def _describe_currencies() -> Field:
    def means(text: str) -> str | None:
        return find_currency(text)

    help = "These aren’t currency codes. If you don’t choose one, the file settings decide about their rows."
    rest = "the file settings say what becomes of their rows."
    return Field("Currencies", help, "Not set", rest, list_currencies(), means, blanks=NO_CURRENCY)


_FIELDS: dict[str, Callable[[], Field]] = {
    "status": _describe_statuses,
    "owner": _describe_owners,
    "source": _describe_sources,
    "currency": _describe_currencies,
}
