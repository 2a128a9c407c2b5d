"""Adding, saving, showing, removing and restoring files."""

from collections.abc import Callable
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge, ServiceUnavailable

from crm_web.auth.permissions import Action, allowed, may_keep_file, require_files
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.files import blueprint, operations, queries
from crm_web.files.sending import send_content
from crm_web.files.storage.bucket import FilesUnreachable
from crm_web.models import Activity, Customer, File, Lead
from crm_web.records.queries import get_record
from crm_web.web.error_pages import show_error
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.refusals import refusals_shown_at
from crm_web.web.uploads import FilesForm, read_to_end, size_limit

Place = Lead | Customer | Activity
PLACES: dict[str, type[Any]] = {"lead_id": Lead, "customer_id": Customer, "activity_id": Activity}


@blueprint.get("/leads/<int:lead_id>/files/new")
@allowed(Action.CHANGE_OWN)
def new_on_lead(lead_id: int) -> str:
    return _adding_page(FilesForm(), _require(get_record(Lead, lead_id)))


@blueprint.post("/leads/<int:lead_id>/files/new")
@allowed(Action.CHANGE_OWN)
@refillable()
def add_to_lead(lead_id: int) -> ResponseReturnValue:
    return _add(_require(get_record(Lead, lead_id)))


@blueprint.get("/customers/<int:customer_id>/files/new")
@allowed(Action.CHANGE_OWN)
def new_on_customer(customer_id: int) -> str:
    return _adding_page(FilesForm(), _require(get_record(Customer, customer_id)))


@blueprint.post("/customers/<int:customer_id>/files/new")
@allowed(Action.CHANGE_OWN)
@refillable()
def add_to_customer(customer_id: int) -> ResponseReturnValue:
    return _add(_require(get_record(Customer, customer_id)))


@blueprint.get("/activities/<int:activity_id>/files/new")
@allowed(Action.CREATE)
def new_on_activity(activity_id: int) -> str:
    return _adding_page(FilesForm(), _require(get_record(Activity, activity_id)))


@blueprint.post("/activities/<int:activity_id>/files/new")
@allowed(Action.CREATE)
@refillable()
def add_to_activity(activity_id: int) -> ResponseReturnValue:
    return _add(_require(get_record(Activity, activity_id)))


def _require(place: Place | None) -> Place:
    place = place or abort(404)
    require_files(place)
    return place


def _add(place: Place) -> ResponseReturnValue:
    form = FilesForm()
    try:
        # Files go to the bucket before the form's key is claimed, for which a second request would have to wait.
        received = operations.receive_files(form.files.list_files()) if form.validate() else []
        place = _require(queries.find_again(place))
        if answer := replay_response(form):
            return answer.give()
        # Again, since the key may have been sent before with something else.
        if not form.validate():
            return _adding_page(form, place), 422
        files = operations.add_files(place, received, by=current_user)
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        status = 503 if isinstance(error, FilesUnreachable) else 422
        return _adding_page(form, _require(queries.find_again(place))), status
    added = files[0].name if len(files) == 1 else f"{len(files)} files"
    answer = store_response(form, f"{added} added.", _url_of(place))
    db.session.commit()
    return answer.give()


def _adding_page(form: FilesForm, place: Place) -> str:
    return render_template(
        "files/add_files.html",
        form=form,
        place=place,
        record=queries.record_of(place),
        back_url=_url_of(place),
        limit=size_limit(),
        most=current_settings().max_file_mb,
    )


@blueprint.errorhandler(RequestEntityTooLarge)
def refuse_large_form(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Answer files that are too large together beside their field."""
    place: Place | None = None
    for name, place_id in (request.view_args or {}).items():
        place = get_record(PLACES[name], place_id) if name in PLACES else None
    if place is None:
        return show_error(error)
    require_files(place)
    read_to_end(request.environ["wsgi.input"])
    form = FilesForm(formdata=None)
    form.files.errors = [f"These files are too large. The limit is {size_limit().text} in all."]
    return _adding_page(form, place), 413


@blueprint.errorhandler(FilesUnreachable)
def show_unreachable(error: FilesUnreachable) -> ResponseReturnValue:
    """Answer that a file is not available now; the rest of the app works."""
    return show_error(ServiceUnavailable(), words=("File not available", error.message))


@blueprint.get("/files/<int:file_id>")
@allowed(Action.READ)
def save_file(file_id: int) -> ResponseReturnValue:
    return send_content(_file_or_404(file_id), "application/octet-stream", "attachment")


@blueprint.get("/files/<int:file_id>/preview")
@allowed(Action.READ)
def show_file(file_id: int) -> ResponseReturnValue:
    file = _file_or_404(file_id)
    media_type = file.media_type or abort(404)
    return send_content(file, media_type.value, "inline")


def _file_or_404(file_id: int) -> File:
    file = queries.get_file(file_id) or abort(404)
    return abort(404) if file.is_in_trash else file


@blueprint.post("/files/<int:file_id>/remove")
@allowed(Action.CHANGE_OWN)
def remove_file(file_id: int) -> ResponseReturnValue:
    file = queries.get_file(file_id) or abort(404)
    require_files(file.place)
    undo = ("Undo", url_for(".restore_file", file_id=file_id))
    return _change(file, operations.remove_file, Answer(f"{file.name} removed.", _url_of(file.record), undo=undo))


@blueprint.post("/files/<int:file_id>/restore")
@allowed(Action.CHANGE_OWN)
def restore_file(file_id: int) -> ResponseReturnValue:
    file = queries.get_file(file_id) or abort(404)
    require_files(file.place)
    return _change(file, operations.restore_file, Answer(f"{file.name} restored.", _url_of(file.record)))


def _change(file: File, change: Callable[..., None], answer: Answer) -> ResponseReturnValue:
    with refusals_shown_at(answer.place):
        change(file, by=current_user)
    db.session.commit()
    return answer.give()


def _url_of(place: Place) -> str:
    record = queries.record_of(place)
    if isinstance(record, Customer):
        return url_for("customers.show_customer", customer_id=record.id, _anchor="files")
    return url_for("leads.show_lead", lead_id=record.id, _anchor="files")


@blueprint.app_context_processor
def _offer_actions() -> dict[str, Any]:
    """Add to the context of templates whether the user may remove a file."""

    def may_remove_file(file: Any) -> bool:
        return may_keep_file(current_user, file) and not file.record.is_in_trash

    return {"may_remove_file": may_remove_file}
