"""Imports in the browser: upload, settings, and what is asked of the worker; none of it imports anything itself."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.auth.permissions import Action, may
from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.recognition import Kind, is_known
from crm_web.imports.stored.files import store_file
from crm_web.imports.stored.preview import describe, describe_stored, is_small, map_columns
from crm_web.imports.stored.queries import list_set
from crm_web.imports.tables import FileUnreadable, open_table
from crm_web.imports.targets import Target, detect_in_set, detect_target, map_for
from crm_web.models import (
    DUE_STATES,
    Employee,
    Import,
    ImportChunk,
    ImportCorrection,
    ImportProgress,
    ImportResult,
    ImportState,
    limit_of,
)

FILES_KEPT_FOR = timedelta(days=30)
"""How long the file of an import is kept, and what its rows hold; an import that is not finished ends with it."""


class ImportBusy(Conflict):
    """The worker is at this import right now."""


class ImportUnclear(DomainError):
    """A file leaves open how it is to be read."""


class ImportClosed(Conflict):
    """The import is past the point where this can be done."""


@dataclass(frozen=True)
class Upload:
    """An uploaded file that was read through.

    :param options: what is kept with it, but for what its rows become
    :param mapping: its columns; ``None`` if they can't be told
    :param problem: what is wrong with it
    """

    stream: BinaryIO
    filename: str
    size: int
    header_hash: bytes
    options: dict[str, Any]
    mapping: ColumnMapping | None
    problem: DomainError | None

    @property
    def kind(self) -> Kind:
        """What its rows seem to be."""
        return self.mapping.kind if self.mapping else Kind.PERSON


def create_set(
    files: Sequence[tuple[BinaryIO, str]], *, region: str, currency: str, by: Employee, joins: Import | None = None
) -> Import:
    """Keep uploaded files that belong together: they are checked, imported and undone as one. Nothing is imported yet.

    :param files: the bytes of each, from which one can read again, and its name as the browser says
    :param region: the country to begin with, for dates and phone numbers
    :param currency: the currency to begin with
    :param joins: the import that they are added to; ``None`` for one of their own
    :return: the first of them
    :raise FileUnreadable: if one is no file of rows with a header
    :raise ImportBusy: if the worker is at the import that they join
    :raise ImportClosed: if that is imported already
    """
    earlier = lock_import(joins, *BEFORE_IMPORT) if joins else []
    uploads = [_read_upload(*file, {"region": region, "currency": currency}) for file in files]
    # The release before did not keep the kind.
    kinds = {Kind(record.options.get("kind", Kind.PERSON)) for record in earlier} | {each.kind for each in uploads}
    is_set = len(earlier) + len(uploads) > 1
    records = earlier + [_keep_upload(each, kinds if is_set else (), by) for each in uploads]
    first = min(records, key=lambda record: record.id)
    for record in records:
        record.set_id = None if record is first else first.id
        record.options = record.options | {"is_set": is_set}
    _go_back(records)
    db.session.flush()
    return first


def _read_upload(stream: BinaryIO, filename: str, options: Mapping[str, Any]) -> Upload:
    """Find out how a file is written and what its columns are, by reading it once."""
    name, size = tidy_filename(filename), stream.seek(0, 2)
    try:
        csv = open_table(stream, knows=is_known)
        if not csv.sample:
            raise FileUnreadable("The file has a header, but no rows below it.")
    except FileUnreadable as error:
        raise FileUnreadable(f"{name}: {error.message}", "file") from error
    header_hash = _hash_header(csv.header)
    options = {**options, **_find_earlier_choice(header_hash)}
    options |= {"encoding": csv.encoding, "delimiter": csv.delimiter, "question": csv.question}
    if csv.sheet is not None:
        options |= {"sheet": csv.sheet, "sheets": csv.sheets}
    mapping, problem = map_columns(csv, options, is_whole=is_small(size))
    return Upload(stream, name, size, header_hash, options, mapping, problem)


def _keep_upload(upload: Upload, kinds: Collection[Kind], by: Employee) -> Import:
    """Store a file.

    :param kinds: those of all files that belong together; none for a single one
    """
    mapping, options = upload.mapping, upload.options
    if "target" not in options:
        target = detect_target(mapping) if mapping else Target.LEADS
        target = detect_in_set(upload.kind, upload.filename, kinds, target) if kinds else target
        options["target"], mapping = target, map_for(target, mapping) if mapping else None
    options |= describe(mapping, upload.problem, is_whole=is_small(upload.size)) | {"kind": upload.kind}
    record = Import(
        filename=upload.filename,
        size=upload.size,
        options=options,
        header_hash=upload.header_hash,
        made_by_id=by.id,
    )
    db.session.add(record)
    db.session.flush()
    store_file(record.id, upload.stream)
    return record


OF_ONE_FILE = (
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


def tidy_filename(filename: str) -> str:
    """Leave out of a file's name what can't be shown, and of a very long one the beginning."""
    shown = "".join(sign for sign in filename.replace("\\", "/").rpartition("/")[2] if sign.isprintable())
    return shown.strip()[-limit_of(Import.filename) :] or "file"


def _hash_header(header: Sequence[str]) -> bytes:
    return hashlib.sha256("\x1f".join(header).encode("utf-8", "replace")).digest()


def _find_earlier_choice(header_hash: bytes) -> dict[str, Any]:
    """What was said about the latest imported file with the same headings."""
    earlier = select(Import.options).where(Import.header_hash == header_hash, Import.imported_at.is_not(None))
    options: Mapping[str, Any] = db.session.scalar(earlier.order_by(Import.id.desc()).limit(1)) or {}
    kept = {name: value for name, value in options.items() if name not in OF_ONE_FILE}
    return kept | {"is_remembered": True} if kept else {}


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
    """Say how a file is read or what its columns are; a check that was made before no longer counts.

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
    _go_back(files)
    db.session.flush()


def mend_row(record: Import, result: ImportResult, cells: Sequence[str]) -> None:
    """Let a refused row be read as a person corrected it; the import has to be checked again.

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


def _go_back(files: Sequence[Import]) -> None:
    for file in files:
        file.state, file.report, file.problem = ImportState.DRAFT, None, None


def request_check(record: Import) -> None:
    """Let the worker rehearse the import; one that is being checked already stays so.

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
    _go_back(files)
    _hand_to_worker(files, ImportState.CHECKING)


def request_import(record: Import) -> None:
    """Let the worker import, once; an import that is on its way or done stays so.

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
    """Let the worker take back an import; one that is undone, or on its way there, stays so.

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
