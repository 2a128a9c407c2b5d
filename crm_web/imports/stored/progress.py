"""How far the worker is with an import: noted while its transaction runs, in transactions of their own."""

import time
from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.imports.tables import Row
from crm_web.models import ImportProgress, limit_of

NOTED_EVERY = 0.5


class ImportCancelled(DomainError):
    """Somebody cancelled the import while the worker was at it."""


def begin_attempt(import_id: int) -> int:
    """Note that a worker begins.

    :return: how often one has begun, this time included
    """
    begun = update(ImportProgress).where(ImportProgress.import_id == import_id)
    begun = begun.values(
        attempts=ImportProgress.attempts + 1,
        started_at=func.clock_timestamp(),
        seen_at=func.clock_timestamp(),
        stage="",
        done=0,
        total=0,
        rows=0,
    )
    with _own_session() as own, own.begin():
        return own.scalar(begun.returning(ImportProgress.attempts)) or 1


def count_rows_read(import_id: int) -> int:
    """Count the rows that were read when progress was noted the last time."""
    return db.session.scalar(select(ImportProgress.rows).where(ImportProgress.import_id == import_id)) or 0


class ProgressNotes:
    """Notes how far an import is, and hears whether it is cancelled."""

    def __init__(self, import_id: int) -> None:
        self._import_id = import_id
        self._rows = 0
        self._filename = ""
        self._stage = ""
        self._noted_at = float("-inf")

    def begin_file(self, filename: str) -> None:
        """Note that a file begins.

        :param filename: empty if it is the only one
        """
        self._filename = filename

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Note what is done, unless something was noted a moment ago.

        :raise ImportCancelled: if somebody wants it to end
        """
        if stage == self._stage and time.monotonic() - self._noted_at < NOTED_EVERY:
            return
        self._stage, self._noted_at = stage, time.monotonic()
        note = update(ImportProgress).where(ImportProgress.import_id == self._import_id)
        shown = " · ".join(filter(None, (stage, self._filename)))[: limit_of(ImportProgress.stage)]
        note = note.values(stage=shown, done=done, total=total, rows=self._rows, seen_at=func.clock_timestamp())
        with _own_session() as own, own.begin():
            is_cancelled = own.scalar(note.returning(ImportProgress.is_cancelled))
        if is_cancelled:
            raise ImportCancelled("This import was canceled.")

    def count(self, rows: Iterable[Row], corrections: Mapping[int, list[str]]) -> Iterator[Row]:
        """Count rows as they are read, and put what a person typed in the place of those that they mended."""
        for line, cells in rows:
            self._rows += 1
            yield line, corrections.get(line, cells)


def _own_session() -> Session:
    return Session(db.engine)
