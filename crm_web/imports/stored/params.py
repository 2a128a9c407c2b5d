"""The URL parameters of the pages that list the rows of an import, by what became of them."""

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from crm_web.lists.params import ListParams, Tab
from crm_web.models import Import, ImportOutcome, UndoOutcome
from crm_web.web.template_filters import current_user_locale, number

PLANNED = {
    ImportOutcome.REFUSED: "Refused",
    ImportOutcome.CREATED: "Will be created",
    ImportOutcome.UPDATED: "Will be updated",
    ImportOutcome.FILLED: "Will be filled in",
    ImportOutcome.SAME: "Nothing new",
}
DONE: dict[ImportOutcome | UndoOutcome, str] = {
    UndoOutcome.LEFT: "Not undone",
    UndoOutcome.UNDONE: "Undone",
    **{outcome: outcome.label for outcome in ImportOutcome},
}
"""What the pages of a check and of an import show, and in which order it is asked for."""


class ResultParams(ListParams):
    """The URL parameters of a page of rows.

    :param counts: the number of rows by outcome
    """

    def __init__(self, endpoint: str, args: MultiDict[str, str], *, record: Import, counts: Mapping[Any, int]) -> None:
        super().__init__(endpoint, args, names=("show",), path={"import_id": record.id})
        self.counts = counts
        self.labels: Mapping[Any, str] = DONE if record.imported_at else PLANNED
        self.offered = [outcome for outcome in self.labels if counts.get(outcome)]
        usual = next(iter(self.offered), ImportOutcome.CREATED)
        self.outcome = next((outcome for outcome in self.offered if outcome == self.one("show")), usual)

    @property
    def tabs(self) -> list[Tab]:
        """The outcomes that occur."""
        return [
            Tab(
                f"{self.labels[outcome]} {number(self.counts[outcome], user_locale=current_user_locale())}",
                self.url(show=outcome.value),
                outcome is self.outcome,
            )
            for outcome in self.offered
        ]
