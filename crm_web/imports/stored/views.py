"""The pages of imports: the list, the three steps before the worker's, the check, and the receipt."""

from collections.abc import Callable

from flask import abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from crm_web.auth.permissions import Action, allowed, may, may_continue_import, require_import
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.imports import blueprint
from crm_web.imports.stored import operations, preview, queries
from crm_web.imports.stored.forms import TARGETS, ColumnsForm, FileForm, RowForm, UploadForm, show_options
from crm_web.imports.stored.hints import hint_at_pages
from crm_web.imports.stored.pages import (
    REPORT_HEAD,
    ProgressBar,
    count_outcomes,
    list_refused_rows,
    list_report_rows,
)
from crm_web.imports.stored.params import ResultParams
from crm_web.imports.stored.uploads import create_set
from crm_web.imports.stored.words import list_words, read_meanings
from crm_web.imports.tables import FileUnreadable
from crm_web.lists.exports import send_csv
from crm_web.lists.params import LARGEST_ID, ListParams
from crm_web.models import Import, ImportResult, ImportState
from crm_web.records.people import list_possible_owners
from crm_web.records.phones import list_regions
from crm_web.web.error_pages import show_error
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.refusals import refusals_shown_at
from crm_web.web.uploads import read_to_end, size_limit


@blueprint.get("")
@allowed(Action.IMPORT)
def list_imports() -> ResponseReturnValue:
    view = ListParams("imports.list_imports", request.args)
    return render_template("imports/list_imports.html", page=queries.list_imports(cursor=view.mark), view=view)


@blueprint.get("/new")
@allowed(Action.IMPORT)
def new_import() -> ResponseReturnValue:
    return _upload_page(UploadForm())


@blueprint.post("/new")
@allowed(Action.IMPORT)
@refillable()
def create_import() -> ResponseReturnValue:
    form = UploadForm()
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _upload_page(form), 422
    region, currency = list_regions(None, current_user)[0], current_app.config["DEFAULT_CURRENCY"]
    files, may_add = form.list_files(), may(current_user, Action.KEEP_EMPLOYEES)
    try:
        record = create_set(files, region=region, currency=currency, by=current_user, creates_owners=may_add)
    except FileUnreadable as error:
        db.session.rollback()
        show_refusal(form, FileUnreadable(hint_at_pages(error.message), "file"))
        return _upload_page(form), 422
    step = "imports.list_files" if record.options["is_set"] else "imports.edit_file"
    uploaded = f"{len(files)} files" if len(files) > 1 else record.filename
    text = f"{uploaded} uploaded. Nothing is imported yet."
    answer = store_response(form, text, url_for(step, import_id=record.id))
    db.session.commit()
    return answer.give()


@blueprint.errorhandler(RequestEntityTooLarge)
def refuse_large_file(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Answer a file that is too large beside its field."""
    if request.endpoint not in ("imports.create_import", "imports.add_files") or not may(current_user, Action.IMPORT):
        return show_error(error)
    read_to_end(request.environ["wsgi.input"])
    form = UploadForm(formdata=None)
    form.file.errors = [f"This file is too large. The limit is {size_limit().text}."]
    return _upload_page(form), 413


def _upload_page(form: UploadForm) -> str:
    return render_template("imports/new_import.html", form=form, limit=size_limit())


@blueprint.get("/<int:import_id>/file")
@allowed(Action.IMPORT)
def edit_file(import_id: int) -> ResponseReturnValue:
    record = _open_or_404(import_id)
    return _file_page(record, FileForm(data=show_options(record.options)))


@blueprint.post("/<int:import_id>/file")
@allowed(Action.IMPORT)
@refillable()
def change_file(import_id: int) -> ResponseReturnValue:
    record = _open_or_404(import_id)
    form = FileForm(data=show_options(record.options))
    form.set_options(list_possible_owners(), may_add=may(current_user, Action.KEEP_EMPLOYEES))
    if not form.validate():
        return _file_page(record, form), 422
    try:
        operations.change_options(record, form.read_values(), by=current_user)
        if record.options["asks"] and not request.form.get("preview"):
            raise DomainError(record.options["needs"], record.options["asks"])
    except DomainError as error:
        db.session.rollback()
        field = "sheet" if error.field == "encoding" and form.sheet else error.field
        show_refusal(form, DomainError(hint_at_pages(error.message), field))
        return _file_page(_open_or_404(import_id), form), 422
    db.session.commit()
    # So that the rows are seen as they will be read now.
    step = "imports.edit_file" if request.form.get("preview") else "imports.edit_columns"
    return redirect(url_for(step, import_id=import_id), code=303)


def _file_page(record: Import, form: FileForm) -> str:
    may_add = may(current_user, Action.KEEP_EMPLOYEES)
    if not form.owner_id.options:
        form.set_options(list_possible_owners(), may_add=may_add)
    return render_template(
        "imports/edit_file.html", record=record, form=form, may_add=may_add, **preview.show_rows(record)
    )


@blueprint.get("/<int:import_id>/columns")
@allowed(Action.IMPORT)
def edit_columns(import_id: int) -> ResponseReturnValue:
    return _columns_page(_open_or_404(import_id), ColumnsForm())


@blueprint.post("/<int:import_id>/columns")
@allowed(Action.IMPORT)
@refillable()
def change_columns(import_id: int) -> ResponseReturnValue:
    record = _open_or_404(import_id)
    form = ColumnsForm()
    if not form.validate():
        return _columns_page(record, form), 422
    columns = preview.list_columns(*preview.map_stored(record, columns={}))
    chosen = form.read_fields([column.place for column in columns], list(dict(preview.list_fields(record))))
    said = {"columns": preview.read_choices(columns, chosen), **read_meanings(record.options, request.form)}
    try:
        operations.change_options(record, said, by=current_user)
        if record.options["needs"]:
            raise DomainError(record.options["needs"])
        if not record.options.get("is_set"):
            operations.request_check(record)
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        return _columns_page(_open_or_404(import_id), form, chosen), 422
    db.session.commit()
    return redirect(url_for("imports.show_check", import_id=import_id), code=303)


def _columns_page(record: Import, form: ColumnsForm, chosen: dict[int, str] | None = None) -> str:
    try:
        csv, mapping = preview.map_stored(record)
    except FileUnreadable as error:
        show_refusal(form, DomainError(hint_at_pages(error.message)))
        return render_template("imports/edit_columns.html", record=record, form=form, columns=(), fields=(), words=())
    columns = preview.list_columns(csv, mapping)
    return render_template(
        "imports/edit_columns.html",
        record=record,
        form=form,
        columns=columns,
        chosen=chosen or {column.place: column.field for column in columns},
        is_unclear=mapping is None,
        kinds=mapping.name_of("is_company") if mapping else "",
        fields=preview.list_fields(record),
        words=list_words(mapping, record.options),
    )


@blueprint.get("/<int:import_id>/check")
@allowed(Action.IMPORT)
def show_check(import_id: int) -> ResponseReturnValue:
    record = _import_or_404(import_id)
    if record.state.is_due:
        return _progress_page(record)
    if record.imported_at:
        return redirect(url_for("imports.show_import", import_id=import_id), code=303)
    is_set = record.options.get("is_set")
    if record.state is ImportState.DRAFT and (is_set or not record.problem):
        step = "imports.list_files" if is_set else "imports.edit_columns"
        return redirect(url_for(step, import_id=import_id), code=303)
    return _results_page("imports/check.html", "imports.show_check", record)


@blueprint.get("/<int:import_id>")
@allowed(Action.IMPORT)
def show_import(import_id: int) -> ResponseReturnValue:
    record = _import_or_404(import_id)
    if record.state.is_due:
        return _progress_page(record)
    if record.imported_at is None:
        return redirect(url_for("imports.show_check", import_id=import_id), code=303)
    return _results_page("imports/receipt.html", "imports.show_import", record)


def _progress_page(record: Import) -> str:
    bar = ProgressBar(queries.get_progress(record.set_id or record.id), *queries.find_heartbeat())
    return render_template(
        "imports/progress.html", record=record, bar=bar, is_mine=may_continue_import(current_user, record)
    )


def _results_page(template: str, endpoint: str, record: Import) -> str:
    view = ResultParams(endpoint, request.args, record=record, counts=count_outcomes(record))
    page = queries.list_results(record.id, view.outcome, cursor=view.mark)
    return render_template(
        template,
        record=record,
        files=queries.list_set(record),
        targets=TARGETS,
        endpoint=endpoint,
        view=view,
        page=page,
        names=queries.map_names(page.rows) if record.imported_at else {},
        is_mine=may_continue_import(current_user, record),
    )


@blueprint.get("/<int:import_id>/row")
@allowed(Action.IMPORT)
def edit_row(import_id: int) -> ResponseReturnValue:
    record, result = _row_or_404(import_id, request.args.get("line", 0, type=int))
    return _row_page(record, result, RowForm(line=result.line), result.cells or [])


@blueprint.post("/<int:import_id>/row")
@allowed(Action.IMPORT)
@refillable()
def change_row(import_id: int) -> ResponseReturnValue:
    form = RowForm()
    record, result = _row_or_404(import_id, form.line.data or 0)
    cells = form.read_cells(result.cells or [])
    if not form.validate():
        return _row_page(record, result, form, cells), 422
    answer = Answer(f"Line {result.line:,} saved.", url_for("imports.show_check", import_id=import_id))
    with refusals_shown_at(url_for("imports.show_check", import_id=import_id)):
        operations.mend_row(record, result, cells)
    db.session.commit()
    return answer.give()


def _row_or_404(import_id: int, line: int) -> tuple[Import, ImportResult]:
    """A refused row whose cells are kept."""
    record = _open_or_404(import_id)
    result = queries.get_result(import_id, line) if 0 < line < LARGEST_ID else None
    if result is None or result.cells is None:
        abort(404)
    return record, result


def _row_page(record: Import, result: ImportResult, form: RowForm, cells: list[str]) -> str:
    try:
        header = preview.open_stored(record).header
    except FileUnreadable:
        header = ()
    names = [*header, *("" for _ in cells[len(header) :])]
    pairs = list(zip(names, cells, strict=False))
    return render_template("imports/edit_row.html", record=record, result=result, form=form, pairs=pairs)


@blueprint.post("/<int:import_id>/check")
@allowed(Action.IMPORT)
def start_check(import_id: int) -> ResponseReturnValue:
    return _ask_worker(import_id, operations.request_check, "imports.show_check")


@blueprint.post("/<int:import_id>/import")
@allowed(Action.IMPORT)
def start_import(import_id: int) -> ResponseReturnValue:
    return _ask_worker(import_id, operations.request_import, "imports.show_import")


def _ask_worker(import_id: int, ask: Callable[[Import], None], endpoint: str) -> ResponseReturnValue:
    record = _import_or_404(import_id, to_continue=True)
    place = url_for(endpoint, import_id=import_id)
    try:
        ask(record)
    except operations.ImportBusy:
        db.session.rollback()
        return redirect(place, code=303)
    except DomainError as error:
        db.session.rollback()
        return Answer(error.message, place, kind="error").give()
    db.session.commit()
    log_event("import_asked", import_id=import_id, step=request.endpoint)
    return redirect(place, code=303)


@blueprint.post("/<int:import_id>/cancel")
@allowed(Action.IMPORT)
def cancel_import(import_id: int) -> ResponseReturnValue:
    record = _import_or_404(import_id, to_continue=True)
    place = url_for("imports.list_imports")
    with refusals_shown_at(url_for("imports.show_import", import_id=import_id)):
        is_gone = operations.cancel_import(record)
    text = "Import canceled. Nothing was imported, and the file is deleted."
    answer = Answer(text if is_gone else "The import is being canceled. It will be gone in a moment.", place)
    db.session.commit()
    log_event("import_cancelled", import_id=import_id)
    return answer.give()


@blueprint.post("/<int:import_id>/undo")
@allowed(Action.IMPORT)
def undo_import(import_id: int) -> ResponseReturnValue:
    record = _import_or_404(import_id)
    place = url_for("imports.show_import", import_id=import_id)
    try:
        operations.request_undo(record, by=current_user)
    except operations.ImportBusy:
        db.session.rollback()
    except DomainError as error:
        db.session.rollback()
        return Answer(error.message, place, kind="error").give()
    db.session.commit()
    log_event("import_undo_asked", import_id=import_id)
    return redirect(place, code=303)


@blueprint.get("/<int:import_id>/report.csv")
@allowed(Action.IMPORT)
def export_report(import_id: int) -> ResponseReturnValue:
    record = _import_or_404(import_id)
    return send_csv(f"import-{import_id}-report", REPORT_HEAD, list_report_rows(record.id))


@blueprint.get("/<int:import_id>/refused.csv")
@allowed(Action.IMPORT)
def export_refused(import_id: int) -> ResponseReturnValue:
    record = _import_or_404(import_id)
    if record.file_deleted_at:
        abort(404)
    head = ["Line", "To fix", *preview.open_stored(record).header]
    return send_csv(f"import-{import_id}-refused", head, list_refused_rows(record))


def _import_or_404(import_id: int, *, to_continue: bool = False) -> Import:
    record = queries.get_import(import_id) or abort(404)
    if to_continue:
        require_import(record)
    return record


def _open_or_404(import_id: int) -> Import:
    """An import whose settings can still change; of one that is done the receipt is shown."""
    record = _import_or_404(import_id, to_continue=True)
    if record.imported_at:
        abort(redirect(url_for("imports.show_import", import_id=import_id), code=303))
    return record
