"""The board: its URL parameters, columns and cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from flask import url_for
from sqlalchemy import Row
from werkzeug.datastructures import MultiDict

from crm_web.auth.permissions import may_change, reason_not_to_change_of
from crm_web.board import queries
from crm_web.board.queries import Cards, Standing
from crm_web.core.clock import now
from crm_web.leads.listing.params import LeadListParams
from crm_web.leads.queries import LeadFilter
from crm_web.models import Employee, LeadStatus, StatusKind
from crm_web.stats.formatting import format_totals, list_totals
from crm_web.stats.periods import Period, month_before, month_of
from crm_web.web import template_filters

QUIET_DAYS = {
    LeadStatus.NEW: 7,
    LeadStatus.CONTACTED: 14,
    LeadStatus.QUALIFIED: 14,
    LeadStatus.PROPOSAL: 14,
    LeadStatus.NEGOTIATION: 10,
    LeadStatus.ON_HOLD: 60,
}
"""From how many days without a change or an activity on a card says that its lead stands still."""
MOST_CURRENCIES = 1


class Card(NamedTuple):
    """A lead on the board. The template takes its parts by their places: to ask for each by its name takes a sixth of a
    board.

    :param reason: why the user may not move it; empty if they may
    """

    id: int
    name: str
    company: str | None
    status: LeadStatus
    amount: Decimal | None
    currency: str | None
    expected_close_on: date | None
    closed_at: datetime | None
    owner_name: str | None
    next_due_on: date | None
    quiet_since: datetime | None
    quiet_days: int
    reason: str


@dataclass(frozen=True)
class Column:
    """A status with its leads.

    :param new_url: where a lead is created with this status; ``None`` for closed ones
    :param is_strip: whether it only takes cards and shows none
    """

    status: LeadStatus
    count: str
    worth: str
    all_worth: str
    cards: Sequence[Card]
    list_url: str
    more_url: str | None
    first_url: str | None
    new_url: str | None
    is_strip: bool


class BoardParams(LeadListParams):
    """The URL parameters of the board: the filters of the lead list, with the chosen statuses as columns."""

    list_endpoint = "leads.show_board"

    def __init__(self, args: MultiDict[str, str]) -> None:
        super().__init__(args)
        self.moved_id = args.get("move", type=int)
        """The lead whose card shows the form that moves it, for browsers without scripts."""

    @property
    def orders(self) -> Mapping[str, str]:
        """The board has no choice of order: recently updated leads come first."""
        return {}

    @property
    def closed_in(self) -> Period | None:
        """The months whose closed leads are shown: this and the last, unless a filter says otherwise."""
        if self.date_range("closed") != (None, None):
            return None
        this = month_of(self.today, self.user_locale.zone)
        return Period(month_before(this).first_day, this.next_day, this.zone)

    @cached_property
    def here(self) -> str:
        """The URL of this page, for coming back to it."""
        return self.url(at=self.mark)

    @property
    def move_url(self) -> str:
        """What the links begin with that show a card with the form that moves it; its id follows."""
        _, _, query = self.here.partition("?")
        return f"?{query}&move=" if query else "?move="

    @property
    def statuses(self) -> list[LeadStatus]:
        """Where a card can be moved to, its own status among them."""
        return list(LeadStatus)

    @cached_property
    def strips(self) -> list[LeadStatus]:
        """The statuses that only take cards: closed ones, unless a filter asks for them."""
        chosen = super().read_filter().statuses
        return [] if chosen else [status for status in LeadStatus if status.kind is not StatusKind.OPEN]

    def read_filter(self) -> LeadFilter:
        """Return the filter of the leads on the board, with each column's status."""
        leads = super().read_filter()
        return replace(leads, statuses=list(leads.statuses) or list(LeadStatus))

    def url_of_list(self, status: LeadStatus) -> str:
        """The URL of the lead list for one column."""
        changes: dict[str, Any] = {"kind": None, "status": status}
        if self.closed_in and status.kind is not StatusKind.OPEN:
            changes["closed_from"] = self.closed_in.first_day
        return self.url("leads.list_leads", **changes)


def lay_out(view: BoardParams, *, by: Employee) -> list[Column]:
    """Load the columns of the board in order."""
    leads, months, strips = view.read_filter(), view.closed_in, view.strips
    standing = queries.count_columns(leads, months)
    if view.mark and len(leads.statuses) == 1:
        loaded = {leads.statuses[0]: queries.list_column(leads, months, cursor=view.mark)}
    else:
        with_cards = [status for status in leads.statuses if status not in strips]
        loaded = queries.list_cards(replace(leads, statuses=with_cards), months, standing)
        loaded |= dict.fromkeys(strips, Cards())
    return [_column(view, status, standing, cards, by) for status, cards in loaded.items()]


def _column(view: BoardParams, status: LeadStatus, standing: Standing, cards: Cards, by: Employee) -> Column:
    alone: dict[str, Any] = {"kind": None, "status": status}
    totals, moment = standing.tallies[status], now()
    return Column(
        status=status,
        count=template_filters.number(totals.count, user_locale=view.user_locale) + ("" if standing.is_exact else "+"),
        worth=format_totals(totals.by_currency, user_locale=view.user_locale, most=MOST_CURRENCIES)
        if standing.is_exact
        else "",
        all_worth=list_totals(totals.by_currency, user_locale=view.user_locale),
        cards=[_card(lead, by, moment) for lead in cards.leads],
        list_url=view.url_of_list(status),
        more_url=view.url(at=cards.next, **alone) if cards.next else None,
        first_url=view.url(**alone) if view.mark else None,
        new_url=url_for("leads.new_lead", status=status) if status.kind is StatusKind.OPEN else None,
        is_strip=status in view.strips,
    )


def _card(lead: Row[Any], by: Employee, moment: datetime) -> Card:
    since = max(lead.updated_at, lead.last_activity_at or lead.updated_at)
    days = (moment - since).days
    status, owner_name = lead.status, lead.owner_name
    is_quiet = days >= QUIET_DAYS.get(status, days + 1)
    return Card(
        *(lead.id, lead.name, lead.company, status, lead.amount, lead.currency),
        *(lead.expected_close_on, lead.closed_at, owner_name, lead.next_due_on),
        quiet_since=since if is_quiet else None,
        quiet_days=days if is_quiet else 0,
        reason="" if may_change(by, lead) else reason_not_to_change_of(by, owner_name),
    )
