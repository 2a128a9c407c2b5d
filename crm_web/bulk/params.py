"""The URL parameters of a bulk edit's result page."""

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from crm_web.lists.params import ListParams, Tab
from crm_web.models import BulkEdit, BulkOutcome, UndoOutcome

LABELS: dict[BulkOutcome | UndoOutcome, str] = {
    UndoOutcome.LEFT: "Not undone",
    UndoOutcome.UNDONE: "Undone",
    BulkOutcome.DONE: "Done",
    BulkOutcome.SKIPPED: "Skipped",
    BulkOutcome.REFUSED: "Failed",
}
"""What a receipt can show, and in which order it is asked for."""


class EditResultParams(ListParams):
    """The URL parameters of a result page.

    :param counts: the number of records by outcome
    """

    def __init__(self, args: MultiDict[str, str], *, edit: BulkEdit, counts: Mapping[str, int]) -> None:
        super().__init__("bulk.show_edit", args, names=("show",))
        self.edit, self.counts = edit, counts
        self.offered = [outcome for outcome in LABELS if counts.get(outcome)]
        usual = next(iter(self.offered), BulkOutcome.DONE)
        self.outcome = next((outcome for outcome in self.offered if outcome == self.one("show")), usual)

    def url(self, endpoint: str | None = None, *, at: str | None = None, **changes: Any) -> str:
        """The URL of this page with some parameters changed."""
        return super().url(endpoint, at=at, **{"edit_id": self.edit.id, **changes})

    @property
    def tabs(self) -> list[Tab]:
        """The outcomes that occur."""
        return [
            Tab(f"{LABELS[outcome]} {self.counts[outcome]:,}", self.url(show=outcome.value), outcome is self.outcome)
            for outcome in self.offered
        ]
