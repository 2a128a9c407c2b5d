"""What an address of a list says by the filters that the list declares, and how that reads."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import cached_property
from typing import Any, ClassVar

from flask_login import current_user
from werkzeug.datastructures import MultiDict

from crm_web.core import clock
from crm_web.lists.columns import Column, ShownColumns, TableRow, measure_columns
from crm_web.lists.date_ranges import days_of
from crm_web.lists.filters import BAR, MORE, NOWHERE, Filter, names_of
from crm_web.lists.pagination import Page
from crm_web.lists.params import Chip, ListParams, Tab
from crm_web.lists.record_filters import ListFilter
from crm_web.lists.spec import ListSpec
from crm_web.models import Employee
from crm_web.records.people import Person, list_possible_owners, list_team_ids
from crm_web.web.template_filters import current_user_locale


class RecordListParams(ListParams):
    """The address of a list that people filter.

    :param args: the query of the address
    :param filters: what it can be filtered by, in the order of the filter bar
    :param spec: the orders and columns that it knows
    :param names: words of the address that no filter declares
    """

    def __init__(
        self,
        endpoint: str,
        args: MultiDict[str, str],
        *,
        filters: Sequence[Filter],
        spec: ListSpec | None = None,
        names: Sequence[str] = (),
    ) -> None:
        super().__init__(endpoint, args, spec=spec, names=sorted([*names_of(filters), *names]))
        # The employee itself: to ask through ``current_user`` again and again costs more than the answer.
        self.me: Employee = current_user._get_current_object()
        self.user_locale = current_user_locale()
        self.known_filters = filters
        self.today = clock.now().astimezone(self.user_locale.zone).date()
        for it in filters:
            if not self.filters.keys().isdisjoint(it.names):
                it.check(self)

    def read_parts(self) -> dict[str, Any]:
        """Say what the filters mean, as parts of the list's query."""
        asked = self.known_filters if self.filters else ()
        return {part: value for it in asked for part, value in it.read(self).items()}

    def person_ids(self, name: str) -> list[int]:
        """The people that a filter names, each once; 0 stands for nobody."""
        words = self.all(name)
        mine, nobody = [self.me.id] if "me" in words else [], [0] if "nobody" in words else []
        team = list_team_ids(self.me) if "team" in words else []
        return list(dict.fromkeys([*mine, *nobody, *team, *self.ids(name)]))

    def date_range(self, name: str) -> tuple[date | None, date | None]:
        """The days that a word and two dates leave, the first and the one after the last."""
        first, after = days_of(self.one(name), self.today) or (None, None)
        start, end = self.day(f"{name}_from"), self.day(f"{name}_to")
        return max(filter(None, (first, start)), default=None), min(filter(None, (after, end)), default=None)

    def begin(self, day: date | None) -> datetime | None:
        """The moment at which a day begins for the reader."""
        return None if day is None else datetime.combine(day, time(), self.user_locale.zone)

    # What the filter bar offers

    @cached_property
    def bar(self) -> list[Filter]:
        """The filters whose controls are always in sight."""
        return [it for it in self.known_filters if it.place == BAR]

    @cached_property
    def folded(self) -> list[Filter]:
        """The filters whose controls are folded away."""
        return [it for it in self.known_filters if it.place == MORE]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the filter bar passes on without a control of its own, as what only links ask for."""
        return self.list_kept(*names_of(it for it in self.known_filters if it.place == NOWHERE))

    def key_of_bar(self, people: Sequence[Person], words: Mapping[str, Sequence[str]]) -> Hashable:
        """What the controls in sight follow from while nothing is filtered by them; ``None`` if something is."""
        return self._key_of(self.filters.keys() - names_of(self.folded), people, words)

    def key_of_folded(self, people: Sequence[Person], words: Mapping[str, Sequence[str]]) -> Hashable:
        """The same of the controls that are folded away."""
        return self._key_of(self.filters.keys() & names_of(self.folded), people, words)

    def _key_of(
        self, in_use: Collection[str], people: Sequence[Person], words: Mapping[str, Sequence[str]]
    ) -> Hashable:
        offered = ((name, *known) for name, known in words.items())
        return None if in_use else (self.endpoint, *people, *offered)

    def count_in_use(self, filters: Iterable[Filter]) -> int:
        """How many of the values of some filters are in use."""
        return sum(1 for name in names_of(filters) if name in self.filters and self.is_applied(name))

    def is_applied(self, name: str) -> bool:
        """Whether what is typed into a filter means something; its field shows it either way."""
        return name not in self.unread

    def list_owner_tabs(self, tabs: Iterable[tuple[str, str | None]]) -> list[Tab]:
        """A tab for each label and owner."""
        return [
            Tab(label, self.url(owner=owner), self.all("owner") == ([owner] if owner else [])) for label, owner in tabs
        ]

    # How the filters read

    @cached_property
    def people(self) -> Sequence[Person]:
        """Everyone whom a filter may name."""
        return list_possible_owners()

    def list_chips(self) -> list[Chip]:
        """Put the filters in use in words.

        :return: a chip for each filter that has an effect, in the order of the filter bar
        """
        if not self.filters:
            return []
        names = {str(person.id): person.name for person in self.people}
        labels = [label for it in self.known_filters for label in it.labels(self, names)]
        return [Chip(label, self.url_without(name, value)) for name, value, label in labels]

    @property
    def ignored(self) -> list[str]:
        """Say which typed values mean nothing, so that nobody takes the list for what they asked for."""
        by_name = {name: it for it in self.known_filters for name in it.names}
        return self.not_applied + [said or by_name[name].say_unread(self, name) for name, said in self.unread.items()]


class SpecListParams(RecordListParams):
    """The address of a list that has a specification, as the signed-in person means it.

    :param args: the query of the address
    """

    list_endpoint: ClassVar[str]
    spec: ClassVar[ListSpec]
    declared: ClassVar[Sequence[Filter]]
    """What it can be filtered by, in the order of the filter bar."""

    def __init__(self, args: MultiDict[str, str]) -> None:
        super().__init__(self.list_endpoint, args, filters=self.declared, spec=self.spec)

    def read_filter(self) -> ListFilter:
        """Say which records the list shows."""
        raise NotImplementedError

    def list_rows(self, records: Sequence[Any]) -> list[TableRow]:
        """Say what the row of each record says beside its cells."""
        raise NotImplementedError

    def load_page(self) -> Page:
        """The page of the list that the address stands on, with the columns that it shows."""
        return self.spec.list_page(self.read_filter(), sort=self.sort, cursor=self.mark, columns=self.columns)

    def load_fields(self, names: Iterable[str], *, cursor: str | None, size: int, sort: str | None = None) -> Page:
        """A page of the list for programs, which read the attributes that they know, whatever columns are shown."""
        return self.spec.list_page(
            self.read_filter(), sort=sort or self.sort, cursor=cursor, fields=tuple(names), size=size
        )

    def load_first(self, size: int) -> Page:
        """The first rows of the list, however far apart they are."""
        return self.spec.list_page(
            self.read_filter(), sort=self.sort, cursor=None, columns=self.columns, size=size, is_bounded=False
        )

    def find_neighbor(self, record_id: int, *, forward: bool) -> int | None:
        """The record after another one in the list, or before it; ``None`` at its end."""
        return self.spec.find_neighbor(self.read_filter(), record_id, sort=self.sort, forward=forward)

    def make_table(self) -> tuple[list[str], Iterator[list[object]]]:
        """The list as a file holds it: heads and rows, with the columns that somebody chose, else every one."""
        columns = self.columns if self.has_own_columns else None
        return self.spec.make_table(self.read_filter(), sort=self.sort, columns=columns)

    @property
    def shown(self) -> list[Column]:
        """The columns of the table beside the name."""
        return [self.spec.columns[key] for key in self.columns]

    @property
    def key_of_columns(self) -> Hashable:
        """What the form that chooses columns follows from."""
        return (self.endpoint, *self.columns)

    @property
    def table_class(self) -> str:
        """The class of the table: as wide as the columns need that somebody chose."""
        return measure_columns(self.shown) if self.has_own_columns else ""

    @property
    def cells(self) -> ShownColumns:
        """What reads the cells of each row."""
        return ShownColumns(
            self.shown,
            are_chosen=self.has_own_columns,
            user_locale=self.user_locale,
            edited_from=self.url(at=self.mark) if self.editing else None,
        )
