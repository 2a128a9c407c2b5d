"""What the address of the list of leads says."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask_login import current_user

from crm_web.auth.permissions import Action, may, may_change
from crm_web.leads.left_status import LeftStatusFilter
from crm_web.leads.listing.filters import FILTERS, OVERDUE, STATUS
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.lists.columns import TableRow
from crm_web.lists.filters import read_words
from crm_web.lists.params import Tab
from crm_web.lists.record_params import SpecListParams
from crm_web.models import LeadStatus, StatusKind
from crm_web.web.urls import url_before_id


class LeadListParams(SpecListParams):
    """The address of the list of leads."""

    list_endpoint, spec, declared = "leads.list_leads", LEADS, FILTERS

    def read_filter(self) -> LeadFilter:
        leads = LeadFilter(**self.read_parts())
        return replace(leads, overdue_on=self.today if self.one("close") == OVERDUE else None, left=self._read_left())

    def list_rows(self, records: Sequence[Any]) -> list[TableRow]:
        before, after = url_before_id("leads.show_lead", "lead_id"), self.back
        names_company, may_all = "company" not in self.columns, may(self.me, Action.CHANGE_ANY)
        return [
            TableRow(
                lead.id,
                lead.name,
                f"{before}{lead.id}{after}",
                lead.company if names_company and lead.company != lead.name else None,
                lead.company,
                may_all or may_change(self.me, lead),
            )
            for lead in records
        ]

    def _read_left(self) -> LeftStatusFilter | None:
        start, end = map(self.begin, self.date_range("left"))
        left = LeftStatusFilter(
            statuses=[status for status in LeadStatus if status in self.all("left")],
            start=start,
            end=end,
            owner_ids=self.person_ids("left_owner"),
            sources=read_words(self.all("left_source")),
        )
        return left if any(vars(left).values()) else None

    # What the filter bar offers

    @property
    def kind_tabs(self) -> list[Tab]:
        """All leads, or one kind of status; a status chosen before belongs to the tab that is left."""
        kinds: list[tuple[str, StatusKind | None]] = [
            ("Any status", None),
            *((kind.value.capitalize(), kind) for kind in StatusKind),
        ]
        return [Tab(label, self.url(kind=kind, status=None), (kind or "") == self.one("kind")) for label, kind in kinds]

    @property
    def owner_tabs(self) -> list[Tab]:
        """Everyone's leads, or those that concern the reader most."""
        own = [("Mine", "me")] if may(current_user, Action.CREATE) else []
        return self.list_owner_tabs([("All", None), *own, ("My team’s", "team")])

    @property
    def layout_tabs(self) -> list[Tab]:
        """The same leads as a list or as a board."""
        layouts = [("List", "leads.list_leads"), ("Board", "leads.show_board")]
        return [Tab(label, self.url(endpoint), endpoint == self.endpoint) for label, endpoint in layouts]

    # How the filters read

    @property
    def ignored(self) -> list[str]:
        """List the typed values that mean nothing, and the statuses that belong to another tab."""
        others = [LeadStatus(word) for word in self.all("status") if word not in STATUS.offered(self)]
        return super().ignored + [f"“{status.label}” is not {self.one('kind')}" for status in others]
