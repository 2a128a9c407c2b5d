"""Imports in the browser: upload, settings, and what is asked of the worker; none of it imports anything itself."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.auth.permissions import Action, may
from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.imports.stored.preview import describe_stored
from crm_web.imports.stored.queries import list_set
from crm_web.models import (
    DUE_STATES,
    Employee,
    Import,
    ImportChunk,
    ImportCorrection,
    ImportProgress,
    ImportResult,
    ImportState,
)

FILES_KEPT_FOR = timedelta(days=30)
"""How long the file of an import is kept, and what its rows hold; an import that is not finished ends with it."""


class ImportBusy(Conflict):
    """The worker is at this import right now."""


class ImportUnclear(DomainError):
    """A file leaves open how it is to be read."""


class ImportClosed(Conflict):
    """The import is past the point where this can be done."""


OF_ONE_FILE = (
    "users",
    "encoding",
    "delimiter",
    "question",
    "sheet",
    "sheets",
    "header_line",
    "kind",
    "is_set",
    "needs",
    "asks",
    "left_out",
    "found",
)
"""What says nothing about the next file with the same headings."""
OF_SET = ("owner_id", "creates_owners", "region", "currency", "bad_values", "existing")
"""What is said once for all files that belong together."""


def lock_import(record: Import, *states: ImportState) -> list[Import]:
    """Lock an import, with the files that belong to it, for a change by a person.

    :param states: in which it can be done
    :return: its files, in the order in which they are imported
    :raise ImportBusy: if the worker is at it
    :raise ImportClosed: if it is in another state, or gone
    """
    first = select(Import.id).where(Import.id == (record.set_id or record.id))
    if db.session.scalar(first.with_for_update(key_share=True, skip_locked=True)) is None:
        raise ImportBusy("This import is running right now. Wait for it to finish, or cancel it.")
    files = list_set(record, lock=True)
    for file in files:
        if file.state not in states:
            raise ImportClosed(f"This import is already past that step. It is now: {file.state.label}")
    return files


BEFORE_IMPORT = (ImportState.DRAFT, ImportState.CHECKING, ImportState.CHECKED)


def change_options(record: Import, values: Mapping[str, Any], *, by: Employee) -> None:
    """Change how a file is read or what its columns are; an earlier check no longer counts.

    :param values: some of the options, by their stored names
    :raise ImportBusy: if the worker is at it
    :raise ImportClosed: if it is imported already
    """
    files = lock_import(record, *BEFORE_IMPORT)
    values = dict(values)
    if not may(by, Action.KEEP_EMPLOYEES):
        values.pop("creates_owners", None)
    is_other_reading = any(values.get(name) not in (None, record.options.get(name)) for name in OF_ONE_FILE)
    if is_other_reading:
        # Its lines and cells may be others now.
        _delete(ImportCorrection, ImportCorrection.import_id == record.id)
    is_remembered = record.options.get("is_remembered", False) and "columns" not in values
    found = {} if is_other_reading else record.options.get("found") or {}
    record.options = {**record.options, **values, "is_remembered": is_remembered}
    for file in files:
        file.options = {**file.options, **{name: value for name, value in values.items() if name in OF_SET}}
    described = describe_stored(record)
    # What an earlier check found in all rows of a large file still stands in them.
    described["found"] |= {place: words for place, words in found.items() if words["is_whole"]}
    record.options = record.options | described
    go_back(files)
    db.session.flush()


def mend_row(record: Import, result: ImportResult, cells: Sequence[str]) -> None:
    """Save the correction of a refused row; the import has to be checked again.

    :param result: what the check said of the row
    :param cells: all cells of the row
    :raise ImportBusy: if the worker is at it
    :raise ImportClosed: if it is not checked, or imported already
    """
    lock_import(record, ImportState.CHECKED)
    correction = insert(ImportCorrection).values(import_id=record.id, line=result.line, cells=list(cells))
    db.session.execute(
        correction.on_conflict_do_update(index_elements=["import_id", "line"], set_={"cells": list(cells)})
    )
    result.cells, result.reason = list(cells), "Fixed. Check again to see the result."
    record.report = {**(record.report or {}), "is_outdated": True}
    db.session.flush()


def go_back(files: Sequence[Import]) -> None:
    """Discard the check of files whose settings changed."""
    for file in files:
        file.state, file.report, file.problem = ImportState.DRAFT, None, None


def request_check(record: Import) -> None:
    """Request a check by the worker. Does nothing if one is running.

    :raise ImportUnclear: if one of its files leaves something open
    :raise ImportBusy: if the worker is at it
    :raise ImportClosed: if it is imported already
    """
    files = lock_import(record, *BEFORE_IMPORT)
    for file in files:
        if file.options.get("needs"):
            raise ImportUnclear(
                f"{file.filename}: {file.options['needs']}" if len(files) > 1 else file.options["needs"]
            )
    go_back(files)
    _hand_to_worker(files, ImportState.CHECKING)


def request_import(record: Import) -> None:
    """Request the import by the worker. Does nothing if it is running or done.

    :raise ImportBusy: if the worker is at it
    :raise ImportClosed: if it was not checked
    """
    files = lock_import(record, *ImportState)
    if record.state is ImportState.CHECKED and any((file.report or {}).get("is_outdated") for file in files):
        raise ImportClosed("You fixed rows since the last check. Check again, then import.")
    if record.state is ImportState.CHECKED:
        _hand_to_worker(files, ImportState.IMPORTING)
    elif record.state in BEFORE_IMPORT:
        raise ImportClosed("Check this import first. Its settings have changed since the last check.")


def request_undo(record: Import, *, by: Employee) -> None:
    """Request the undo of an import by the worker. Does nothing if it is running or done.

    :raise ImportBusy: if the worker is at it
    :raise ImportClosed: if it is not imported
    """
    files = lock_import(record, ImportState.IMPORTED, ImportState.UNDOING, ImportState.UNDONE)
    if record.state is ImportState.IMPORTED:
        for file in files:
            file.undone_by_id = by.id
        _hand_to_worker(files, ImportState.UNDOING)


def _hand_to_worker(files: Sequence[Import], state: ImportState) -> None:
    """The progress of all stands with the first."""
    for file in files:
        file.state, file.problem = state, None
    fresh = {"stage": "", "done": 0, "total": 0, "rows": 0, "attempts": 0, "is_cancelled": False}
    fresh |= {"requested_at": func.now(), "started_at": None, "seen_at": None}
    progress = insert(ImportProgress).values(import_id=files[0].set_id or files[0].id, **fresh)
    db.session.execute(progress.on_conflict_do_update(index_elements=["import_id"], set_=fresh))
    db.session.flush()


def cancel_import(record: Import) -> bool:
    """End an import that is not done, and delete its file. One that the worker is at ends as soon as it can.

    :return: false if the worker is told, and it will be gone in a moment
    :raise ImportBusy: if the worker is undoing it
    :raise ImportClosed: if it is imported already
    """
    try:
        lock_import(record, *BEFORE_IMPORT, ImportState.IMPORTING)
    except ImportBusy:
        if not record.state.is_open:
            raise
        progress = db.session.get(ImportProgress, record.set_id or record.id)
        if progress is not None:
            progress.is_cancelled = True
            db.session.flush()
        return False
    delete_import(record)
    return True


def delete_import(record: Import) -> None:
    """Delete an import with all files that belong to it; what was imported stays.

    :param record: an import, locked
    """
    files = list_set(record, lock=True)
    ids = [file.id for file in files]
    for model in (ImportChunk, ImportResult, ImportCorrection, ImportProgress):
        _delete(model, model.import_id.in_(ids))
    _delete(Import, Import.set_id.in_(ids))
    _delete(Import, Import.id.in_(ids))
    for file in files:
        db.session.expunge(file)


def delete_file(record: Import) -> None:
    """Delete the file of an import that is done, and what its rows hold; their outcomes and reasons stay.

    :param record: an import, locked
    """
    for model in (ImportChunk, ImportCorrection):
        _delete(model, model.import_id == record.id)
    emptied = update(ImportResult).where(ImportResult.import_id == record.id).values(cells=None, label=None)
    db.session.execute(emptied.execution_options(synchronize_session=False))
    record.file_deleted_at = func.now()
    db.session.flush()


def _delete(model: type[Any], condition: Any) -> None:
    db.session.execute(delete(model).where(condition).execution_options(synchronize_session=False))


def claim_import() -> Import | None:
    """Find the oldest import that waits for the worker, and lock its first file, which stands for all.

    Those that another worker is at are left out.
    """
    due = select(Import).where(Import.state.in_(DUE_STATES), Import.set_id.is_(None)).order_by(Import.id).limit(1)
    due = due.with_for_update(key_share=True, skip_locked=True, of=Import)
    return db.session.scalar(due.execution_options(populate_existing=True))
