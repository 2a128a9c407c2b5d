"""Importing files, in the steps of the pages for it: send, set, check, import, undo."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from flask import abort, current_app, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint
from crm_web.api import schemas as shared
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import (
    WrongRequest,
    read_body,
    read_query,
    replay_response,
    show,
    show_page,
    store_response,
)
from crm_web.api.imports import schemas
from crm_web.auth.permissions import Action, allowed, require_import
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.imports.stored import operations, queries
from crm_web.imports.stored.pages import REPORT_HEAD, list_report_rows
from crm_web.imports.stored.uploads import create_set
from crm_web.imports.tables import FileUnreadable
from crm_web.imports.targets import Target
from crm_web.lists.exports import send_csv
from crm_web.models import CURRENCIES, Import
from crm_web.records.people import list_possible_owners
from crm_web.records.phones import list_regions

IN_MEMORY = PIECE = 1024 * 1024
CLOSED = "The worker is busy with this import, or it is already past this step. See detail."
STEP: dict[str, Any] = {"answers": {200: schemas.Import}, "refuses": {409: CLOSED}, "is_once": True}


@blueprint.get("/api/v1/imports")
@allowed(Action.IMPORT)
@describe("List imports", "imports", query=shared.PageQuery, answers={200: schemas.ImportPage})
def list_file_imports() -> ResponseReturnValue:
    """Newest first, including those of other people."""
    query = read_query(shared.PageQuery)
    page = queries.list_imports(cursor=query.at, size=query.limit)
    return show_page(schemas.Import, replace(page, rows=[_present(record) for record in page.rows]))


@blueprint.post("/api/v1/imports")
@allowed(Action.IMPORT)
@describe(
    "Send a file to import",
    "imports",
    query=schemas.NewImportQuery,
    file="Last name,Company,Email\nTanaka,Tanaka KK,kenji@tanaka.example\n",
    answers={201: schemas.Import},
    refuses={404: "The import that it belongs to doesn’t exist.", 409: CLOSED},
    is_once=True,
)
def send_file() -> ResponseReturnValue:
    """The body is the file: CSV in any encoding, XLSX, XLS, ODS, vCard or our own JSON. Nothing is imported yet: read
    what it needs, change the options with a PATCH, then check it and import it. With joins, it becomes another file
    of that import. A list of the other system’s users is not kept, but tells who the owners in the other files are.
    """
    request.max_content_length = int(current_app.config["MAX_CONTENT_LENGTH"])
    query = read_query(schemas.NewImportQuery)
    joins = _import_or_404(query.joins, to_continue=True) if query.joins else None
    with SpooledTemporaryFile(IN_MEMORY) as file:
        content = cast(BinaryIO, file)
        digest = _receive(content)
        if answer := replay_response(lambda: digest):
            return answer
        place = {"region": list_regions(None, current_user)[0], "currency": current_app.config["DEFAULT_CURRENCY"]}
        try:
            first = create_set([(content, query.filename)], **place, by=current_user, joins=joins)
        except FileUnreadable as error:
            raise WrongRequest([{"field": "file", "message": error.message}]) from error
    record = max(queries.list_set(first), key=lambda file: file.id)
    import_id = record.id
    location = url_for("api.read_file_import", import_id=import_id)
    answer = store_response(show(schemas.Import, _present(record), 201, location=location))
    db.session.commit()
    log_event("import_sent", import_id=import_id)
    return answer


def _receive(file: BinaryIO) -> bytes:
    """Save the body piece by piece; returns a hash of it and its parameters."""
    digest = hashlib.sha256(request.query_string)
    while piece := request.stream.read(PIECE):
        digest.update(piece)
        file.write(piece)
    file.seek(0)
    return digest.digest()


@blueprint.get("/api/v1/imports/<int:import_id>")
@allowed(Action.IMPORT)
@describe("Get an import", "imports", query=shared.FieldsQuery, answers={200: schemas.Import})
def read_file_import(import_id: int) -> ResponseReturnValue:
    """Its state, what it still needs, and the counts of its check or import."""
    read_query(shared.FieldsQuery)
    return show(schemas.Import, _present(_import_or_404(import_id)))


@blueprint.get("/api/v1/imports/<int:import_id>/rows")
@allowed(Action.IMPORT)
@describe("List the rows of an import", "imports", query=schemas.RowsQuery, answers={200: schemas.ImportRowPage})
def list_rows(import_id: int) -> ResponseReturnValue:
    """The result of each row, expected or final. Without a filter, the refused rows with their reasons."""
    query = read_query(schemas.RowsQuery)
    record = _import_or_404(import_id)
    return show_page(
        schemas.ImportRow, queries.list_results(record.id, query.outcome, cursor=query.at, size=query.limit)
    )


@blueprint.get("/api/v1/imports/<int:import_id>/report")
@allowed(Action.IMPORT)
@describe("Get the report of an import", "imports", answers={200: "text/csv"})
def export_import_report(import_id: int) -> ResponseReturnValue:
    """The result of every row, expected or final, as CSV with line numbers."""
    record = _import_or_404(import_id)
    return send_csv(f"import-{import_id}-report", REPORT_HEAD, list_report_rows(record.id))


@blueprint.patch("/api/v1/imports/<int:import_id>")
@allowed(Action.IMPORT)
@describe(
    "Change how a file is read",
    "imports",
    body=schemas.ImportOptions,
    answers={200: schemas.Import},
    refuses={409: CLOSED},
)
def change_import_options(import_id: int) -> ResponseReturnValue:
    """An earlier check no longer counts."""
    record = _import_or_404(import_id, to_continue=True)
    values = read_body(schemas.ImportOptions).values()
    owner_id = values.get("owner_id")
    if owner_id is not None and all(person.id != owner_id for person in list_possible_owners()):
        raise WrongRequest([{"field": "owner_id", "message": "Choose an active employee. Viewers can’t own records."}])
    codes = values.get("words", {}).get("currency", {}).values()
    if wrong := [code for code in codes if code not in CURRENCIES]:
        raise WrongRequest([{"field": "words", "message": f"{wrong[0]} is not a currency. Send ISO 4217 codes."}])
    operations.change_options(record, values, by=current_user)
    answer = show(schemas.Import, _present(record))
    db.session.commit()
    return answer


@blueprint.post("/api/v1/imports/<int:import_id>/check")
@allowed(Action.IMPORT)
@describe("Check an import", "imports", **STEP)
def check_file_import(import_id: int) -> ResponseReturnValue:
    """The worker tries the whole import and rolls it back. Read the import again to see the result of each row."""
    return _ask_worker(import_id, operations.request_check)


@blueprint.post("/api/v1/imports/<int:import_id>/start")
@allowed(Action.IMPORT)
@describe("Start an import", "imports", **STEP)
def start_file_import(import_id: int) -> ResponseReturnValue:
    """It must be checked. The worker imports it in one transaction, once."""
    return _ask_worker(import_id, operations.request_import)


@blueprint.post("/api/v1/imports/<int:import_id>/undo")
@allowed(Action.IMPORT)
@describe("Undo an import", "imports", **STEP)
def undo_file_import(import_id: int) -> ResponseReturnValue:
    """The worker reverts everything that hasn’t changed since. Rows with undo_outcome left list the rest."""
    return _ask_worker(import_id, lambda record: operations.request_undo(record, by=current_user), is_undo=True)


def _ask_worker(import_id: int, ask: Callable[[Import], None], *, is_undo: bool = False) -> ResponseReturnValue:
    record = _import_or_404(import_id, to_continue=not is_undo)
    if answer := replay_response():
        return answer
    ask(record)
    answer = store_response(show(schemas.Import, _present(record)))
    db.session.commit()
    log_event("import_asked", import_id=import_id, step=request.endpoint)
    return answer


@blueprint.post("/api/v1/imports/<int:import_id>/cancel")
@allowed(Action.IMPORT)
@describe("Cancel an import", "imports", answers={204: None}, refuses={409: CLOSED})
def cancel_file_import(import_id: int) -> ResponseReturnValue:
    """Deletes the file; nothing is imported. If the worker is busy with it, this takes a moment."""
    operations.cancel_import(_import_or_404(import_id, to_continue=True))
    db.session.commit()
    log_event("import_cancelled", import_id=import_id)
    return "", 204


def _import_or_404(import_id: int, *, to_continue: bool = False) -> Import:
    record = queries.get_import(import_id) or abort(404)
    if to_continue:
        require_import(record)
    return record


def _present(record: Import) -> dict[str, Any]:
    options, report = record.options, record.report or {}
    columns = {name: getattr(record, name) for name in schemas.Import.model_fields if hasattr(record, name)}
    progress = queries.get_progress(record.set_id or record.id) if record.state.is_due else None
    return columns | {
        "target": options.get("target") or Target.LEADS,
        "needs": (options.get("needs") or None) if record.state.is_open else None,
        "left_out": report.get("left_out") or options.get("left_out") or [],
        "counts": report or None,
        "notices": report.get("notices", []),
        "rows_read": progress.rows if progress else report.get("read", 0),
    }
