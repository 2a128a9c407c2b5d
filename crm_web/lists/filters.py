"""The filters of a list. Each is declared once: its words in addresses and in the API, what may stand there, its
control, its chips, and the part of the list's query that it fills.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from crm_web.lists.date_ranges import WORDS
from crm_web.lists.params import is_record_id, quote
from crm_web.models import COUNTRIES
from crm_web.records.matching import MOST_WORDS, list_ignored_words
from crm_web.records.number_input import read_count
from crm_web.records.parsing import read_date
from crm_web.web import template_filters
from crm_web.web.country_names import list_countries

if TYPE_CHECKING:
    from crm_web.lists.record_params import RecordListParams

BAR, MORE, NOWHERE = "bar", "more", "nowhere"
"""Where the control stands: in the bar, folded away, or nowhere, as for what only links ask for."""
NOTHING_GIVEN = "(none)"
OWNER_WORDS = {"me": "Me", "team": "My team", "nobody": "Unassigned"}
LONGEST_REST = 3650
Label = tuple[str, str, str]
"""Name and value of a filter, and how it reads."""
Choices = list[tuple[str, str]]
"""Values and labels to choose from."""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A filter of a list.

    :param name: its word in addresses and in the API
    :param title: how it is called
    :param part: the part of the list's query that it fills; left out, the list reads it itself
    :param place: where its control stands
    :param what: what its values are, such as ``a status``, for saying that one is not
    :param help: what the API's documentation says
    """

    name: str
    title: str = ""
    part: str = ""
    place: str = BAR
    what: str = ""
    help: str = ""
    control: ClassVar[str] = ""
    is_single: ClassVar[bool] = False

    @cached_property
    def names(self) -> Sequence[str]:
        """Its words in the address."""
        return (self.name,)

    def check(self, view: "RecordListParams") -> None:
        """Take out of the address what is no value of this filter, and put what was typed into its notation."""
        view.require(self.name, self.what, self.is_known, is_single=self.is_single)

    def is_known(self, value: str) -> bool:
        return True

    def read(self, view: "RecordListParams") -> Mapping[str, Any]:
        """The parts of the query that it fills, with their values."""
        return {self.part: self.read_value(view)} if self.part else {}

    def read_value(self, view: "RecordListParams") -> Any:
        raise NotImplementedError

    def labels(self, view: "RecordListParams", people: Mapping[str, str]) -> Iterable[Label]:
        """Its chips.

        :param people: the names of employees by id
        """
        return [(self.name, value, self.label(view, value)) for value in view.all(self.name)]

    def label(self, view: "RecordListParams", value: str) -> str:
        raise NotImplementedError

    def choices(self, view: "RecordListParams", people: Sequence[Any], words: Mapping[str, Sequence[str]]) -> Choices:
        """What its control offers.

        :param people: who may be named
        :param words: the words in use, by filter
        """
        return []

    def say_unread(self, view: "RecordListParams", name: str) -> str:
        """What is wrong with a value that can't be read."""
        return f"“{view.one(name)}” is not {self.what}"


@dataclass(frozen=True, kw_only=True)
class SearchFilter(Filter):
    """Words in what names and reaches a record."""

    name: str = "q"
    part: str = "words"
    control: ClassVar[str] = "search"
    is_single: ClassVar[bool] = True

    def check(self, view: "RecordListParams") -> None:
        super().check(view)
        left_out = list_ignored_words(view.one(self.name))
        view.not_applied += [f"{quote(word)} (only the first {MOST_WORDS} words count)" for word in left_out]

    def read_value(self, view: "RecordListParams") -> str:
        return view.one(self.name)

    def label(self, view: "RecordListParams", value: str) -> str:
        return f"“{value}”"


@dataclass(frozen=True, kw_only=True)
class ChoiceFilter(Filter):
    """One or several words of an enum.

    :param words: the members
    :param chip: how a choice reads, with ``{}`` for its label
    """

    words: Sequence[StrEnum]
    chip: str = "{}"
    control: ClassVar[str] = "checks"

    def is_known(self, value: str) -> bool:
        return value in self.words

    def read_value(self, view: "RecordListParams") -> Any:
        return [word for word in self.words if word in view.all(self.name)]

    def label(self, view: "RecordListParams", value: str) -> str:
        word = next(word for word in self.words if word == value)
        return self.chip.format(getattr(word, "label", word.value.capitalize()))

    def labels(self, view: "RecordListParams", people: Mapping[str, str]) -> Iterable[Label]:
        """In the order of the enum."""
        chosen = view.all(self.name)
        return [(self.name, word.value, self.label(view, word)) for word in self.words if word in chosen]

    def choices(self, view: "RecordListParams", people: Sequence[Any], words: Mapping[str, Sequence[str]]) -> Choices:
        return [(word.value, getattr(word, "label", word.value.capitalize())) for word in self.words]


@dataclass(frozen=True, kw_only=True)
class OneChoiceFilter(ChoiceFilter):
    """One word of an enum."""

    control: ClassVar[str] = "select"
    is_single: ClassVar[bool] = True

    def read_value(self, view: "RecordListParams") -> Any:
        return next(iter(super().read_value(view)), None)


@dataclass(frozen=True, kw_only=True)
class PeopleFilter(Filter):
    """Employees, by their ids or by words that stand for some.

    :param words: the words, with their labels
    :param chip: what stands before the name
    """

    words: Mapping[str, str] = field(default_factory=lambda: OWNER_WORDS)
    chip: str = "Owner:"
    what: str = "an owner"
    control: ClassVar[str] = "checks"

    def is_known(self, value: str) -> bool:
        return value in self.words or is_record_id(value)

    def read_value(self, view: "RecordListParams") -> list[int]:
        return view.person_ids(self.name)

    def labels(self, view: "RecordListParams", people: Mapping[str, str]) -> Iterable[Label]:
        names = {**people, **self.words}
        return [(self.name, word, f"{self.chip} {names.get(word, 'unknown')}") for word in view.all(self.name)]

    def choices(self, view: "RecordListParams", people: Sequence[Any], words: Mapping[str, Sequence[str]]) -> Choices:
        return [*self.words.items(), *((str(person.id), person.name) for person in people)]


@dataclass(frozen=True, kw_only=True)
class RecordIdFilter(Filter):
    """One other record, by its id; a link leads here."""

    is_single: ClassVar[bool] = True
    find_name: Callable[[int], str | None]

    def is_known(self, value: str) -> bool:
        return is_record_id(value)

    def read_value(self, view: "RecordListParams") -> int | None:
        return next(iter(view.ids(self.name)), None)

    def label(self, view: "RecordListParams", value: str) -> str:
        return f"{self.title}: {self.find_name(int(value)) or 'unknown'}"


@dataclass(frozen=True, kw_only=True)
class WordFilter(Filter):
    """Words that people typed, such as sources; ``(none)`` for records without one.

    :param chip: how a choice reads, with ``{}`` for the word after the title
    """

    chip: str = "{}"

    @property
    def control(self) -> str:  # type: ignore[override]  # A list that one scrolls, where it stands beside others.
        return "several" if self.place == MORE else "checks"

    def read_value(self, view: "RecordListParams") -> list[str]:
        return read_words(view.all(self.name))

    def label(self, view: "RecordListParams", value: str) -> str:
        return self.chip.format(name_word(self.title, value))

    def choices(self, view: "RecordListParams", people: Sequence[Any], words: Mapping[str, Sequence[str]]) -> Choices:
        """The words in use, those of the address among them."""
        known = words[self.name]
        others = [value for value in view.all(self.name) if value not in (NOTHING_GIVEN, *known)]
        return [(NOTHING_GIVEN, name_word(self.title, NOTHING_GIVEN)), *((word, word) for word in (*known, *others))]


@dataclass(frozen=True, kw_only=True)
class CountryFilter(WordFilter):
    """Countries, by code."""

    what: str = "a country code"

    def is_known(self, value: str) -> bool:
        return value in COUNTRIES or value == NOTHING_GIVEN

    def label(self, view: "RecordListParams", value: str) -> str:
        if value == NOTHING_GIVEN:
            return name_word(self.title, value)
        return template_filters.country(value, user_locale=view.user_locale)

    def choices(self, view: "RecordListParams", people: Sequence[Any], words: Mapping[str, Sequence[str]]) -> Choices:
        offered = {*words[self.name], *view.all(self.name)}
        known = (pair for pair in list_countries() if pair[0] in offered)
        return [(NOTHING_GIVEN, name_word(self.title, NOTHING_GIVEN)), *known]


@dataclass(frozen=True, kw_only=True)
class DatesFilter(Filter):
    """A word for some days, or the first day and the one after the last.

    :param offered: the words that its control offers; none where it takes days alone
    :param others: words that the list reads itself, with their labels
    :param are_days: whether the query wants days; else it wants the moments at which they begin for the reader
    """

    offered: Sequence[str] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    are_days: bool = False
    control: ClassVar[str] = "dates"

    @cached_property
    def days(self) -> Mapping[str, str]:
        """The words for the two days, with their labels."""
        return {f"{self.name}_from": f"{self.title} from", f"{self.name}_to": f"{self.title} before"}

    @cached_property
    def names(self) -> Sequence[str]:
        return (self.name, *self.days) if self.offered else tuple(self.days)

    def check(self, view: "RecordListParams") -> None:
        if self.offered:
            view.require(self.name, "a period", lambda word: word in WORDS or word in self.others, is_single=True)
        for name in self.days:
            view.require(name, "", lambda _: True, is_single=True)
        view.read_typed(self.days, lambda typed: read_date(typed, view.user_locale.locale).isoformat())

    def read(self, view: "RecordListParams") -> Mapping[str, Any]:
        days = view.date_range(self.name)
        first, after = days if self.are_days else map(view.begin, days)
        return {f"{self.part}_from": first, f"{self.part}_to": after} if self.part else {}

    def labels(self, view: "RecordListParams", people: Mapping[str, str]) -> Iterable[Label]:
        word = view.one(self.name) if self.offered else ""
        chips = [(self.name, word, self.others.get(word) or f"{self.title}: {WORDS[word][0]}")] if word else []
        return chips + [
            (name, view.one(name), f"{label} {template_filters.date(day, user_locale=view.user_locale)}")
            for name, label in self.days.items()
            if (day := view.day(name))
        ]

    def choices(self, view: "RecordListParams", people: Sequence[Any], words: Mapping[str, Sequence[str]]) -> Choices:
        return [*self.others.items(), *((word, WORDS[word][0].capitalize()) for word in self.offered)]

    def say_unread(self, view: "RecordListParams", name: str) -> str:
        return f"“{view.one(name)}” is not a date ({self.days[name].lower()})"


@dataclass(frozen=True, kw_only=True)
class UntouchedFilter(Filter):
    """For how many days nothing happened."""

    name: str = "untouched"
    part: str = "untouched_since"
    control: ClassVar[str] = "count"

    def check(self, view: "RecordListParams") -> None:
        view.require(self.name, "", lambda _: True, is_single=True)
        view.read_typed([self.name], lambda typed: str(read_count(typed, LONGEST_REST, view.user_locale.locale)))

    def _days(self, view: "RecordListParams") -> int | None:
        return int(view.one(self.name)) if view.one(self.name) and view.is_applied(self.name) else None

    def read_value(self, view: "RecordListParams") -> Any:
        days = self._days(view)
        return view.begin(view.today - timedelta(days=days)) if days else None

    def labels(self, view: "RecordListParams", people: Mapping[str, str]) -> Iterable[Label]:
        days = self._days(view)
        said = template_filters.number(days or 0, user_locale=view.user_locale)
        return [(self.name, str(days), f"No activity for {said} days")] if days else []

    def say_unread(self, view: "RecordListParams", name: str) -> str:
        most = template_filters.number(LONGEST_REST, user_locale=view.user_locale)
        return f"“{view.one(name)}” is not a number of days from 1 to {most}"


@dataclass(frozen=True, kw_only=True)
class MissingFilter(Filter):
    """What is missing.

    :param words: what can be, with labels, as ``ListSpec.missing`` has them
    """

    name: str = "no"
    part: str = "lacks"
    what: str = "a field that can be missing"
    words: Mapping[str, str]
    control: ClassVar[str] = "several"

    def is_known(self, value: str) -> bool:
        return value in self.words

    def read(self, view: "RecordListParams") -> Mapping[str, Any]:
        lacks = self._list_missing(view)
        if "owner" in lacks and not view.all("owner"):
            # What has no owner is counted and indexed as nobody's.
            return {self.part: [word for word in lacks if word != "owner"], "owner_ids": [0]}
        return {self.part: lacks}

    def _list_missing(self, view: "RecordListParams") -> list[str]:
        return [word for word in self.words if word in view.all(self.name)]

    def labels(self, view: "RecordListParams", people: Mapping[str, str]) -> Iterable[Label]:
        return [(self.name, word, self.words[word]) for word in self._list_missing(view)]

    def choices(self, view: "RecordListParams", people: Sequence[Any], words: Mapping[str, Sequence[str]]) -> Choices:
        return list(self.words.items())


def read_words(words: Iterable[str]) -> list[str]:
    """What a filter by words asks for; the empty text stands for no word at all."""
    return ["" if word == NOTHING_GIVEN else word for word in words]


def name_word(title: str, word: str) -> str:
    """How a filter by a word reads."""
    return f"No {title.lower()}" if word == NOTHING_GIVEN else f"{title}: {word}"


def names_of(filters: Iterable[Filter]) -> list[str]:
    """The words of all filters of a list, in the order of their declaration."""
    return [name for it in filters for name in it.names]
