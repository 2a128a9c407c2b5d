"""The pages of a customer."""

from collections.abc import Sequence
from datetime import datetime

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.activities.adding import draw_activity_form
from crm_web.auth.permissions import Action, allowed, may, may_change, reason_not_to_change, refuse, require_change
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.customers import blueprint, operations, queries
from crm_web.customers.forms import EditCustomerForm, NewCustomerForm
from crm_web.customers.spec import CUSTOMERS
from crm_web.duplicates.saving.queries import list_possible_duplicates
from crm_web.files.queries import list_files
from crm_web.history.as_of import read_as_of
from crm_web.history.conflicts import show_conflict
from crm_web.history.deleted_records import redirect_to_history
from crm_web.history.queries import list_changes_of
from crm_web.history.time_travel.queries import get_past_record
from crm_web.models import Customer, RecordKind
from crm_web.records.matching import Match
from crm_web.records.operations import ChangedMeanwhile, move_to_trash, restore_from_trash
from crm_web.records.people import list_possible_owners, name_owner
from crm_web.records.queries import get_record, get_remaining, read_earlier
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, build_saved_answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.refusals import refusals_shown_at
from crm_web.web.urls import next_url, url_as_asked
from crm_web.web.ways_back import way_back

LEADS_SHOWN = 10
"""How many of its leads a customer's page shows; the list of leads shows all."""


@blueprint.get("/customers/new")
@allowed(Action.CREATE)
def new_customer() -> ResponseReturnValue:
    form = NewCustomerForm(data={"owner_id": current_user.id})
    form.owner_id.set_options(list_possible_owners())
    return _new_page(form)


@blueprint.post("/customers/new")
@allowed(Action.CREATE)
@refillable()
def create_customer() -> ResponseReturnValue:
    form = NewCustomerForm(data={"owner_id": current_user.id})
    form.owner_id.set_options(list_possible_owners())
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _new_page(form), 422
    matches = list_possible_duplicates(RecordKind.CUSTOMER, form.values())
    if not form.is_confirmed(matches):
        return _new_page(form, matches), 422
    try:
        customer = operations.create_customer(form.values(), by=current_user)
    except DomainError as error:
        show_refusal(form, error)
        return _new_page(form), 422
    place = url_for("customers.show_customer", customer_id=customer.id)
    answer = store_response(form, f"{customer.number} {customer.name} created.", place)
    db.session.commit()
    return answer.give()


def _new_page(form: NewCustomerForm, matches: Sequence[Match] = ()) -> str:
    form.ask_to_confirm(matches)
    return render_template("customers/new_customer.html", form=form, matches=matches)


@blueprint.get("/customers/<int:customer_id>")
@allowed(Action.READ)
def show_customer(customer_id: int) -> ResponseReturnValue:
    customer, won, duplicates, merged = queries.get_customer_with_won(customer_id) or (None, {}, [], [])
    if moment := read_as_of():
        return _past_page(customer_id, customer, moment)
    if customer is None:
        return redirect_to_history("customer", customer_id)
    if customer.merged_into_id:
        return redirect(url_for("customers.show_customer", customer_id=customer.merged_into_id), code=303)
    is_allowed = may_change(current_user, customer)
    may_add = may(current_user, Action.CREATE) and not customer.is_in_trash
    return render_template(
        "customers/show_customer.html",
        customer=customer,
        spec=CUSTOMERS,
        won=won,
        may_add=may_add,
        may_change=is_allowed and not customer.is_in_trash,
        may_restore=is_allowed and customer.is_in_trash,
        reason="" if is_allowed else reason_not_to_change(current_user, customer),
        contacts=queries.list_contacts(customer_id),
        leads=queries.list_leads_of(customer_id, limit=LEADS_SHOWN),
        activities=queries.list_activities(customer),
        activity_form=draw_activity_form(url_for("activities.add_to_customer", customer_id=customer_id))
        if may_add
        else "",
        files=list_files(customer_id=customer_id),
        changes=list_changes_of("customer", customer_id),
        duplicates=duplicates,
        merged=merged,
    )


def _past_page(customer_id: int, today: Customer | None, moment: datetime) -> str:
    past = get_past_record("customer", customer_id, moment, today=today) or abort(404)
    now_url = url_for("customers.show_customer", customer_id=customer_id)
    shown = past.record or today
    return render_template(
        "customers/past_customer.html", customer=shown, spec=CUSTOMERS, won={}, past=past, now_url=now_url
    )


@blueprint.get("/customers/<int:customer_id>/edit")
@allowed(Action.CHANGE_OWN)
def edit_customer(customer_id: int) -> ResponseReturnValue:
    customer = _customer_or_404(customer_id)
    if customer.merged_into_id:
        return redirect(url_as_asked("customers.edit_customer", customer_id=get_remaining(customer).id), code=303)
    _require_open(customer)
    form = EditCustomerForm(obj=customer)
    form.owner_id.set_options(list_possible_owners(), customer.owner)
    return _edit_page(form, customer)


@blueprint.post("/customers/<int:customer_id>/edit")
@allowed(Action.CHANGE_OWN)
@refillable()
def change_customer(customer_id: int) -> ResponseReturnValue:
    customer = _customer_or_404(customer_id)
    if customer.merged_into_id:
        return _merged_page(customer), 409
    _require_open(customer)
    form = EditCustomerForm(obj=customer)
    form.owner_id.set_options(list_possible_owners(), customer.owner)
    if not form.validate():
        return _edit_page(form, customer), 422
    matches = list_possible_duplicates(RecordKind.CUSTOMER, form.values(), record=customer, customer_id=customer.id)
    if not form.is_confirmed(matches):
        return _edit_page(form, customer, matches), 422
    try:
        version = form.version.data or 0
        merged = operations.change_customer(customer, form.changes(), version=version, by=current_user)
    except ChangedMeanwhile as conflict:
        back_url = url_for("customers.show_customer", customer_id=customer.id)
        return show_conflict(form, customer, conflict, back_url=back_url), 409
    except DomainError as error:
        show_refusal(form, error)
        return _edit_page(form, customer), 422
    place = next_url(url_for("customers.show_customer", customer_id=customer_id))
    undo = url_for("customers.undo_edit", customer_id=customer_id, version=customer.version, next=place)
    answer = build_saved_answer(form, customer, merged, place, undo)
    db.session.commit()
    return answer.give()


def _edit_page(form: EditCustomerForm, customer: Customer, matches: Sequence[Match] = (), action: str = "") -> str:
    form.ask_to_confirm(matches)
    return render_template("customers/edit_customer.html", form=form, customer=customer, matches=matches, action=action)


def _merged_page(customer: Customer) -> str:
    """What was typed for a customer that was merged meanwhile, in the form of the one that stayed."""
    kept = get_remaining(customer)
    _require_open(kept)
    form, sent = EditCustomerForm(formdata=None, obj=kept), EditCustomerForm(obj=customer)
    for one, owner in ((form, kept.owner), (sent, customer.owner)):
        one.owner_id.set_options(list_possible_owners(), owner)
    form.take_typed(sent, read_earlier(customer, sent.version.data or 0))
    return _edit_page(form, kept, action=url_as_asked("customers.edit_customer", customer_id=kept.id))


@blueprint.post("/customers/<int:customer_id>/versions/<int:version>/undo")
@allowed(Action.CHANGE_OWN)
def undo_edit(customer_id: int, version: int) -> ResponseReturnValue:
    customer = _customer_or_404(customer_id)
    require_change(customer)
    place = next_url(url_for("customers.show_customer", customer_id=customer_id))
    with refusals_shown_at(place):
        operations.undo_edit(customer, version, by=current_user)
    answer = Answer(f"{customer.name} is back as it was.", place)
    db.session.commit()
    return answer.give()


@blueprint.post("/customers/<int:customer_id>/trash")
@allowed(Action.CHANGE_OWN)
def trash_customer(customer_id: int) -> ResponseReturnValue:
    customer = _customer_or_404(customer_id)
    require_change(customer)
    move_to_trash(customer, by=current_user)
    undo = ("Undo", url_for("customers.restore_customer", customer_id=customer_id))
    text = f"{customer.number} {customer.name} moved to trash. Its leads are not affected."
    answer = Answer(text, way_back("customers")[1], undo=undo)
    db.session.commit()
    return answer.give()


@blueprint.post("/customers/<int:customer_id>/restore")
@allowed(Action.CHANGE_OWN)
def restore_customer(customer_id: int) -> ResponseReturnValue:
    customer = _customer_or_404(customer_id)
    require_change(customer)
    restore_from_trash(customer, by=current_user)
    place = url_for("customers.show_customer", customer_id=customer_id)
    answer = Answer(f"{customer.number} {customer.name} restored.", place)
    db.session.commit()
    return answer.give()


def _customer_or_404(customer_id: int) -> Customer:
    customer = get_record(Customer, customer_id) or abort(404)
    name_owner(customer)
    return customer


def _require_open(customer: Customer) -> None:
    require_change(customer)
    if customer.is_in_trash:
        refuse("This customer is in the trash. Restore it first.")
