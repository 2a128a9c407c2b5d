"""What the address of the list of leads says, and how its filters read."""

from collections.abc import Sequence

from werkzeug.datastructures import MultiDict

from crm_web.leads.left_status import LeftStatusFilter
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.lists import record_params
from crm_web.lists.date_ranges import FUTURE, PAST, WORDS
from crm_web.lists.params import Chip, Tab, is_record_id
from crm_web.lists.record_params import DateRangeFilter, Label, RecordListParams, name_word, read_words
from crm_web.models import CURRENCIES, WAY_TO_WON, Customer, Employee, LeadStatus, LostReason, StatusKind
from crm_web.records.number_input import PLAIN, write_amount
from crm_web.records.parsing import read_money
from crm_web.web import template_filters
from crm_web.web.template_filters import UserLocale

DATES = record_params.DATES | {
    "close_from": "Expected close from",
    "close_to": "Expected close before",
    "closed_from": "Closed from",
    "closed_to": "Closed before",
    "left_from": "Left from",
    "left_to": "Left before",
}
OVERDUE = "overdue"
AMOUNTS = ("amount_from", "amount_to")
OTHERS = ("kind", "status", "source", "customer", "currency", "amount_from", "amount_to", "close", "closed")
OF_LEFT = ("left", "left_from", "left_to", "left_owner", "left_source")
OF_REPORTS = ("reason", "reached", *OF_LEFT)
NAMES = (*record_params.NAMES, *OTHERS, *OF_REPORTS, *(name for name in DATES if name not in record_params.DATES))


class LeadListParams(RecordListParams):
    """
    The address of the list of leads.

    :param args: the query of the address
    :param me: the employee who reads
    :param reader: in whose language and time zone
    """

    def __init__(self, args: MultiDict[str, str], *, me: Employee, user_locale: UserLocale) -> None:
        super().__init__(
            "leads.list_leads",
            args,
            me=me,
            user_locale=user_locale,
            dates=DATES,
            spec=LEADS,
            names=NAMES,
        )
        self._require_known_of_leads()
        self.kind = next((kind for kind in StatusKind if kind == self.one("kind")), None)
        self.statuses = [status for status in LeadStatus if status in self.all("status")]
        self.lost_reasons = [reason for reason in LostReason if reason in self.all("reason")]
        self.reached = next((status for status in WAY_TO_WON if status == self.one("reached")), None)
        self.left = [status for status in LeadStatus if status in self.all("left")]
        self.customer_id = next(iter(self.ids("customer")), None)
        self.read_typed(AMOUNTS, self._read_amount)

    @property
    def currency(self) -> str | None:
        """The currency that is filtered by."""
        return next((code for typed in self.all("currency") if (code := typed.upper()) in CURRENCIES), None)

    def _read_amount(self, typed: str) -> str:
        """Turn a typed amount into one of an address; the sign of a currency beside it filters by that currency."""
        if PLAIN.fullmatch(typed):
            return typed
        amount, sign = read_money(typed, self.user_locale.locale)
        if sign and self.one("currency"):
            if self.currency not in sign.currencies:
                raise ValueError(f"“{typed}” is not an amount in {self.one('currency')}.")
        elif sign and sign.usual is None:
            raise ValueError(f"“{typed}” could be in several currencies. Choose one.")
        elif sign and sign.usual:
            self.filters["currency"] = [sign.usual]
        return str(amount)

    def show_amount(self, name: str) -> str:
        """An amount that is filtered by, as the reader would type it."""
        amount = self.amount(name)
        return self.one(name) if amount is None else write_amount(amount, self.user_locale.locale)

    def _require_known_of_leads(self) -> None:
        self.require("kind", "a status group", lambda word: word in list(StatusKind), is_single=True)
        self.require("status", "a status", lambda word: word in list(LeadStatus))
        self.require("reason", "a lost reason", lambda word: word in list(LostReason))
        self.require("reached", "an earlier status", lambda word: word in WAY_TO_WON, is_single=True)
        self.require("left", "a status", lambda word: word in list(LeadStatus))
        self.require("left_owner", "an owner", self.is_person)
        self.require("customer", "a customer", is_record_id, is_single=True)
        self.require("close", "a period", lambda word: word in (OVERDUE, *WORDS), is_single=True)
        self.require("closed", "a period", lambda word: word in WORDS, is_single=True)
        for name in ("currency", "amount_from", "amount_to"):
            self.require(name, "", lambda _: True, is_single=True)

    def read_filter(self) -> LeadFilter:
        """Say which leads the list shows."""
        close_from, close_to = self.date_range("close")
        return LeadFilter(
            **self.read_shared(),
            statuses=self._shown_statuses(),
            sources=read_words(self.all("source")),
            customer_id=self.customer_id,
            currency=self.currency,
            amount_from=self.amount("amount_from"),
            amount_to=self.amount("amount_to"),
            close_from=close_from,
            close_to=close_to,
            overdue_on=self.today if self.one("close") == OVERDUE else None,
            closed_from=self._first("closed"),
            closed_to=self._next("closed"),
            lost_reasons=self.lost_reasons,
            reached=self.reached,
            left=self._read_left(),
        )

    def _read_left(self) -> LeftStatusFilter | None:
        left = LeftStatusFilter(
            statuses=self.left,
            start=self._first("left"),
            end=self._next("left"),
            owner_ids=self.person_ids("left_owner"),
            sources=read_words(self.all("left_source")),
        )
        return left if any(vars(left).values()) else None

    def _shown_statuses(self) -> Sequence[LeadStatus]:
        """Within a kind only its own statuses count: a link to others was made for another tab."""
        return [status for status in self.statuses if status in self.offered_statuses] or (
            self.offered_statuses if self.kind else []
        )

    def is_applied(self, name: str) -> bool:
        """Whether what is typed into a filter means something; its field shows it either way."""
        return super().is_applied(name) and (name != "currency" or self.currency is not None)

    @property
    def offered_statuses(self) -> list[LeadStatus]:
        """The statuses that can be chosen within the kind shown."""
        return [status for status in LeadStatus if self.kind in (None, status.kind)]

    # What the filter bar offers

    @property
    def status_choices(self) -> list[tuple[str, str]]:
        """Values and labels of the statuses to choose from."""
        return [(status.value, status.label) for status in self.offered_statuses]

    @property
    def date_ranges(self) -> list[DateRangeFilter]:
        """The days to filter by."""
        past, future = ([(word, WORDS[word][0].capitalize()) for word in words] for words in (PAST, FUTURE))
        offered = {
            "created": ("Created", past),
            "close": ("Expected close", [(OVERDUE, "Overdue"), *future]),
            "active": ("Last activity", ()),
            "closed": ("Closed", past),
        }
        return [
            DateRangeFilter(title, name, words, ((f"{name}_from", "from"), (f"{name}_to", "before")))
            for name, (title, words) in offered.items()
        ]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the filter bar passes on without a control of its own."""
        return self.list_kept("kind", "customer", *OF_REPORTS)

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
        return self.list_owner_tabs([("All", None), ("Mine", "me"), ("My team’s", "team")])

    @property
    def layout_tabs(self) -> list[Tab]:
        """The same leads as a list or as a board."""
        layouts = [("List", "leads.list_leads"), ("Board", "leads.show_board")]
        return [Tab(label, self.url(endpoint), endpoint == self.endpoint) for label, endpoint in layouts]

    # How the filters read

    def list_chips(self, people: Sequence[Employee], customer: Customer | None) -> list[Chip]:
        """
        Put the filters in use in words.

        :param people: everyone who may be named as an owner
        :param customer: the customer whose leads are shown, if only theirs are
        :return: a chip for each filter that has an effect, in the order of the filter bar
        """
        name = customer.name if customer else "unknown"
        labels: list[Label] = [
            *(("q", words, f"“{words}”") for words in self.all("q")[:1]),
            *(("kind", kind.value, kind.value.capitalize()) for kind in StatusKind if kind is self.kind),
            *(("status", status.value, status.label) for status in self.statuses if status in self.offered_statuses),
            *self.name_owners(people),
            *(("source", source, name_word("Source", source)) for source in self.all("source")),
            *(("customer", value, f"Customer: {name}") for value in self._customers()),
            *self._name_amounts(),
            *(("reason", reason.value, f"Lost reason: {reason.label}") for reason in self.lost_reasons),
            *(("reached", status.value, f"Reached {status.label}") for status in [self.reached] if status),
            *(("left", status.value, f"Left {status.label}") for status in self.left),
            *self.name_people("left_owner", "Owner at the time:", people),
            *(("left_source", word, f"{name_word('Source', word)} at the time") for word in self.all("left_source")),
            *(("close", OVERDUE, "Overdue") for word in self.all("close")[:1] if word == OVERDUE),
            *self.name_shared(),
        ]
        return self.to_chips(labels)

    def _customers(self) -> list[str]:
        return [value for value in self.all("customer")[:1] if self.customer_id is not None]

    def _name_amounts(self) -> list[Label]:
        sides = {"amount_from": "Amount at least", "amount_to": "Amount at most"}
        amounts = [
            (
                name,
                self.one(name),
                f"{side} {template_filters.money(amount, self.currency, user_locale=self.user_locale)}",
            )
            for name, side in sides.items()
            if (amount := self.amount(name)) is not None
        ]
        return amounts + [("currency", self.one("currency"), f"Currency: {code}") for code in [self.currency] if code]

    @property
    def ignored(self) -> list[str]:
        """What was typed and means nothing."""
        currency = self.one("currency")
        unknown = [f"“{currency}” is not a currency"] if currency and not self.currency else []
        others = [status.label for status in self.statuses if status not in self.offered_statuses]
        unknown += [f"“{label}” is not {self.kind}" for label in others]
        return self.left_out() + unknown
