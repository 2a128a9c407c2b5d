"""The pages on privacy, for admins."""

from collections.abc import Collection

from flask import abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.history.queries import format_changes
from crm_web.models import ErasureState, RecordKind
from crm_web.privacy import blueprint, operations, queries
from crm_web.privacy.mentions.queries import find_employee, list_mentions
from crm_web.privacy.queries import Person
from crm_web.web.flash import flash_message
from crm_web.web.idempotency import Answer
from crm_web.web.refusals import refusals_shown_at

LONGEST = 300
_PATH = "/<kind>/<int:record_id>"


@blueprint.get("")
@allowed(Action.PURGE)
def find_people() -> ResponseReturnValue:
    typed = request.args.get("q", "").replace("\x00", "")[:LONGEST]
    found, erasures = queries.search_people(typed), queries.list_erasures()
    return render_template("privacy/find_people.html", typed=typed.strip(), found=found, erasures=erasures)


@blueprint.get(_PATH)
@allowed(Action.PURGE)
def show_person(kind: str, record_id: int) -> ResponseReturnValue:
    person = _person_or_404(kind, record_id)
    return render_template(
        "privacy/show_person.html",
        person=person,
        kind=kind,
        record_id=record_id,
        records=queries.describe_person(person),
        erasure=queries.find_open_erasure(person) or queries.find_canceled_erasure(person),
        changes=format_changes(queries.list_changes(person), with_records=True),
    )


@blueprint.get("/<kind>/<int:record_id>/json")
@allowed(Action.PURGE)
def export_person(kind: str, record_id: int) -> ResponseReturnValue:
    answer = jsonify(queries.export_person(_person_or_404(kind, record_id)))
    answer.headers["Content-Disposition"] = f'attachment; filename="{kind}-{record_id}.json"'
    return answer


@blueprint.get(f"{_PATH}/erase")
@allowed(Action.PURGE)
def preview_erasure(kind: str, record_id: int) -> ResponseReturnValue:
    person = _person_or_404(kind, record_id)
    if (erasure := queries.find_open_erasure(person)) and erasure.state is ErasureState.WAITING:
        return redirect(url_for("privacy.show_erasure", erasure_id=erasure.id))
    return render_template(
        "privacy/preview_erasure.html",
        person=person,
        kind=kind,
        record_id=record_id,
        mentions=list_mentions(person),
        employee=find_employee(person),
        files=queries.list_files_by_id([file.id for file in queries.list_files(person)]),
        kept_files=queries.list_files_by_id(queries.list_kept_files(person)),
    )


@blueprint.post(f"{_PATH}/erase")
@allowed(Action.PURGE)
def erase_person(kind: str, record_id: int) -> ResponseReturnValue:
    _person_or_404(kind, record_id)
    if request.form.get("confirmed") != "1":
        flash_message("Check the box to confirm that this can’t be undone.", kind="error")
        return redirect(url_for("privacy.preview_erasure", kind=kind, record_id=record_id), code=303)
    mentions = request.form.getlist("mentions")
    return _ask_worker(RecordKind(kind), record_id, mentions)


@blueprint.post("/erasures/<int:erasure_id>/retry")
@allowed(Action.PURGE)
def retry_erasure(erasure_id: int) -> ResponseReturnValue:
    erasure = queries.get_erasure(erasure_id) or abort(404)
    if erasure.state is not ErasureState.FAILED or erasure.entity is None or erasure.record_id is None:
        return redirect(url_for("privacy.show_erasure", erasure_id=erasure_id), code=303)
    return _ask_worker(erasure.entity, erasure.record_id, erasure.mentions or ())


@blueprint.post("/erasures/<int:erasure_id>/cancel")
@allowed(Action.PURGE)
def cancel_erasure(erasure_id: int) -> ResponseReturnValue:
    erasure = queries.get_erasure(erasure_id) or abort(404)
    place = url_for("privacy.show_erasure", erasure_id=erasure_id)
    with refusals_shown_at(place):
        operations.cancel_erasure(erasure, by=current_user)
    answer = Answer("Erasure canceled. Nothing was erased.", place)
    db.session.commit()
    log_event("erasure_canceled", erasure_id=erasure_id)
    return answer.give()


def _ask_worker(kind: RecordKind, record_id: int, mentions: Collection[str]) -> ResponseReturnValue:
    try:
        erasure = operations.request_erasure(kind, record_id, mentions=mentions, by=current_user)
    except DomainError as error:
        db.session.rollback()
        return Answer(error.message, url_for("privacy.find_people"), kind="error").give()
    erasure_id, place = erasure.id, url_for("privacy.show_erasure", erasure_id=erasure.id)
    db.session.commit()
    log_event("erasure_asked", erasure_id=erasure_id)
    return redirect(place, code=303)


@blueprint.get("/erasures/<int:erasure_id>")
@allowed(Action.PURGE)
def show_erasure(erasure_id: int) -> ResponseReturnValue:
    erasure = queries.get_erasure(erasure_id) or abort(404)
    if erasure.erased_at is None:
        return render_template("privacy/erasing.html", erasure=erasure, has_worker=queries.has_running_worker())
    files = queries.list_files_by_id(erasure.records.get("kept file", []))
    return render_template("privacy/show_erasure.html", erasure=erasure, files=files)


def _person_or_404(kind: str, record_id: int) -> Person:
    if kind not in set(RecordKind):
        abort(404)
    return queries.find_person(RecordKind(kind), record_id) or abort(404)
