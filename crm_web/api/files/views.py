"""API endpoints for files."""

from typing import Any, BinaryIO, cast

from flask import Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint, queries
from crm_web.api.endpoint_docs import describe
from crm_web.api.files import schemas
from crm_web.api.http import (
    WrongRequest,
    read_query,
    replay_response,
    require_match,
    show,
    show_page,
    store_response,
)
from crm_web.api.schemas import FieldsQuery
from crm_web.auth.permissions import Action, allowed, require_files
from crm_web.core.extensions import db
from crm_web.files import operations
from crm_web.files.queries import find_again, get_file
from crm_web.files.sending import send_content
from crm_web.models import Activity, Customer, File, Lead
from crm_web.records.operations import lock
from crm_web.records.queries import get_record
from crm_web.web.idempotency import digest_file

IN_TRASH = {409: "Its record is in the trash."}
UPLOAD: dict[str, Any] = {
    "upload": schemas.NewFile,
    "answers": {201: schemas.File},
    "refuses": IN_TRASH,
    "is_once": True,
}
ANYTHING = "application/octet-stream"


@blueprint.get("/api/v1/files")
@allowed(Action.READ)
@describe("List files", "files", query=schemas.FileQuery, answers={200: schemas.FilePage})
def list_files() -> ResponseReturnValue:
    """Newest first. Files in the trash are left out."""
    query = read_query(schemas.FileQuery)
    place = {"lead_id": query.lead, "customer_id": query.customer, "activity_id": query.activity}
    return show_page(schemas.File, queries.list_files(place, cursor=query.at, size=query.limit))


@blueprint.post("/api/v1/leads/<int:lead_id>/files")
@allowed(Action.CHANGE_OWN)
@describe("Upload a file to a lead", "files", **UPLOAD)
def upload_to_lead(lead_id: int) -> ResponseReturnValue:
    """Send multipart/form-data with one part named file."""
    return _upload(get_record(Lead, lead_id) or abort(404))


@blueprint.post("/api/v1/customers/<int:customer_id>/files")
@allowed(Action.CHANGE_OWN)
@describe("Upload a file to a customer", "files", **UPLOAD)
def upload_to_customer(customer_id: int) -> ResponseReturnValue:
    """Send multipart/form-data with one part named file."""
    return _upload(get_record(Customer, customer_id) or abort(404))


@blueprint.post("/api/v1/activities/<int:activity_id>/files")
@allowed(Action.CREATE)
@describe("Upload a file to an activity", "files", **UPLOAD)
def upload_to_activity(activity_id: int) -> ResponseReturnValue:
    """Send multipart/form-data with one part named file. Its lead or customer lists it as well."""
    return _upload(get_record(Activity, activity_id) or abort(404))


def _upload(place: Lead | Customer | Activity) -> Response:
    require_files(place)
    stream, name = _read_upload()
    received = operations.receive_files([(stream, name)])
    place = find_again(place) or abort(404)
    if answer := replay_response(lambda: f"{name}\0{digest_file(stream)}".encode()):
        return answer
    (file,) = operations.add_files(place, received, by=current_user)
    location = url_for("api.read_file", file_id=file.id)
    answer = store_response(show(schemas.File, file, 201, location=location))
    db.session.commit()
    return answer


def _read_upload() -> tuple[BinaryIO, str]:
    """Read the one part of the body, which is in a file where it is large."""
    if request.mimetype != "multipart/form-data":
        abort(415, "Send multipart/form-data with one part named file.")
    sent = request.files.getlist("file")
    unknown = sorted({*request.files, *request.form} - {"file"})
    if unknown:
        raise WrongRequest([{"field": name, "message": "Unknown field."} for name in unknown])
    if len(sent) != 1 or not sent[0].filename:
        raise WrongRequest([{"field": "file", "message": "Send one file, with its name."}])
    return cast(BinaryIO, sent[0].stream), sent[0].filename


@blueprint.get("/api/v1/files/<int:file_id>")
@allowed(Action.READ)
@describe("Get a file", "files", query=FieldsQuery, answers={200: schemas.File})
def read_file(file_id: int) -> ResponseReturnValue:
    """Its name, type and size. A file in the trash is returned as well, with deleted_at set."""
    read_query(FieldsQuery)
    return show(schemas.File, _file_or_404(file_id))


@blueprint.get("/api/v1/files/<int:file_id>/content")
@allowed(Action.READ)
@describe("Download a file", "files", answers={200: ANYTHING})
def download_file(file_id: int) -> ResponseReturnValue:
    """Its content, with its name in Content-Disposition. A file in the trash must be restored first."""
    file = _file_or_404(file_id)
    return abort(404) if file.is_in_trash else send_content(file, ANYTHING, "attachment")


@blueprint.delete("/api/v1/files/<int:file_id>")
@allowed(Action.CREATE)
@describe("Move a file to trash", "files", answers={204: None}, refuses=IN_TRASH, needs_match=True)
def trash_file(file_id: int) -> ResponseReturnValue:
    """It can be restored for 30 days."""
    file = _file_to_change(file_id)
    lock(file.record, shared=True)
    lock(file)
    require_match(file.version)
    operations.remove_file(file, by=current_user)
    db.session.commit()
    return Response(status=204)


@blueprint.post("/api/v1/files/<int:file_id>/restore")
@allowed(Action.CREATE)
@describe("Restore a file", "files", answers={200: schemas.File}, refuses=IN_TRASH, is_once=True)
def restore_file(file_id: int) -> ResponseReturnValue:
    """Does nothing if it is not in the trash."""
    file = _file_to_change(file_id)
    if answer := replay_response():
        return answer
    operations.restore_file(file, by=current_user)
    answer = store_response(show(schemas.File, file))
    db.session.commit()
    return answer


def _file_to_change(file_id: int) -> File:
    file = _file_or_404(file_id)
    require_files(file.place)
    return file


def _file_or_404(file_id: int) -> File:
    return get_file(file_id) or abort(404)
