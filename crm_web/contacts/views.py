"""The pages of contacts."""

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, refuse, require_change
from crm_web.contacts import operations
from crm_web.contacts import queries as contacts_queries
from crm_web.contacts.forms import EditContactForm, NewContactForm
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.customers import blueprint
from crm_web.history.conflicts import show_conflict
from crm_web.history.queries import list_changes_of
from crm_web.models import Contact, Customer
from crm_web.records.operations import ChangedMeanwhile, restore_from_trash
from crm_web.records.queries import get_record, get_remaining, read_earlier
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, build_saved_answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.refusals import refusals_shown_at
from crm_web.web.urls import next_url, url_as_asked


@blueprint.get("/customers/<int:customer_id>/contacts/new")
@allowed(Action.CHANGE_OWN)
def new_contact(customer_id: int) -> ResponseReturnValue:
    customer = _customer_or_404(customer_id)
    require_change(customer)
    if customer.is_in_trash:
        refuse("This customer is in the trash. Restore it first.")
    return _new_page(NewContactForm(customer=customer), customer)


@blueprint.post("/customers/<int:customer_id>/contacts/new")
@allowed(Action.CHANGE_OWN)
@refillable()
def create_contact(customer_id: int) -> ResponseReturnValue:
    customer = _customer_or_404(customer_id)
    require_change(customer)
    form = NewContactForm(customer=customer)
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _new_page(form, customer), 422
    try:
        contact = operations.add_contact(customer, form.values(), by=current_user)
    except DomainError as error:
        show_refusal(form, error)
        return _new_page(form, customer), 422
    place = url_for("customers.show_customer", customer_id=customer.id)
    answer = store_response(form, f"{contact.name} added.", place)
    db.session.commit()
    return answer.give()


def _new_page(form: NewContactForm, customer: Customer) -> str:
    return render_template("contacts/new_contact.html", form=form, customer=customer)


@blueprint.get("/contacts/<int:contact_id>/edit")
@allowed(Action.CHANGE_OWN)
def edit_contact(contact_id: int) -> ResponseReturnValue:
    contact = contacts_queries.get_contact(contact_id) or abort(404)
    if contact.merged_into_id:
        return redirect(url_as_asked("customers.edit_contact", contact_id=get_remaining(contact).id), code=303)
    _require_open(contact)
    return _edit_page(EditContactForm(obj=contact, customer=contact.customer), contact)


@blueprint.post("/contacts/<int:contact_id>/edit")
@allowed(Action.CHANGE_OWN)
@refillable()
def change_contact(contact_id: int) -> ResponseReturnValue:
    contact = contacts_queries.get_contact(contact_id) or abort(404)
    if contact.merged_into_id:
        return _merged_page(contact), 409
    require_change(contact.customer)
    form = EditContactForm(obj=contact, customer=contact.customer)
    if not form.validate():
        return _edit_page(form, contact), 422
    try:
        version = form.version.data or 0
        merged = operations.change_contact(contact, form.changes(), version=version, by=current_user)
    except ChangedMeanwhile as conflict:
        back_url = url_for("customers.show_customer", customer_id=contact.customer_id)
        return show_conflict(form, contact, conflict, back_url=back_url), 409
    except DomainError as error:
        show_refusal(form, error)
        return _edit_page(form, contact), 422
    place = _place_after(contact)
    answer = build_saved_answer(form, contact, merged, place, _url_of_undo(contact, next=place))
    db.session.commit()
    return answer.give()


def _edit_page(form: EditContactForm, contact: Contact, action: str = "") -> str:
    changes = list_changes_of("contact", contact.id)
    return render_template("contacts/edit_contact.html", form=form, contact=contact, changes=changes, action=action)


def _merged_page(contact: Contact) -> str:
    """What was typed for a contact that was merged meanwhile, in the form of the one that stayed."""
    kept = get_remaining(contact)
    _require_open(kept)
    form = EditContactForm(formdata=None, obj=kept, customer=kept.customer)
    sent = EditContactForm(obj=contact, customer=contact.customer)
    form.take_typed(sent, read_earlier(contact, sent.version.data or 0))
    return _edit_page(form, kept, action=url_as_asked("customers.edit_contact", contact_id=kept.id))


def _require_open(contact: Contact) -> None:
    require_change(contact.customer)
    if contact.is_in_trash or contact.customer.is_in_trash:
        refuse("This is in the trash. Restore it first.")


@blueprint.post("/contacts/<int:contact_id>/primary")
@allowed(Action.CHANGE_OWN)
def make_contact_primary(contact_id: int) -> ResponseReturnValue:
    contact = _contact_to_change(contact_id)
    place = _place_of(contact)
    version = contact.version
    with refusals_shown_at(place):
        before = operations.make_primary(contact, by=current_user)
    back_url = url_for("customers.make_contact_primary", contact_id=before.id) if before else _url_of_undo(contact)
    undo = ("Undo", back_url) if contact.version != version else None
    answer = Answer(f"{contact.name} is now the primary contact.", place, undo=undo)
    db.session.commit()
    return answer.give()


@blueprint.post("/contacts/<int:contact_id>/versions/<int:version>/undo")
@allowed(Action.CHANGE_OWN)
def undo_contact_edit(contact_id: int, version: int) -> ResponseReturnValue:
    contact = _contact_to_change(contact_id)
    place = _place_after(contact)
    with refusals_shown_at(place):
        operations.undo_edit(contact, version, by=current_user)
    answer = Answer(f"{contact.name} is back as it was.", place)
    db.session.commit()
    return answer.give()


@blueprint.post("/contacts/<int:contact_id>/trash")
@allowed(Action.CHANGE_OWN)
def trash_contact(contact_id: int) -> ResponseReturnValue:
    contact = _contact_to_change(contact_id)
    operations.trash_contact(contact, by=current_user)
    undo = ("Undo", url_for("customers.restore_contact", contact_id=contact_id))
    answer = Answer(f"{contact.name} moved to trash.", _place_of(contact), undo=undo)
    db.session.commit()
    return answer.give()


@blueprint.post("/contacts/<int:contact_id>/restore")
@allowed(Action.CHANGE_OWN)
def restore_contact(contact_id: int) -> ResponseReturnValue:
    contact = _contact_to_change(contact_id)
    restore_from_trash(contact, by=current_user)
    answer = Answer(f"{contact.name} restored.", _place_of(contact))
    db.session.commit()
    return answer.give()


def _url_of_undo(contact: Contact, next: str | None = None) -> str:
    """A POST to it undoes the edit that made its present version, and goes on to ``next``."""
    return url_for("customers.undo_contact_edit", contact_id=contact.id, version=contact.version, next=next)


def _place_of(contact: Contact) -> str:
    return url_for("customers.show_customer", customer_id=contact.customer_id)


def _place_after(contact: Contact) -> str:
    """The page that the request names, else that of the customer."""
    return next_url(_place_of(contact))


def _contact_to_change(contact_id: int) -> Contact:
    """A contact in the trash is found as well, since it can be restored; operations refuse anything else."""
    contact = contacts_queries.get_contact(contact_id) or abort(404)
    require_change(contact.customer)
    return contact


def _customer_or_404(customer_id: int) -> Customer:
    return get_record(Customer, customer_id) or abort(404)
