"""What the pages of imports show beside the rows themselves: progress, sizes, counts and files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_web.imports.stored import queries
from crm_web.imports.stored.preview import open_stored
from crm_web.models import WORKER_SILENT_AFTER, Import, ImportOutcome, ImportProgress, UndoOutcome

REPORT_HEAD = ("Line", "Outcome", "Reason", "Lead ID", "Lead", "Customer ID", "Undo")
STAGES = {"Finding columns": (0, 10), "Reading": (10, 50), "Checking for duplicates": (50, 50), "Saving": (55, 100)}
"""Between which percentages of the whole a stage of the engine lies."""


@dataclass(frozen=True)
class ProgressBar:
    """The progress of the worker.

    :param progress: what it noted; ``None`` if it was never asked
    :param worker_seen_at: when any worker was last seen
    :param now: the present time by the same clock
    """

    progress: ImportProgress | None
    worker_seen_at: datetime | None
    now: datetime

    @property
    def is_worker_silent(self) -> bool:
        """Whether nobody seems to work."""
        times = [self.worker_seen_at, self.progress.seen_at if self.progress else None]
        latest = max((time for time in times if time), default=None)
        return latest is None or self.now - latest > WORKER_SILENT_AFTER

    @property
    def has_begun(self) -> bool:
        return self.progress is not None and self.progress.started_at is not None

    @property
    def is_cancelled(self) -> bool:
        return self.progress is not None and self.progress.is_cancelled

    @property
    def stage(self) -> str:
        """What the worker does now."""
        return (self.progress.stage if self.progress else "") or "Starting"

    @property
    def percent(self) -> int:
        """How much of the whole is done."""
        if self.progress is None:
            return 0
        # The name of a file may follow.
        first, last = next((place for stage, place in STAGES.items() if self.progress.stage.startswith(stage)), (0, 0))
        done = self.progress.done / self.progress.total if self.progress.total else 0
        return round(first + (last - first) * min(done, 1))

    @property
    def rows(self) -> int:
        """How many rows are read."""
        return self.progress.rows if self.progress else 0

    @property
    def rate(self) -> int:
        """Rows a second."""
        seconds = self._seconds
        return round(self.rows / seconds) if seconds >= 1 else 0

    @property
    def seconds_left(self) -> int | None:
        """How long it will take if it goes on like this; ``None`` as long as nobody can tell."""
        if self._seconds < 2 or not 2 <= self.percent < 100:
            return None
        return max(1, round(self._seconds * (100 - self.percent) / self.percent))

    @property
    def time_left(self) -> str:
        """How long it will take, in words."""
        seconds = self.seconds_left or 0
        return f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"

    @property
    def _seconds(self) -> float:
        if self.progress is None or self.progress.started_at is None:
            return 0
        return (self.now - self.progress.started_at).total_seconds()


def count_outcomes(record: Import) -> dict[ImportOutcome | UndoOutcome, int]:
    """Count the rows by what became of them."""
    report = record.report or {}
    counts: dict[ImportOutcome | UndoOutcome, int] = {outcome: report.get(outcome, 0) for outcome in ImportOutcome}
    if record.undone_at:
        counts |= dict(queries.count_undone(record.id).items())
    return counts


def list_report_rows(import_id: int) -> Iterator[list[Any]]:
    """List what became of every row of a file, for a file with ``REPORT_HEAD``."""
    for row in queries.stream_results(import_id):
        undo = row.undo_reason or (row.undo_outcome.value if row.undo_outcome else None)
        yield [row.line, row.outcome.value, row.reason, row.lead_id, row.name or row.label, row.customer_id, undo]


def list_refused_rows(record: Import) -> Iterator[list[Any]]:
    """List the refused rows of a file as they stand there, each with its line and what is wrong."""
    refused = queries.stream_results(record.id, ImportOutcome.REFUSED)
    current = next(refused, None)
    for line, cells in open_stored(record).rows:
        if current is not None and current.line == line:
            yield [line, current.reason, *(current.cells or cells)]
            current = next(refused, None)
        if current is None:
            return
