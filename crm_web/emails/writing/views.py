"""Writing an email on a lead or customer, previewing it, sending it and taking it back."""

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.activities.places import place_after, url_of_record
from crm_web.auth.permissions import Action, allowed, require_removal
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.emails import blueprint
from crm_web.emails.templates.fields import list_values
from crm_web.emails.templates.queries import get_template, list_templates
from crm_web.emails.writing import operations, queries
from crm_web.emails.writing.forms import EmailForm, begin_email, choose_recipient
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
    template_id = request.args.get("template", 0, type=int)
    template = get_template(template_id) if 0 < template_id < 2**63 else None
    form = begin_email(record, contact, template, values)
    form.offer([it.email for it in (record, *contacts) if it.email], values)
    return form


def _send(record: Lead | Customer) -> ResponseReturnValue:
    form = _read_form(record)
    if request.form.get("preview"):
        return _writing_page(form, record, has_preview=True) if form.validate() else (_writing_page(form, record), 422)
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


def _writing_page(form: EmailForm, record: Lead | Customer, *, has_preview: bool = False) -> str:
    return render_template(
        "emails/write_email.html",
        form=form,
        record=record,
        templates=list_templates(),
        template_id=request.args.get("template", type=int),
        contact_id=request.args.get("contact", type=int),
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
    answer = Answer("Email canceled. Nothing was sent.", place_after(activity))
    with refusals_shown_at(answer.place):
        operations.cancel_email(activity, by=current_user)
    db.session.commit()
    return answer.give()
