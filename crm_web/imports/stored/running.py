"""The worker's part: rehearse an import and take it all back, or do it once and for all.

The row of the import stays locked while a worker is at it, and its state changes in the transaction that imports. So
one worker at a time does it, it is done once, and what a killed worker began is rolled back and begun anew.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import IO, Any, Self

from sqlalchemy import func, select, text

from crm_web.auth.permissions import REFUSALS, Action, may
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.imports.operations import Report, import_leads, list_refused_rows, open_leads
from crm_web.imports.stored import results
from crm_web.imports.stored.files import open_file
from crm_web.imports.stored.hints import hint_at_pages
from crm_web.imports.stored.operations import claim_import, delete_import
from crm_web.imports.stored.progress import ImportCancelled, ProgressNotes, begin_attempt, count_rows_read
from crm_web.imports.stored.queries import list_set
from crm_web.imports.stored.settings import read_options
from crm_web.imports.stored.undoing import take_back
from crm_web.imports.stored.words import list_found
from crm_web.imports.targets import Target
from crm_web.imports.vacuum import vacuum_after_rollback
from crm_web.models import (
    ChangeSource,
    Employee,
    Import,
    ImportCorrection,
    ImportState,
    set_audit_actor,
    set_change_source,
)

MOST_ATTEMPTS = 3
POLL_SECONDS = 1.0
GAVE_UP = (
    "The worker failed at this three times, and nothing was imported. Try again, or ask an admin to look at its log."
)

log = logging.getLogger(__name__)


class FileFailed(DomainError):
    """One of the related files can’t be imported, and so none is.

    :param record: the file
    """

    def __init__(self, message: str, record: Import) -> None:
        super().__init__(message)
        self.record_id = record.id


class NotAllowedAnymore(DomainError):
    """Whoever started the import may not import by now."""


class ImportRunner:
    """Takes one import that waits for the worker at a time, and does the next step of it."""

    def run(self) -> bool:
        """Do one step of one import; returns whether there was one."""
        record = claim_import()
        if record is None:
            return False
        if begin_attempt(record.id) > MOST_ATTEMPTS:
            _stop(record, GAVE_UP)
            return True
        try:
            with db.session.begin_nested():
                STEPS[record.state](record)
        except ImportCancelled:
            vacuum_after_rollback(count_rows_read(record.id))
            delete_import(record)
        except DomainError as error:
            vacuum_after_rollback(count_rows_read(record.id))
            _stop(record, hint_at_pages(error.message), error.record_id if isinstance(error, FileFailed) else None)
        return True


def _stop(record: Import, problem: str, failed_id: int | None = None) -> None:
    """Return the import to the person, with the reason, at the file that it is about."""
    back = {ImportState.CHECKING: ImportState.DRAFT, ImportState.IMPORTING: ImportState.CHECKED}
    for file in list_set(record, lock=True):
        file.state = back.get(file.state, ImportState.IMPORTED)
        file.problem = problem if file.id == (failed_id or record.id) else None
    db.session.flush()


def check_import(record: Import) -> None:
    """Rehearse an import: run all of it, note what became of each row, and roll it back.

    :param record: the first file of an import, locked
    """
    files, notes = list_set(record, lock=True), ProgressNotes(record.id)
    with ExitStack() as kept:
        rehearsal = db.session.begin_nested()
        done = [kept.enter_context(_run_file(file, notes)) for file in files]
        # What is checked only at the end of a transaction is part of the rehearsal.
        db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        rehearsal.rollback()
        vacuum_after_rollback(sum(result.summary["read"] for result in done))
        for file, result in zip(files, done, strict=True):
            result.save(file.id)
            file.state, file.report, file.problem = ImportState.CHECKED, result.summary, None
            file.options = file.options | {"found": result.found}
        db.session.flush()


def run_import(record: Import) -> None:
    """Run an import; its state changes in the same transaction, so it runs once.

    :param record: the first file of an import, locked
    """
    notes = ProgressNotes(record.id)
    for file in list_set(record, lock=True):
        with _run_file(file, notes) as result:
            result.save(file.id)
        file.state, file.report, file.problem = ImportState.IMPORTED, result.summary, None
        file.imported_at, file.xact = func.now(), func.crm_xact()
    db.session.flush()


def undo_import(record: Import) -> None:
    """Undo an import, except what changed since.

    :param record: an import, locked
    """
    by = record.undone_by or record.made_by
    _check_allowed(by)
    set_change_source(ChangeSource.IMPORT)
    set_audit_actor(by)
    files = list_set(record, lock=True)
    take_back(record, [file.id for file in files], by=by, progress=ProgressNotes(record.id))
    for file in files:
        file.state, file.undone_at, file.problem = ImportState.UNDONE, func.now(), None
    db.session.flush()


def _check_allowed(by: Employee) -> None:
    if not (by.is_active and may(by, Action.IMPORT)):
        raise NotAllowedAnymore(f"{by.name} can’t import any more. {REFUSALS[Action.IMPORT]}")


@dataclass(frozen=True)
class FileResult:
    """What became of a file, taken out of the engine’s staging tables.

    :param found: the words in its columns
    """

    rows: IO[bytes]
    refused: list[tuple[int, list[str]]]
    summary: dict[str, Any]
    found: dict[str, Any]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.rows.close()

    def save(self, import_id: int) -> None:
        """Save it in place of what an earlier check found."""
        results.bring_in_results(import_id, self.rows)
        results.save_refused_cells(import_id, self.refused)


def _run_file(record: Import, notes: ProgressNotes) -> FileResult:
    """Run the engine for one file.

    :raise FileFailed: if the file can’t be imported
    """
    by, options = record.made_by, read_options(record.options)
    _check_allowed(by)
    options = replace(options, creates_owners=options.creates_owners and may(by, Action.KEEP_EMPLOYEES))
    corrections = _map_corrections(record.id)
    notes.begin_file(record.filename if record.options.get("is_set") else "")
    try:
        notes("Opening the file", 0, 0)
        file = open_leads(open_file(record), options, progress=notes)
        counted = replace(file, csv=replace(file.csv, rows=notes.count(file.csv.rows, corrections)))
        report = import_leads(counted, options, by=by, progress=notes)
    except ImportCancelled:
        raise
    except DomainError as error:
        raise FileFailed(error.message, record) from error
    cells = results.pick_refused_cells(list_refused_rows(file), corrections) if report.refused else []
    rows = results.take_out_results(record.id, of_activities=file.target is Target.ACTIVITIES)
    return FileResult(rows, cells, summarize(report), list_found(file.mapping, is_whole=True))


def _map_corrections(import_id: int) -> dict[int, list[str]]:
    query = select(ImportCorrection).where(ImportCorrection.import_id == import_id)
    return {correction.line: correction.cells for correction in db.session.scalars(query)}


def summarize(report: Report) -> dict[str, Any]:
    """Write down the counts of a report, as JSON."""
    return {
        "read": report.read,
        "created": report.created,
        "updated": report.updated,
        "filled": report.filled,
        "same": report.same,
        "refused": report.refused,
        "closed": report.closed,
        "warned": report.warned,
        "left_out": report.left_out,
        "notices": report.notices,
        "statuses": {status.value: count for status, count in report.statuses.items()},
        "customers": report.customers,
        "linked": report.linked,
        "new_employees": [person.name for person in report.new_employees],
        "new_sources": report.new_sources,
    }


STEPS: dict[ImportState, Callable[[Import], None]] = {
    ImportState.CHECKING: check_import,
    ImportState.IMPORTING: run_import,
    ImportState.UNDOING: undo_import,
}
