"""Adding, saving, showing, removing and restoring files."""

from collections.abc import Callable
from urllib.parse import quote

from flask import Response, abort, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from crm_web.auth.permissions import Action, allowed, require_change
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.files import blueprint, operations, queries
from crm_web.models import Customer, File, Lead, MediaType
from crm_web.web.error_pages import show_error
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.uploads import FilesForm, read_to_end, size_limit

NOTHING_RUNS = "default-src 'none'; sandbox"
"""Of a file that a browser opens by itself."""
SHOWS_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"
"""Browsers don't show a PDF in a sandbox; their viewers are one."""


@blueprint.get("/leads/<int:lead_id>/files/new")
@allowed(Action.CHANGE_OWN)
def new_on_lead(lead_id: int) -> str:
    return _adding_page(FilesForm(), _require(queries.get_record(Lead, lead_id)))


@blueprint.post("/leads/<int:lead_id>/files/new")
@allowed(Action.CHANGE_OWN)
@refillable()
def add_to_lead(lead_id: int) -> ResponseReturnValue:
    return _add(_require(queries.get_record(Lead, lead_id)))


@blueprint.get("/customers/<int:customer_id>/files/new")
@allowed(Action.CHANGE_OWN)
def new_on_customer(customer_id: int) -> str:
    return _adding_page(FilesForm(), _require(queries.get_record(Customer, customer_id)))


@blueprint.post("/customers/<int:customer_id>/files/new")
@allowed(Action.CHANGE_OWN)
@refillable()
def add_to_customer(customer_id: int) -> ResponseReturnValue:
    return _add(_require(queries.get_record(Customer, customer_id)))


def _require(record: Lead | Customer | None) -> Lead | Customer:
    record = record or abort(404)
    require_change(record)
    return record


def _add(record: Lead | Customer) -> ResponseReturnValue:
    form = FilesForm()
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _adding_page(form, record), 422
    try:
        files = operations.add_files(record, form.files.list_files(), by=current_user)
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        return _adding_page(form, record), 422
    added = files[0].name if len(files) == 1 else f"{len(files)} files"
    answer = store_response(form, f"{added} added.", _url_of(record))
    db.session.commit()
    return answer.give()


def _adding_page(form: FilesForm, record: Lead | Customer) -> str:
    return render_template(
        "files/add_files.html",
        form=form,
        record=record,
        back_url=_url_of(record),
        limit=size_limit(),
        most=current_settings().max_file_mb,
    )


@blueprint.errorhandler(RequestEntityTooLarge)
def refuse_large_form(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Answer files that are too large together beside their field."""
    place = request.view_args or {}
    record: Lead | Customer | None = None
    if "lead_id" in place:
        record = queries.get_record(Lead, place["lead_id"])
    elif "customer_id" in place:
        record = queries.get_record(Customer, place["customer_id"])
    if record is None:
        return show_error(error)
    require_change(record)
    read_to_end(request.environ["wsgi.input"])
    form = FilesForm(formdata=None)
    form.files.errors = [f"These files are too large. The limit is {size_limit().text} in all."]
    return _adding_page(form, record), 413


@blueprint.get("/files/<int:file_id>")
@allowed(Action.READ)
def save_file(file_id: int) -> ResponseReturnValue:
    return _send(_file_or_404(file_id), "application/octet-stream", "attachment")


@blueprint.get("/files/<int:file_id>/preview")
@allowed(Action.READ)
def show_file(file_id: int) -> ResponseReturnValue:
    file = _file_or_404(file_id)
    media_type = file.media_type or abort(404)
    return _send(file, media_type.value, "inline")


def _file_or_404(file_id: int) -> File:
    file = queries.get_file(file_id) or abort(404)
    return abort(404) if file.is_in_trash else file


def _send(file: File, media_type: str, disposition: str) -> Response:
    """A piece at a time; a browser takes it for nothing else than it is sent as, and runs nothing in it."""
    response = Response(stream_with_context(queries.read_content(file.id)), mimetype=media_type)
    plain = file.name.encode("ascii", "replace").decode().replace('"', "_").replace("?", "_")
    name = f"filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
    response.headers["Content-Disposition"] = f"{disposition}; {name}"
    response.headers["Content-Security-Policy"] = SHOWS_PDF if media_type == MediaType.PDF else NOTHING_RUNS
    response.content_length = file.size
    return response


@blueprint.post("/files/<int:file_id>/remove")
@allowed(Action.CHANGE_OWN)
def remove_file(file_id: int) -> ResponseReturnValue:
    file = queries.get_file(file_id) or abort(404)
    require_change(file.record)
    undo = ("Undo", url_for(".restore_file", file_id=file_id))
    return _change(file, operations.remove_file, Answer(f"{file.name} removed.", _url_of(file.record), undo=undo))


@blueprint.post("/files/<int:file_id>/restore")
@allowed(Action.CHANGE_OWN)
def restore_file(file_id: int) -> ResponseReturnValue:
    file = queries.get_file(file_id) or abort(404)
    require_change(file.record)
    return _change(file, operations.restore_file, Answer(f"{file.name} restored.", _url_of(file.record)))


def _change(file: File, change: Callable[..., None], answer: Answer) -> ResponseReturnValue:
    try:
        change(file, by=current_user)
    except DomainError as error:
        db.session.rollback()
        return Answer(error.message, answer.place, kind="warning").give()
    db.session.commit()
    return answer.give()


def _url_of(record: Lead | Customer) -> str:
    if isinstance(record, Customer):
        return url_for("customers.show_customer", customer_id=record.id, _anchor="files")
    return url_for("leads.show_lead", lead_id=record.id, _anchor="files")
