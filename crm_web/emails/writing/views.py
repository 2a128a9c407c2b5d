"""Writing an email on a lead or customer, previewing it, sending it and taking it back."""

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.activities.places import place_after, url_of_record
from crm_web.auth.drafts.queries import find_draft
from crm_web.auth.permissions import Action, allowed, require_removal
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.emails import blueprint
from crm_web.emails.templates.fields import list_values
from crm_web.emails.templates.queries import list_templates
from crm_web.emails.writing import operations, queries
from crm_web.emails.writing.forms import EmailForm, begin_email, choose_recipient, use_template
from crm_web.lists.params import is_record_id
from crm_web.mail.operations import UNDO_TIME
from crm_web.mail.sender import describe_sender
from crm_web.models import Customer, Lead
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.refusals import refusals_shown_at


@blueprint.get("/leads/<int:lead_id>/email")
@allowed(Action.CREATE)
def write_on_lead(lead_id: int) -> str:
    record = queries.get_record(Lead, lead_id) or abort(404)
    return _writing_page(_read_form(record), record)


@blueprint.post("/leads/<int:lead_id>/email")
@allowed(Action.CREATE)
@refillable()
def send_from_lead(lead_id: int) -> ResponseReturnValue:
    return _send(queries.get_record(Lead, lead_id) or abort(404))


@blueprint.get("/customers/<int:customer_id>/email")
@allowed(Action.CREATE)
def write_on_customer(customer_id: int) -> str:
    record = queries.get_record(Customer, customer_id) or abort(404)
    return _writing_page(_read_form(record), record)


@blueprint.post("/customers/<int:customer_id>/email")
@allowed(Action.CREATE)
@refillable()
def send_from_customer(customer_id: int) -> ResponseReturnValue:
    return _send(queries.get_record(Customer, customer_id) or abort(404))


def _read_form(record: Lead | Customer) -> EmailForm:
    contacts = queries.list_contacts(record)
    contact = choose_recipient(record, contacts, request.args.get("contact", type=int))
    values = list_values(record, contact, current_user)
    form = begin_email(record, contact, _find_written(), values)
    form.to.suggestions = [it.email for it in (record, *contacts) if it.email]
    return form


def _find_written() -> dict[str, str]:
    """Find what was written here and taken back, if the address names it."""
    draft_id = request.args.get("draft", "")
    draft = find_draft(int(draft_id), current_user) if is_record_id(draft_id) else None
    return dict(draft.fields) if draft is not None and draft.place == request.path else {}


def _send(record: Lead | Customer) -> ResponseReturnValue:
    form = _read_form(record)
    if request.form.get("preview"):
        return _writing_page(form, record, has_preview=True) if form.validate() else (_writing_page(form, record), 422)
    if request.form.get("use_template"):
        return _use_template(form, record)
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _writing_page(form, record), 422
    try:
        mail = operations.send_email(
            record, form.to.data, subject=form.filled_subject, body=form.filled_body, by=current_user
        )
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        return _writing_page(form, record), 422
    cancel_url = url_for(".cancel_email", activity_id=mail.activity_id)
    place = url_of_record(record)
    answer = store_response(
        form, f"Email to {mail.recipient} goes out in {UNDO_TIME.seconds} seconds.", place, undo=("Undo", cancel_url)
    )
    db.session.commit()
    return answer.give()


def _use_template(form: EmailForm, record: Lead | Customer) -> str:
    template_id, templates = request.form.get("template", type=int), list_templates()
    template = next((it for it in templates if it.id == template_id), None)
    if template is not None:
        use_template(form, template, templates)
    return _writing_page(form, record)


def _writing_page(form: EmailForm, record: Lead | Customer, *, has_preview: bool = False) -> str:
    return render_template(
        "emails/write_email.html",
        form=form,
        record=record,
        templates=list_templates(),
        template_id=request.form.get("template", type=int),
        has_preview=has_preview,
        settings=current_settings(),
        sender=describe_sender(current_user.name, current_user.email, current_settings()),
        back_url=url_of_record(record),
    )


@blueprint.post("/activities/<int:activity_id>/email/cancel")
@allowed(Action.CREATE)
def cancel_email(activity_id: int) -> ResponseReturnValue:
    activity = queries.get_activity(activity_id) or abort(404)
    require_removal(activity)
    record, place = activity.record, place_after(activity)
    if isinstance(record, Lead):
        writing_url = url_for(".write_on_lead", lead_id=record.id)
    else:
        writing_url = url_for(".write_on_customer", customer_id=record.id)
    with refusals_shown_at(place):
        draft = operations.cancel_email(activity, writing_url, by=current_user)
    place = f"{writing_url}?draft={draft.id}" if draft else place
    answer = Answer("Email canceled. Nothing was sent.", place)
    db.session.commit()
    return answer.give()
