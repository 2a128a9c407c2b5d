"""What the address of the list of leads says, and how its filters read."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from werkzeug.datastructures import MultiDict

from crm_web import filters
from crm_web.filters import Reader
from crm_web.leads import queries
from crm_web.leads.queries import LeadFilter
from crm_web.list_address import Chip, ListAddress, Tab
from crm_web.models import Customer, Employee, LeadStatus, StatusKind

NO_SOURCE = "(none)"
OWNER_WORDS = {"me": "Me", "team": "My team", "nobody": "Nobody"}
DATES = {
    "created_from": "Created from",
    "created_to": "Created before",
    "closed_from": "Closed from",
    "closed_to": "Closed before",
}
NAMES = ("q", "kind", "status", "owner", "source", "customer", *DATES)
ORDERS = {
    "-updated_at": "Changed last",
    "-created_at": "Newest",
    "name": "Name",
    "company": "Company",
    "-amount": "Largest amount",
    "-expected_close_on": "Expected close, latest",
    "status": "Status",
}
"""The orders that people ask for by name; the heads of the table give the others."""


class LeadsAddress(ListAddress):
    """
    The address of the list of leads.

    :param args: the query of the address
    :param me: the employee who reads
    :param reader: in whose language and time zone
    """

    def __init__(self, args: MultiDict[str, str], *, me: Employee, reader: Reader) -> None:
        super().__init__(
            "leads.list_leads",
            args,
            names=NAMES,
            sorts=queries.SORTS,
            default_sort=queries.DEFAULT_SORT,
            largest_first=("amount", "expected_close_on", "created_at", "updated_at"),
        )
        self.me, self.reader = me, reader
        self.kind = next((kind for kind in StatusKind if kind == self.one("kind")), None)
        self.statuses = [status for status in LeadStatus if status in self.all("status")]
        self.customer_id = next(iter(self.ids("customer")), None)

    def read_filter(self) -> LeadFilter:
        """Say which leads the list shows."""
        return LeadFilter(
            words=self.one("q"),
            statuses=self._shown_statuses(),
            owner_ids=self._owner_ids(),
            sources=["" if source == NO_SOURCE else source for source in self.all("source")],
            customer_id=self.customer_id,
            **{name: self.start_of(name, self.reader) for name in DATES},
        )

    def _shown_statuses(self) -> Sequence[LeadStatus]:
        """Within a kind only its own statuses count: a link to others was made for another tab."""
        return [status for status in self.statuses if status in self.offered_statuses] or (
            self.offered_statuses if self.kind else []
        )

    @property
    def offered_statuses(self) -> list[LeadStatus]:
        """The statuses that can be chosen within the kind shown."""
        return [status for status in LeadStatus if self.kind in (None, status.kind)]

    def _owner_ids(self) -> list[int]:
        words = self.all("owner")
        mine = [self.me.id] if "me" in words else []
        team = queries.list_team_ids(self.me) if "team" in words else []
        return [*mine, *team, *([0] if "nobody" in words else []), *self.ids("owner")]

    @property
    def status_choices(self) -> list[tuple[str, str]]:
        """Values and labels of the statuses to choose from."""
        return [(status.value, status.label) for status in self.offered_statuses]

    @property
    def day_choices(self) -> list[tuple[str, str]]:
        """Names and labels of the dates to choose."""
        return list(DATES.items())

    @property
    def days(self) -> dict[str, date]:
        """The days that filter now, by name."""
        return {name: day for name in DATES if (day := self.day(name))}

    @property
    def kept(self) -> dict[str, Any]:
        """What the filter bar passes on without a control of its own."""
        return {"kind": self.kind, "customer": self.customer_id}

    def list_owner_choices(self, people: Sequence[Employee]) -> list[tuple[str, str]]:
        """Values and labels of the owners to choose from."""
        return [*OWNER_WORDS.items(), *((str(person.id), person.name) for person in people)]

    def list_source_choices(self, sources: Sequence[str]) -> list[tuple[str, str]]:
        """Values and labels of the sources to choose from, those in use among them."""
        others = [source for source in self.all("source") if source not in (NO_SOURCE, *sources)]
        return [(NO_SOURCE, "No source"), *((source, source) for source in (*sources, *others))]

    @property
    def kind_tabs(self) -> list[Tab]:
        """All leads, or one kind of status; a status chosen before belongs to the tab that is left."""
        kinds: list[tuple[str, StatusKind | None]] = [
            ("All", None),
            *((kind.value.capitalize(), kind) for kind in StatusKind),
        ]
        return [Tab(label, self.url(kind=kind, status=None), kind is self.kind) for label, kind in kinds]

    @property
    def owner_tabs(self) -> list[Tab]:
        """Everyone's leads, or those that concern the reader most."""
        owners = [("Everyone’s", None), ("Mine", "me"), ("My team’s", "team")]
        return [
            Tab(label, self.url(owner=owner), self.all("owner") == ([owner] if owner else []))
            for label, owner in owners
        ]

    @property
    def layout_tabs(self) -> list[Tab]:
        """The same leads as a list or as a board."""
        layouts = [("List", "leads.list_leads"), ("Board", "leads.show_board")]
        return [Tab(label, self.url(endpoint), endpoint == self.endpoint) for label, endpoint in layouts]

    @property
    def orders(self) -> Mapping[str, str]:
        """The orders to choose from, the present one among them."""
        return ORDERS if self.sort in ORDERS else {self.sort: "As the table’s head says", **ORDERS}

    def list_chips(self, people: Sequence[Employee], customer: Customer | None) -> list[Chip]:
        """
        Put the filters in use in words.

        :param people: everyone who may be named as an owner
        :param customer: the customer whose leads are shown, if only theirs are
        :return: a chip for each filter that has an effect, in the order of the filter bar
        """
        names = {str(person.id): person.name for person in people} | OWNER_WORDS
        owners = [owner for owner in self.all("owner") if owner in OWNER_WORDS or owner in map(str, self.ids("owner"))]
        labels = [
            *(("q", words, f"“{words}”") for words in self.all("q")[:1]),
            *(("kind", kind.value, kind.value.capitalize()) for kind in StatusKind if kind is self.kind),
            *(("status", status.value, status.label) for status in self.statuses if status in self.offered_statuses),
            *(("owner", owner, f"Owner: {names.get(owner, 'unknown')}") for owner in owners),
            *(("source", source, f"Source: {source}") for source in self.all("source")),
            *(
                ("customer", value, f"Customer: {customer.name if customer else 'unknown'}")
                for value in self._customers()
            ),
            *(
                (name, self.one(name), f"{DATES[name]} {filters.date(day, reader=self.reader)}")
                for name, day in self.days.items()
            ),
        ]
        return [Chip(label, self.url_without(name, value)) for name, value, label in labels]

    def _customers(self) -> list[str]:
        return [value for value in self.all("customer")[:1] if self.customer_id is not None]
