"""The page of the related files of one import, before they are checked together."""

from flask import abort, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, may_continue_import, refuse
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.imports import blueprint
from crm_web.imports.stored import queries
from crm_web.imports.stored.forms import TARGETS, UploadForm
from crm_web.imports.stored.hints import hint_at_pages
from crm_web.imports.stored.uploads import create_set
from crm_web.models import Import
from crm_web.records.phones import list_regions
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.uploads import size_limit


@blueprint.get("/<int:import_id>/files")
@allowed(Action.IMPORT)
def list_files(import_id: int) -> ResponseReturnValue:
    return _files_page(_open_or_404(import_id), UploadForm())


@blueprint.post("/<int:import_id>/files")
@allowed(Action.IMPORT)
@refillable()
def add_files(import_id: int) -> ResponseReturnValue:
    record, form = _open_or_404(import_id), UploadForm()
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _files_page(record, form), 422
    region, currency = list_regions(None, current_user)[0], current_app.config["DEFAULT_CURRENCY"]
    try:
        create_set(form.list_files(), region=region, currency=currency, by=current_user, joins=record)
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, DomainError(hint_at_pages(error.message), "file"))
        return _files_page(_open_or_404(import_id), form), 422
    answer = store_response(form, "Files added. Nothing is imported yet.", url_for(".list_files", import_id=import_id))
    db.session.commit()
    return answer.give()


def _files_page(record: Import, form: UploadForm) -> str:
    files = queries.list_set(record)
    return render_template(
        "imports/list_files.html", record=record, files=files, form=form, limit=size_limit(), targets=TARGETS
    )


def _open_or_404(import_id: int) -> Import:
    """An import that can still change; of one that is done the receipt is shown."""
    record = queries.get_import(import_id) or abort(404)
    if not may_continue_import(current_user, record):
        refuse(f"{record.made_by.name} uploaded this file. Only they or an admin can continue the import.")
    if record.imported_at:
        abort(redirect(url_for("imports.show_import", import_id=import_id), code=303))
    return record
