"""The worker's part: rehearse an import and take it all back, or do it once and for all.

The row of the import stays locked while a worker is at it, and its state changes in the transaction that imports. So
one worker at a time does it, it is done once, and what a killed worker began is rolled back and begun anew.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, text

from crm_web.auth.permissions import REFUSALS, Action, may
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.imports.operations import LeadFile, Report, import_leads, list_refused_rows, open_leads
from crm_web.imports.stored import results
from crm_web.imports.stored.files import open_file
from crm_web.imports.stored.hints import hint_at_pages
from crm_web.imports.stored.operations import claim_import, delete_import
from crm_web.imports.stored.progress import ImportCancelled, ProgressNotes, begin_attempt
from crm_web.imports.stored.settings import read_options
from crm_web.imports.stored.undoing import take_back
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
            delete_import(record)
        except DomainError as error:
            _stop(record, hint_at_pages(error.message))
        return True


def _stop(record: Import, problem: str) -> None:
    """Give the import back to the person, with the reason."""
    back = {ImportState.CHECKING: ImportState.DRAFT, ImportState.IMPORTING: ImportState.CHECKED}
    record.state, record.problem = back.get(record.state, ImportState.IMPORTED), problem
    db.session.flush()


def check_import(record: Import) -> None:
    """Rehearse an import: run all of it, note what became of each row, and roll it back.

    :param record: an import, locked
    """
    import_id, corrections = record.id, _map_corrections(record.id)
    rehearsal = db.session.begin_nested()
    file, report = _run_engine(record, corrections)
    # What is checked only at the end of a transaction is part of the rehearsal.
    db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    found = results.take_out_results(import_id)
    cells = results.pick_refused_cells(list_refused_rows(file), corrections) if report.refused else []
    summary = summarize(report)
    rehearsal.rollback()
    results.bring_in_results(import_id, found)
    results.save_refused_cells(import_id, cells)
    record.state, record.report, record.problem = ImportState.CHECKED, summary, None
    db.session.flush()


def run_import(record: Import) -> None:
    """Do an import; its state changes in the same transaction, so it is done once.

    :param record: an import, locked
    """
    corrections = _map_corrections(record.id)
    file, report = _run_engine(record, corrections)
    results.bring_in_results(record.id, results.take_out_results(record.id))
    if report.refused:
        cells = results.pick_refused_cells(list_refused_rows(file), corrections)
        results.save_refused_cells(record.id, cells)
    record.state, record.report, record.problem = ImportState.IMPORTED, summarize(report), None
    record.imported_at, record.xact = func.now(), func.crm_xact()
    db.session.flush()


def undo_import(record: Import) -> None:
    """Take back an import that is done, but for what changed since.

    :param record: an import, locked
    """
    by = record.undone_by or record.made_by
    _check_allowed(by)
    set_change_source(ChangeSource.IMPORT)
    set_audit_actor(by)
    take_back(record, by=by, progress=ProgressNotes(record.id))
    record.state, record.undone_at, record.problem = ImportState.UNDONE, func.now(), None
    db.session.flush()


def _check_allowed(by: Employee) -> None:
    if not (by.is_active and may(by, Action.IMPORT)):
        raise NotAllowedAnymore(f"{by.name} can’t import any more. {REFUSALS[Action.IMPORT]}")


def _run_engine(record: Import, corrections: dict[int, list[str]]) -> tuple[LeadFile, Report]:
    by, options = record.made_by, read_options(record.options)
    _check_allowed(by)
    options = replace(options, creates_owners=options.creates_owners and may(by, Action.KEEP_EMPLOYEES))
    notes = ProgressNotes(record.id)
    file = open_leads(open_file(record), options)
    counted = replace(file, csv=replace(file.csv, rows=notes.count(file.csv.rows, corrections)))
    return file, import_leads(counted, options, by=by, progress=notes)


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
