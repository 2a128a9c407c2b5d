"""The words of a file that mean nothing here, and what a person says that they mean: owners, sources, currencies."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.stored import queries
from crm_web.imports.tables import Table
from crm_web.imports.vocabulary import CURRENCY_SIGNS, NOBODY, UNKNOWNS
from crm_web.models import CURRENCIES
from crm_web.records.folding import fold
from crm_web.web.country_names import list_currencies

MOST_WORDS = 40


@dataclass(frozen=True)
class FieldWords:
    """The unknown words in the columns of a field.

    :param name: the field
    :param empty: what becomes of a word without a choice
    :param words: each with what it was said to mean; ``None`` if nobody said
    :param options: what it can mean
    """

    name: str
    label: str
    empty: str
    words: Sequence[tuple[str, str | None]]
    options: Sequence[tuple[str, str]]

    def read(self, sent: Mapping[str, str]) -> dict[str, str]:
        """Read what was chosen for each word; what is no option counts as not chosen."""
        known = {value for value, _ in self.options}
        chosen = {text: sent.get(f"{self.name}-{number}", "") for number, (text, _) in enumerate(self.words)}
        return {text: value for text, value in chosen.items() if value in known}


def list_unknown_words(csv: Table, mapping: ColumnMapping | None, said: Mapping[str, Any]) -> list[FieldWords]:
    """List the words in the first rows that the fields with a list of values don’t know.

    :param said: fields to words to their meanings, as a person chose them
    """
    found = []
    for name, describe in _FIELDS.items():
        texts = _list_texts(csv, mapping.columns.get(name, ()) if mapping else ())
        if texts:
            label, empty, options, is_known = describe()
            unknown = [text for text in texts if text in said.get(name, {}) or not is_known(text)][:MOST_WORDS]
            words = [(text, said.get(name, {}).get(text)) for text in unknown]
            found += [FieldWords(name, label, empty, words, options)] if words else []
    return found


def _list_texts(csv: Table, places: Iterable[int]) -> list[str]:
    cells = (row[place].strip() for _, row in csv.sample for place in places if place < len(row))
    return [text for text in dict.fromkeys(cells) if text.casefold() not in UNKNOWNS | NOBODY]


Description = tuple[str, str, Sequence[tuple[str, str]], Callable[[str], bool]]


def _describe_owners() -> Description:
    people = queries.list_owners()
    known = {" ".join(fold(name).split()) for name, _ in people} | {email.lower() for _, email in people}
    options = [(email, name) for name, email in people]
    return "Owners", "Use the file settings", options, lambda text: " ".join(fold(text).split()) in known


def _describe_sources() -> Description:
    names = queries.list_sources()
    known = {name.lower() for name in names}
    return "Sources", "Add as a new source", [(name, name) for name in names], lambda text: text.lower() in known


def _describe_currencies() -> Description:
    def is_known(text: str) -> bool:
        return text.upper() in CURRENCIES or text in CURRENCY_SIGNS

    return "Currencies", "Not set", list_currencies(), is_known


_FIELDS: dict[str, Callable[[], Description]] = {
    "owner": _describe_owners,
    "source": _describe_sources,
    "currency": _describe_currencies,
}
