"""The page of emails that came in, where managers place those that wait."""

from collections.abc import Callable

from flask import Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.activities.places import url_of_record
from crm_web.auth.permissions import Action, allowed
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.emails.incoming import blueprint, operations, queries
from crm_web.emails.incoming.placing import list_candidates
from crm_web.files.sending import send_pieces
from crm_web.lists.pagination import PAGE_SIZE
from crm_web.lists.params import ListParams, Tab, is_record_id
from crm_web.models import Customer, IncomingEmail, Lead, PlacingState
from crm_web.records.queries import get_record
from crm_web.search.queries import SearchTooSlow
from crm_web.search.words import tidy
from crm_web.web.idempotency import Answer

STATES = {state.value: state for state in PlacingState}


@blueprint.get("")
@allowed(Action.CHANGE_ANY)
def list_emails() -> str:
    view = ListParams("incoming_emails.list_emails", request.args, names=("state",))
    state = STATES.get(view.one("state"), PlacingState.WAITING)
    tabs = [Tab(it.label, url_for(".list_emails", state=it.value), it is state) for it in PlacingState]
    return render_template(
        "emails/list_incoming.html",
        page=queries.list_emails(state, cursor=view.mark, size=PAGE_SIZE),
        state=state,
        tabs=tabs,
        view=view,
        address=current_settings().incoming_address,
    )


@blueprint.get("/<int:email_id>")
@allowed(Action.CHANGE_ANY)
def show_email(email_id: int) -> str:
    email = _email_or_404(email_id)
    typed = tidy(request.args.get("q", ""))
    try:
        found, is_too_slow = queries.search_records(typed), False
    except SearchTooSlow:
        found, is_too_slow = [], True
    return render_template(
        "emails/show_incoming.html",
        email=email,
        candidates=[] if email.is_placed or typed else list_candidates(email),
        typed=typed,
        found=found,
        is_too_slow=is_too_slow,
        record_url=url_of_record,
    )


@blueprint.get("/<int:email_id>/files/<int:attachment_id>")
@allowed(Action.CHANGE_ANY)
def save_attachment(email_id: int, attachment_id: int) -> Response:
    """Save a file of an email, whether that is placed or not."""
    found = queries.find_attachment(email_id, attachment_id) or abort(404)
    pieces = queries.read_attachment(attachment_id)
    return send_pieces(pieces, found.name, found.size, "application/octet-stream", "attachment")


@blueprint.post("/<int:email_id>/place")
@allowed(Action.CHANGE_ANY)
def place_email(email_id: int) -> ResponseReturnValue:
    email = _email_or_404(email_id)
    kind, _, typed_id = request.form.get("record", "").partition("-")
    if kind not in ("lead", "customer") or not is_record_id(typed_id):
        abort(400, "Choose the record to place the email on.")
    record_id = int(typed_id)
    record = (get_record(Lead, record_id) if kind == "lead" else get_record(Customer, record_id)) or abort(404)
    undo = None if email.is_placed else ("Undo", url_for(".take_back", email_id=email_id))
    answer = Answer(f"Email placed on {record.name}.", url_of_record(record), undo=undo)
    try:
        operations.place_email(email, record, by=current_user)
    except DomainError as error:
        return _refuse(error, email_id)
    db.session.commit()
    return answer.give()


@blueprint.post("/<int:email_id>/lead")
@allowed(Action.CHANGE_ANY)
def make_lead(email_id: int) -> ResponseReturnValue:
    email = _email_or_404(email_id)
    try:
        lead = operations.make_lead(email, by=current_user)
    except DomainError as error:
        return _refuse(error, email_id)
    answer = Answer(f"{lead.name} created.", url_of_record(lead))
    db.session.commit()
    return answer.give()


@blueprint.post("/<int:email_id>/take-back")
@allowed(Action.CHANGE_ANY)
def take_back(email_id: int) -> ResponseReturnValue:
    return _change(email_id, operations.take_back_email, _answer_waiting(email_id))


@blueprint.post("/<int:email_id>/ignore")
@allowed(Action.CHANGE_ANY)
def ignore_email(email_id: int) -> ResponseReturnValue:
    undo = ("Undo", url_for(".reconsider_email", email_id=email_id))
    return _change(email_id, operations.ignore_email, Answer("Email ignored.", url_for(".list_emails"), undo=undo))


@blueprint.post("/<int:email_id>/reconsider")
@allowed(Action.CHANGE_ANY)
def reconsider_email(email_id: int) -> ResponseReturnValue:
    return _change(email_id, operations.reconsider_email, _answer_waiting(email_id))


def _answer_waiting(email_id: int) -> Answer:
    return Answer("The email is waiting to be placed again.", url_for(".show_email", email_id=email_id))


def _change(email_id: int, change: Callable[..., None], answer: Answer) -> ResponseReturnValue:
    try:
        change(_email_or_404(email_id), by=current_user)
    except DomainError as error:
        return _refuse(error, email_id)
    db.session.commit()
    return answer.give()


def _refuse(error: DomainError, email_id: int) -> ResponseReturnValue:
    db.session.rollback()
    return Answer(error.message, url_for(".show_email", email_id=email_id), kind="warning").give()


def _email_or_404(email_id: int) -> IncomingEmail:
    return queries.get_email(email_id) or abort(404)
