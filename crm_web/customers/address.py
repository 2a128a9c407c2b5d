"""What the address of the list of customers says, and how its filters read."""

from collections.abc import Mapping, Sequence

from werkzeug.datastructures import MultiDict

from crm_web.customers import queries
from crm_web.customers.queries import CustomerFilter
from crm_web.list_address import Chip, ListAddress, Tab
from crm_web.models import CustomerKind, CustomerStatus, Employee

OWNER_WORDS = {"me": "Me", "nobody": "Nobody"}
ORDERS = {
    "name": "Name",
    "-updated_at": "Changed last",
    "-created_at": "Newest",
    "number": "Number",
    "city": "City",
    "owner": "Owner",
}
"""The orders that people ask for by name; the heads of the table give the others."""


class CustomersAddress(ListAddress):
    """
    The address of the list of customers.

    :param args: the query of the address
    :param me: the employee who reads
    """

    def __init__(self, args: MultiDict[str, str], *, me: Employee) -> None:
        super().__init__(
            "customers.list_customers",
            args,
            names=("q", "status", "kind", "owner"),
            sorts=queries.SORTS,
            default_sort=queries.DEFAULT_SORT,
            largest_first=("created_at", "updated_at"),
        )
        self.me = me
        self.statuses = [status for status in CustomerStatus if status in self.all("status")]
        self.kind = next((kind for kind in CustomerKind if kind == self.one("kind")), None)

    def read_filter(self) -> CustomerFilter:
        """Say which customers the list shows."""
        words = self.all("owner")
        return CustomerFilter(
            words=self.one("q"),
            statuses=self.statuses,
            kinds=[self.kind] if self.kind else [],
            owner_ids=[
                *([self.me.id] if "me" in words else []),
                *([0] if "nobody" in words else []),
                *self.ids("owner"),
            ],
        )

    @property
    def owner_tabs(self) -> list[Tab]:
        """Everyone's customers, or the reader's own."""
        owners = [("Everyone’s", None), ("Mine", "me")]
        return [
            Tab(label, self.url(owner=owner), self.all("owner") == ([owner] if owner else []))
            for label, owner in owners
        ]

    @property
    def status_choices(self) -> list[tuple[str, str]]:
        """Values and labels of the statuses."""
        return [(status.value, status.label) for status in CustomerStatus]

    @property
    def kind_choices(self) -> list[tuple[str, str]]:
        """Values and labels of the kinds."""
        return [(kind.value, kind.label) for kind in CustomerKind]

    def list_owner_choices(self, people: Sequence[Employee]) -> list[tuple[str, str]]:
        """Values and labels of the owners to choose from."""
        return [*OWNER_WORDS.items(), *((str(person.id), person.name) for person in people)]

    @property
    def orders(self) -> Mapping[str, str]:
        """The orders to choose from, the present one among them."""
        return ORDERS if self.sort in ORDERS else {self.sort: "As the table’s head says", **ORDERS}

    def list_chips(self, people: Sequence[Employee]) -> list[Chip]:
        """
        Put the filters in use in words.

        :param people: everyone who may be named as an owner
        :return: a chip for each filter that has an effect
        """
        names = {str(person.id): person.name for person in people} | OWNER_WORDS
        owners = [owner for owner in self.all("owner") if owner in OWNER_WORDS or owner in map(str, self.ids("owner"))]
        labels = [
            *(("q", words, f"“{words}”") for words in self.all("q")[:1]),
            *(("status", status.value, status.label) for status in self.statuses),
            *(("kind", kind.value, kind.label) for kind in CustomerKind if kind is self.kind),
            *(("owner", owner, f"Owner: {names.get(owner, 'unknown')}") for owner in owners),
        ]
        return [Chip(label, self.url_without(name, value)) for name, value, label in labels]
