"""What the addresses of the lists of leads and of customers have in common: their filters, and how those read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from crm_web.core import clock
from crm_web.lists.date_ranges import WORDS, days_of
from crm_web.lists.params import Chip, ListParams, Tab, is_record_id, quote
from crm_web.lists.spec import ListSpec
from crm_web.models import COUNTRIES, Employee
from crm_web.records.matching import MOST_WORDS, list_ignored_words
from crm_web.records.number_input import read_count
from crm_web.records.parsing import read_date
from crm_web.records.people import list_team_ids
from crm_web.web import template_filters
from crm_web.web.country_names import list_countries
from crm_web.web.template_filters import UserLocale

NOTHING_GIVEN = "(none)"
OWNER_WORDS = {"me": "Me", "team": "My team", "nobody": "Unassigned"}
DATES = {
    "created_from": "Created from",
    "created_to": "Created before",
    "active_from": "Last activity from",
    "active_to": "Last activity before",
}
NAMES = ("q", "owner", "industry", "country", "created", *DATES, "untouched", "no")
LONGEST_REST = 3650
Label = tuple[str, str, str]
"""Name and value of a filter, and how it reads."""


@dataclass(frozen=True)
class DateRangeFilter:
    """
    Two days that a list is filtered by, and the words that may stand for them.

    :param title: such as ``Created``
    :param name: the filter that takes a word
    :param words: values and labels to choose from
    :param days: names and labels of the first day, and of the one after the last
    """

    title: str
    name: str
    words: Sequence[tuple[str, str]]
    days: Sequence[tuple[str, str]]


class RecordListParams(ListParams):
    """
    The address of a list of records that belong to somebody.

    :param endpoint: the list
    :param args: the query of the address
    :param me: the employee who reads
    :param user_locale: in whose language and time zone
    :param dates: names and labels of the days that it is filtered by
    :param spec: what can be missing, sorted and shown
    :param owner_words: words and labels that stand for owners
    :param settings: what else ``ListParams`` takes
    """

    def __init__(
        self,
        endpoint: str,
        args: MultiDict[str, str],
        *,
        me: Employee,
        user_locale: UserLocale,
        dates: dict[str, str],
        spec: ListSpec | None = None,
        owner_words: dict[str, str] = OWNER_WORDS,
        **settings: Any,
    ) -> None:
        super().__init__(endpoint, args, spec=spec, **settings)
        self.me, self.user_locale = me, user_locale
        self.dates, self.owner_words = dates, owner_words
        self.known_missing = spec.missing if spec else {}
        self.today = clock.now().astimezone(user_locale.zone).date()
        self._require_known()
        self.missing = [word for word in self.known_missing if word in self.all("no")]
        self.read_typed(dates, lambda typed: read_date(typed, user_locale.locale).isoformat())
        self.read_typed(["untouched"], lambda typed: str(read_count(typed, LONGEST_REST, user_locale.locale)))

    def _require_known(self) -> None:
        """The words that all lists of records know; what is not among them is not applied."""
        self.require("owner", "an owner", self.is_person)
        self.require("country", "a country code", lambda code: code in COUNTRIES or code == NOTHING_GIVEN)
        self.require("no", "a field that can be missing", lambda word: word in self.known_missing)
        self.require("created", "a period", lambda word: word in WORDS, is_single=True)
        for name in ("q", "untouched", *self.dates):
            self.require(name, "", lambda _: True, is_single=True)
        left_out = list_ignored_words(self.one("q"))
        self.not_applied += [f"{quote(word)} (only the first {MOST_WORDS} words count)" for word in left_out]

    def is_person(self, value: str) -> bool:
        """Whether a value is the id of an employee, or a word that stands for some."""
        return value in self.owner_words or is_record_id(value)

    def read_shared(self) -> dict[str, Any]:
        """Say what the filters mean that all lists of records have."""
        # What has no owner is counted and indexed as nobody's.
        is_nobodys = "owner" in self.missing and not self.person_ids("owner")
        return {
            "words": self.one("q"),
            "owner_ids": [0] if is_nobodys else self.person_ids("owner"),
            "industries": read_words(self.all("industry")),
            "countries": read_words(self._countries()),
            "created_from": self._first("created"),
            "created_to": self._next("created"),
            "active_from": self.start_of("active_from", self.user_locale),
            "active_to": self.start_of("active_to", self.user_locale),
            "untouched_since": self._begin(self.today - timedelta(days=self.untouched)) if self.untouched else None,
            "lacks": [word for word in self.missing if not (is_nobodys and word == "owner")],
        }

    @property
    def untouched(self) -> int | None:
        """For how many days nothing may have happened."""
        return int(self.one("untouched")) if self.one("untouched") and "untouched" not in self.unread else None

    def person_ids(self, name: str) -> list[int]:
        """The people that a filter names, each once; 0 stands for nobody."""
        words = [word for word in self.all(name) if word in self.owner_words]
        mine, nobody = [self.me.id] if "me" in words else [], [0] if "nobody" in words else []
        team = list_team_ids(self.me) if "team" in words else []
        return list(dict.fromkeys([*mine, *nobody, *team, *self.ids(name)]))

    def _countries(self) -> list[str]:
        return [code for code in self.all("country") if code in COUNTRIES or code == NOTHING_GIVEN]

    def date_range(self, name: str) -> tuple[date | None, date | None]:
        """The days that a word and two dates leave, the first and the one after the last."""
        first, after = days_of(self.one(name), self.today) or (None, None)
        start, end = self.day(f"{name}_from"), self.day(f"{name}_to")
        return max(filter(None, (first, start)), default=None), min(filter(None, (after, end)), default=None)

    def _first(self, name: str) -> datetime | None:
        return self._begin(self.date_range(name)[0])

    def _next(self, name: str) -> datetime | None:
        return self._begin(self.date_range(name)[1])

    def _begin(self, day: date | None) -> datetime | None:
        return None if day is None else datetime.combine(day, time(), self.user_locale.zone)

    # What the filter bar offers

    @property
    def more_in_use(self) -> int:
        """How many of the filters are in use that are folded away."""
        others = [name for name in self.filters if name not in ("q", "kind", "status", "owner", "source", "customer")]
        return sum(1 for name in others if self.is_applied(name))

    def is_applied(self, name: str) -> bool:
        """Whether what is typed into a filter means something; its field shows it either way."""
        return name not in self.unread

    @property
    def missing_choices(self) -> list[tuple[str, str]]:
        """Values and labels of what may be missing."""
        return list(self.known_missing.items())

    def list_country_choices(self, in_use: Sequence[str]) -> list[tuple[str, str]]:
        """Values and labels of the countries in use and of those in the address."""
        offered = {*in_use, *self.all("country")}
        known = list_countries()
        return [(NOTHING_GIVEN, "No country"), *(pair for pair in known if pair[0] in offered)]

    def list_owner_choices(self, people: Sequence[Employee]) -> list[tuple[str, str]]:
        """Values and labels of the owners to choose from."""
        return [*self.owner_words.items(), *((str(person.id), person.name) for person in people)]

    def list_word_choices(self, name: str, known: Sequence[str]) -> list[tuple[str, str]]:
        """Values and labels of the sources or industries to choose from, those in use among them."""
        others = [value for value in self.all(name) if value not in (NOTHING_GIVEN, *known)]
        return [(NOTHING_GIVEN, f"No {name}"), *((value, value) for value in (*known, *others))]

    def list_owner_tabs(self, tabs: Iterable[tuple[str, str | None]]) -> list[Tab]:
        """A tab for each label and owner."""
        return [
            Tab(label, self.url(owner=owner), self.all("owner") == ([owner] if owner else [])) for label, owner in tabs
        ]

    # How the filters read

    def name_owners(self, people: Sequence[Employee]) -> list[Label]:
        """The owners that are filtered by."""
        return self.name_people("owner", "Owner:", people)

    def name_people(self, name: str, title: str, people: Sequence[Employee]) -> list[Label]:
        """The people that a filter names, each after the title."""
        names = {str(person.id): person.name for person in people} | self.owner_words
        known = {*self.owner_words, *map(str, self.ids(name))}
        return [(name, word, f"{title} {names.get(word, 'unknown')}") for word in self.all(name) if word in known]

    def name_shared(self) -> list[Label]:
        """The rest of the filters that all lists of records have."""
        no_country = {NOTHING_GIVEN: "No country"}
        return [
            *(("industry", word, name_word("Industry", word)) for word in self.all("industry")),
            *(
                ("country", code, no_country.get(code) or template_filters.country(code, user_locale=self.user_locale))
                for code in self._countries()
            ),
            *self.name_days(),
            *(
                ("untouched", str(days), f"No activity for {self._number(days)} days")
                for days in [self.untouched]
                if days
            ),
            *(("no", word, self.known_missing[word]) for word in self.missing),
        ]

    def name_days(self) -> list[Label]:
        """The dates, and the words for dates."""
        titles = {name.removesuffix("_from"): name for name in self.dates if name.endswith("_from")}
        words = [
            (name, self.one(name), f"{self.dates[first].removesuffix(' from')}: {WORDS[self.one(name)][0]}")
            for name, first in titles.items()
            if self.one(name) in WORDS
        ]
        days = [
            (name, self.one(name), f"{label} {template_filters.date(day, user_locale=self.user_locale)}")
            for name, label in self.dates.items()
            if (day := self.day(name))
        ]
        return words + days

    def to_chips(self, labels: Iterable[Label]) -> list[Chip]:
        """A chip for each filter, in the order of the filter bar."""
        return [Chip(label, self.url_without(name, value)) for name, value, label in labels]

    def left_out(self) -> list[str]:
        """Say which typed values mean nothing, so that nobody takes the list for what they asked for."""
        return self.not_applied + [self._say_unread(name, message) for name, message in self.unread.items()]

    def _say_unread(self, name: str, message: str) -> str:
        if name in self.dates:
            told = f"“{self.one(name)}” is not a date ({self.dates[name].lower()})"
        elif name == "untouched":
            told = f"“{self.one(name)}” is not a number of days from 1 to {self._number(LONGEST_REST)}"
        else:
            told = f"“{self.one(name)}” is not an amount"
        # What can mean two things is told with both of them; of the rest it is enough that it means nothing.
        return message.rstrip(".") if message.startswith("“") else told

    def _number(self, count: int) -> str:
        return template_filters.number(count, user_locale=self.user_locale)


def read_words(words: Iterable[str]) -> list[str]:
    """What a filter by words asks for; the empty text stands for no word at all."""
    return ["" if word == NOTHING_GIVEN else word for word in words]


def name_word(title: str, word: str) -> str:
    """How a filter by a word reads."""
    return f"No {title.lower()}" if word == NOTHING_GIVEN else f"{title}: {word}"
