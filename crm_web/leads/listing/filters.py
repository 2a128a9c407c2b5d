"""What the list of leads can be filtered by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from crm_web.customers.queries import find_customer_name
from crm_web.leads.spec import LEADS
from crm_web.lists.date_ranges import FUTURE, PAST
from crm_web.lists.filters import (
    MORE,
    NOWHERE,
    ChoiceFilter,
    Choices,
    CountryFilter,
    DatesFilter,
    Filter,
    Label,
    MissingFilter,
    OneChoiceFilter,
    PeopleFilter,
    RecordIdFilter,
    SearchFilter,
    UntouchedFilter,
    WordFilter,
)
from crm_web.models import CURRENCIES, WAY_TO_WON, LeadStatus, LostReason, StatusKind
from crm_web.records.number_input import PLAIN, NeedsChoice, write_amount
from crm_web.records.parsing import read_money
from crm_web.web import template_filters

if TYPE_CHECKING:
    from crm_web.lists.record_params import RecordListParams

OVERDUE = "overdue"


@dataclass(frozen=True, kw_only=True)
class StatusFilter(ChoiceFilter):
    """Statuses; within a kind only its own count: a link to others was made for another tab."""

    def offered(self, view: "RecordListParams") -> list[LeadStatus]:
        """The statuses of the kind shown."""
        return [status for status in LeadStatus if view.one("kind") in ("", status.kind)]

    def read_value(self, view: "RecordListParams") -> list[LeadStatus]:
        offered = self.offered(view)
        return [word for word in offered if word in view.all(self.name)] or (offered if view.one("kind") else [])

    def labels(self, view: "RecordListParams", people: Mapping[str, str]) -> Iterable[Label]:
        return [label for label in super().labels(view, people) if label[1] in self.offered(view)]

    def choices(self, view: "RecordListParams", people: Sequence[Any], words: Mapping[str, Sequence[str]]) -> Choices:
        offered = [(status.value, status.label) for status in self.offered(view)]
        return offered if len(offered) > 1 else []


@dataclass(frozen=True, kw_only=True)
class AmountFilter(Filter):
    """Amounts from one to another, and their currency, which a sign beside an amount chooses as well."""

    control: ClassVar[str] = "amounts"

    @cached_property
    def sides(self) -> Mapping[str, str]:
        """The words for the two amounts, with their labels."""
        return {f"{self.name}_from": f"{self.title} at least", f"{self.name}_to": f"{self.title} at most"}

    @cached_property
    def names(self) -> Sequence[str]:
        return (*self.sides, "currency")

    def check(self, view: "RecordListParams") -> None:
        for name in self.names:
            view.require(name, "", lambda _: True, is_single=True)
        view.read_typed(self.sides, lambda typed: self._read_amount(view, typed))
        if (typed := view.one("currency")) and not self.currency(view):
            view.unread["currency"] = f"“{typed}” is not a currency"

    def currency(self, view: "RecordListParams") -> str | None:
        """The currency that is filtered by."""
        return next((code for typed in view.all("currency") if (code := typed.upper()) in CURRENCIES), None)

    def _read_amount(self, view: "RecordListParams", typed: str) -> str:
        """Turn a typed amount into one of an address."""
        if PLAIN.fullmatch(typed):
            return typed
        amount, sign = read_money(typed, view.user_locale.locale)
        if sign and view.one("currency"):
            if self.currency(view) not in sign.currencies:
                raise NeedsChoice(f"“{typed}” is not an amount in {view.one('currency')}.")
        elif sign and sign.usual is None:
            raise NeedsChoice(f"“{typed}” could be in several currencies. Choose one.")
        elif sign and sign.usual:
            view.filters["currency"] = [sign.usual]
        return str(amount)

    def read(self, view: "RecordListParams") -> Mapping[str, Any]:
        return {name: view.amount(name) for name in self.sides} | {"currency": self.currency(view)}

    def show(self, view: "RecordListParams", name: str) -> str:
        """An amount that is filtered by, as the reader would type it."""
        amount = view.amount(name)
        return view.one(name) if amount is None else write_amount(amount, view.user_locale.locale)

    def say_unread(self, view: "RecordListParams", name: str) -> str:
        return f"“{view.one(name)}” is not an amount"

    def labels(self, view: "RecordListParams", people: Mapping[str, str]) -> Iterable[Label]:
        code = self.currency(view)
        amounts = [
            (name, view.one(name), f"{label} {template_filters.money(amount, code, user_locale=view.user_locale)}")
            for name, label in self.sides.items()
            if (amount := view.amount(name)) is not None
        ]
        return amounts + ([("currency", view.one("currency"), f"Currency: {code}")] if code else [])


KIND = OneChoiceFilter(name="kind", title="Kind", words=list(StatusKind), what="a status group", place=NOWHERE)
STATUS = StatusFilter(
    name="status",
    title="Status",
    part="statuses",
    words=list(LeadStatus),
    what="a status",
    help="All statuses of kind, if it is given.",
)
FILTERS = (
    SearchFilter(
        title="Name, company, email or phone",
        help="Up to 8 words of its name or contact details. Typos are not corrected.",
    ),
    KIND,
    STATUS,
    PeopleFilter(name="owner", title="Owner", part="owner_ids"),
    WordFilter(name="source", title="Source", part="sources"),
    RecordIdFilter(
        name="customer",
        title="Customer",
        part="customer_id",
        what="a customer",
        find_name=find_customer_name,
        place=NOWHERE,
    ),
    DatesFilter(name="created", title="Created", part="created", offered=PAST, place=MORE),
    DatesFilter(
        name="close",
        title="Expected close",
        part="close",
        offered=FUTURE,
        others={OVERDUE: "Overdue"},
        are_days=True,
        place=MORE,
    ),
    DatesFilter(name="active", title="Last activity", part="active", place=MORE),
    DatesFilter(name="closed", title="Closed", part="closed", offered=PAST, place=MORE),
    AmountFilter(name="amount", title="Amount", place=MORE),
    UntouchedFilter(title="No activity for", place=MORE),
    WordFilter(name="industry", title="Industry", part="industries", place=MORE),
    CountryFilter(name="country", title="Country", part="countries", place=MORE),
    MissingFilter(title="Missing", words=LEADS.missing, place=MORE),
    ChoiceFilter(
        name="reason",
        part="lost_reasons",
        words=list(LostReason),
        what="a lost reason",
        chip="Lost reason: {}",
        place=NOWHERE,
        help="Lost for any of these reasons.",
    ),
    OneChoiceFilter(
        name="reached",
        part="reached",
        words=WAY_TO_WON,
        what="an earlier status",
        chip="Reached {}",
        place=NOWHERE,
        help="Reached this status or a later one.",
    ),
    ChoiceFilter(
        name="left",
        words=list(LeadStatus),
        what="a status",
        chip="Left {}",
        place=NOWHERE,
        help="Moved on from any of these statuses.",
    ),
    DatesFilter(name="left", title="Left", place=NOWHERE),
    PeopleFilter(
        name="left_owner",
        chip="Owner at the time:",
        place=NOWHERE,
        help="Owned by any of these when it moved on.",
    ),
    WordFilter(
        name="left_source",
        title="Source",
        chip="{} at the time",
        place=NOWHERE,
        help="Had any of these sources when it moved on.",
    ),
)
