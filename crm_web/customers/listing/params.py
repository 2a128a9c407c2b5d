"""What the address of the list of customers says, and how its filters read."""

from collections.abc import Sequence

from werkzeug.datastructures import MultiDict

from crm_web.customers.queries import CustomerFilter
from crm_web.customers.spec import CUSTOMERS
from crm_web.lists import record_params
from crm_web.lists.date_ranges import PAST, WORDS
from crm_web.lists.params import Chip, Tab
from crm_web.lists.record_params import DateRangeFilter, Label, RecordListParams
from crm_web.models import CustomerKind, CustomerStatus, Employee
from crm_web.web.template_filters import UserLocale

OWNER_WORDS = {"me": "Me", "nobody": "Unassigned"}


class CustomerListParams(RecordListParams):
    """
    The address of the list of customers.

    :param args: the query of the address
    :param me: the employee who reads
    :param reader: in whose language and time zone
    """

    def __init__(self, args: MultiDict[str, str], *, me: Employee, user_locale: UserLocale) -> None:
        super().__init__(
            "customers.list_customers",
            args,
            me=me,
            user_locale=user_locale,
            dates=record_params.DATES,
            spec=CUSTOMERS,
            owner_words=OWNER_WORDS,
            names=(*record_params.NAMES, "status", "kind"),
        )
        self.require("status", "a status", lambda word: word in list(CustomerStatus))
        self.require("kind", "a customer type", lambda word: word in list(CustomerKind), is_single=True)
        self.statuses = [status for status in CustomerStatus if status in self.all("status")]
        self.kind = next((kind for kind in CustomerKind if kind == self.one("kind")), None)

    def read_filter(self) -> CustomerFilter:
        """Say which customers the list shows."""
        return CustomerFilter(**self.read_shared(), statuses=self.statuses, kinds=[self.kind] if self.kind else [])

    @property
    def owner_tabs(self) -> list[Tab]:
        """Everyone's customers, or the reader's own."""
        return self.list_owner_tabs([("All", None), ("Mine", "me")])

    @property
    def status_choices(self) -> list[tuple[str, str]]:
        """Values and labels of the statuses."""
        return [(status.value, status.label) for status in CustomerStatus]

    @property
    def kind_choices(self) -> list[tuple[str, str]]:
        """Values and labels of the kinds."""
        return [(kind.value, kind.label) for kind in CustomerKind]

    @property
    def date_ranges(self) -> list[DateRangeFilter]:
        """The days to filter by."""
        past = [(word, WORDS[word][0].capitalize()) for word in PAST]
        return [
            DateRangeFilter("Created", "created", past, (("created_from", "from"), ("created_to", "before"))),
            DateRangeFilter("Last activity", "active", (), (("active_from", "from"), ("active_to", "before"))),
        ]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the filter bar passes on without a control of its own."""
        return self.list_kept()

    def list_chips(self, people: Sequence[Employee]) -> list[Chip]:
        """
        Put the filters in use in words.

        :param people: everyone who may be named as an owner
        :return: a chip for each filter that has an effect
        """
        labels: list[Label] = [
            *(("q", words, f"“{words}”") for words in self.all("q")[:1]),
            *(("status", status.value, status.label) for status in self.statuses),
            *(("kind", kind.value, kind.label) for kind in CustomerKind if kind is self.kind),
            *self.name_owners(people),
            *self.name_shared(),
        ]
        return self.to_chips(labels)

    @property
    def ignored(self) -> list[str]:
        """What was typed and means nothing."""
        return self.left_out()
