"""The board as its page shows it: its address, its columns, and what a card says about its lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from crm_web import filters
from crm_web.access import may_change, reason_not_to_change
from crm_web.clock import now
from crm_web.filters import Reader
from crm_web.leads import board_queries
from crm_web.leads.address import LeadsAddress
from crm_web.leads.board_queries import Cards, Tally
from crm_web.leads.queries import LeadFilter
from crm_web.models import Employee, Lead, LeadStatus, StatusKind

RECENT_DAYS = 30
"""For how long a lead that was closed stays on the board."""
QUIET_DAYS = {
    LeadStatus.NEW: 7,
    LeadStatus.CONTACTED: 14,
    LeadStatus.QUALIFIED: 14,
    LeadStatus.PROPOSAL: 14,
    LeadStatus.NEGOTIATION: 10,
    LeadStatus.ON_HOLD: 60,
}
"""From how many days without a change or an activity on a card says that its lead stands still."""
MOST_CURRENCIES = 2


@dataclass(frozen=True)
class Card:
    """
    One lead on the board.

    :param lead: the lead
    :param quiet_since: when something last happened, if that is too long ago
    :param quiet_days: how many days ago that was
    :param reason: why the reader may not move it; empty where they may
    """

    lead: Lead
    quiet_since: datetime | None
    quiet_days: int
    reason: str


@dataclass(frozen=True)
class Column:
    """
    One status and what stands there.

    :param status: the status
    :param count: how many leads there are, in words
    :param worth: what they are worth, in words, the commonest currencies only
    :param all_worth: the same with every currency
    :param cards: the cards shown
    :param list_url: the list of the same leads
    :param more_url: where the column goes on, if it does
    :param first_url: the board from this column's first card on, where it does not begin there
    """

    status: LeadStatus
    count: str
    worth: str
    all_worth: str
    cards: Sequence[Card]
    list_url: str
    more_url: str | None
    first_url: str | None

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Where its leads can go: values and labels."""
        return [(status.value, status.label) for status in LeadStatus if status is not self.status]


class BoardAddress(LeadsAddress):
    """The address of the board: it takes the filters of the list, and the statuses chosen are its columns."""

    def __init__(self, args: MultiDict[str, str], *, me: Employee, reader: Reader) -> None:
        super().__init__(args, me=me, reader=reader)
        self.endpoint = "leads.show_board"

    @property
    def orders(self) -> Mapping[str, str]:
        """None to choose from: what changed last stands on top."""
        return {}

    @property
    def is_recent_only(self) -> bool:
        """Whether closed leads are left out after a while; not where the filters say when they were closed."""
        return not (self.day("closed_from") or self.day("closed_to"))

    @property
    def recent_from(self) -> date | None:
        """The first day on which a lead on the board may have been closed, if there is one."""
        return now().astimezone(self.reader.zone).date() - timedelta(days=RECENT_DAYS) if self.is_recent_only else None

    @property
    def closed_since(self) -> datetime | None:
        """The same as a moment."""
        return datetime.combine(self.recent_from, time(), self.reader.zone) if self.recent_from else None

    @property
    def here(self) -> str:
        """This very page, for coming back to it."""
        return self.url(at=self.mark)

    def read_filter(self) -> LeadFilter:
        """Say which leads the board shows, with all of its columns by name."""
        leads = super().read_filter()
        return replace(leads, statuses=list(leads.statuses) or list(LeadStatus))

    def url_of_list(self, status: LeadStatus) -> str:
        """The list of the leads of one column."""
        start = self.recent_from if status.kind is not StatusKind.OPEN else None
        return self.url("leads.list_leads", kind=None, status=status, closed_from=start or self.one("closed_from"))


def lay_out(view: BoardAddress, *, by: Employee) -> list[Column]:
    """
    Load the board.

    :param view: its address
    :param by: who looks at it
    :return: its columns, in the order of a sale
    """
    leads, since = view.read_filter(), view.closed_since
    tallies = board_queries.tally_columns(leads, closed_since=since)
    if view.mark and len(leads.statuses) == 1:
        page = board_queries.list_column(leads, closed_since=since, mark=view.mark)
        loaded = {leads.statuses[0]: Cards(page.rows, page.next)}
    else:
        is_rare = replace(leads, statuses=()) != LeadFilter() and all(tally.is_exact for tally in tallies.values())
        loaded = board_queries.list_cards(leads, closed_since=since, is_rare=is_rare)
    shown = [lead for cards in loaded.values() for lead in cards.leads]
    last = board_queries.list_last_activities([lead for lead in shown if _days_since(lead.updated_at, lead)])
    return [
        _column(view, status, tallies[status], cards.next, [_card(lead, last.get(lead.id), by) for lead in cards.leads])
        for status, cards in loaded.items()
    ]


def _column(view: BoardAddress, status: LeadStatus, tally: Tally, mark: str | None, cards: Sequence[Card]) -> Column:
    alone: dict[str, Any] = {"kind": None, "status": status}
    sums = [filters.money(amount, currency, reader=view.reader) for currency, amount in tally.sums]
    more = f" and {len(sums) - MOST_CURRENCIES} more" if len(sums) > MOST_CURRENCIES else ""
    plus = "" if tally.is_exact else "+"
    return Column(
        status=status,
        count=filters.number(tally.count, reader=view.reader) + plus,
        worth=" · ".join(sums[:MOST_CURRENCIES]) + more if tally.is_exact else "",
        all_worth=" · ".join(sums),
        cards=cards,
        list_url=view.url_of_list(status),
        more_url=view.url(at=mark, **alone) if mark else None,
        first_url=view.url(**alone) if view.mark else None,
    )


def _card(lead: Lead, last_activity: datetime | None, by: Employee) -> Card:
    since = max(lead.updated_at, last_activity or lead.updated_at)
    days = _days_since(since, lead)
    reason = "" if may_change(by, lead) else reason_not_to_change(by, lead)
    return Card(lead, since if days else None, days, reason)


def _days_since(moment: datetime, lead: Lead) -> int:
    """For how many days nothing has happened; 0 while that is not long for this status, or the lead is closed."""
    days = (now() - moment).days
    return days if lead.is_open and days >= QUIET_DAYS[lead.status] else 0
