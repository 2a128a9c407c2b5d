"""The pages of a lead."""

from collections.abc import Sequence
from datetime import datetime

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, refuse, require_change
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.customers.queries import list_contacts
from crm_web.duplicates.saving.queries import list_possible_duplicates
from crm_web.history.as_of import read_as_of
from crm_web.history.conflicts import show_conflict
from crm_web.history.deleted_records import redirect_to_history
from crm_web.history.time_travel.queries import get_past_record
from crm_web.leads import blueprint, operations, queries
from crm_web.leads.forms import EditLeadForm, NewLeadForm, prefill_from, read_open_status
from crm_web.leads.found import lock_or_404
from crm_web.leads.page import show_lead_page
from crm_web.leads.spec import LEADS
from crm_web.models import Customer, Lead, RecordKind
from crm_web.records.matching import Match
from crm_web.records.operations import ChangedMeanwhile, move_to_trash, restore_from_trash
from crm_web.records.people import list_possible_owners, name_owner
from crm_web.records.queries import get_record, get_remaining, read_earlier
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, build_saved_answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.urls import next_url, url_as_asked
from crm_web.web.ways_back import way_back


@blueprint.get("/leads/new")
@allowed(Action.CREATE)
def new_lead() -> ResponseReturnValue:
    customer_id = request.args.get("customer", type=int)
    customer = get_record(Customer, customer_id) if customer_id and 0 < customer_id < 2**63 else None
    if customer_id is not None and (customer is None or customer.is_in_trash):
        abort(404)
    contact = next(iter(list_contacts(customer.id)), None) if customer else None
    known = prefill_from(customer, contact) if customer else {}
    people = list_possible_owners()
    if known.get("owner_id") not in [person.id for person in people]:
        known["owner_id"] = current_user.id
    form = NewLeadForm(data=known | {"status": read_open_status(request.args.get("status"))})
    form.owner_id.set_options(people)
    return _new_page(form)


@blueprint.post("/leads/new")
@allowed(Action.CREATE)
@refillable()
def create_lead() -> ResponseReturnValue:
    form = NewLeadForm(data={"owner_id": current_user.id})
    form.owner_id.set_options(list_possible_owners())
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _new_page(form), 422
    matches = list_possible_duplicates(RecordKind.LEAD, form.values(), customer_id=form.customer_id.data)
    if not form.is_confirmed(matches):
        return _new_page(form, matches), 422
    try:
        lead = operations.create_lead(form.values(), by=current_user)
    except DomainError as error:
        show_refusal(form, error)
        return _new_page(form), 422
    place = url_for("leads.show_lead", lead_id=lead.id)
    link = ("View lead", place) if request.form.get("another") else None
    answer = store_response(form, f"{lead.name} created.", url_for("leads.new_lead") if link else place, link=link)
    db.session.commit()
    return answer.give()


def _new_page(form: NewLeadForm, matches: Sequence[Match] = ()) -> str:
    form.preset_currency()
    form.ask_to_confirm(matches)
    form.source.suggestions = queries.list_sources()
    customer = get_record(Customer, form.customer_id.data) if form.customer_id.data else None
    return render_template("leads/new_lead.html", form=form, matches=matches, customer=customer)


@blueprint.get("/leads/<int:lead_id>")
@allowed(Action.READ)
def show_lead(lead_id: int) -> ResponseReturnValue:
    lead, moment = queries.get_lead(lead_id), read_as_of()
    if moment is not None:
        return _past_page(lead_id, lead, moment)
    if lead and lead.merged_into_id:
        return redirect(url_for("leads.show_lead", lead_id=lead.merged_into_id), code=303)
    return show_lead_page(lead) if lead else redirect_to_history("lead", lead_id)


def _past_page(lead_id: int, today: Lead | None, moment: datetime) -> str:
    past = get_past_record("lead", lead_id, moment, today=today) or abort(404)
    now_url = url_for("leads.show_lead", lead_id=lead_id)
    return render_template("leads/past_lead.html", lead=past.record or today, spec=LEADS, past=past, now_url=now_url)


@blueprint.get("/leads/<int:lead_id>/edit")
@allowed(Action.CHANGE_OWN)
def edit_lead(lead_id: int) -> ResponseReturnValue:
    lead = _lead_or_404(lead_id)
    if lead.merged_into_id:
        return redirect(url_as_asked("leads.edit_lead", lead_id=get_remaining(lead).id), code=303)
    _require_open(lead)
    form = EditLeadForm(obj=lead)
    form.owner_id.set_options(list_possible_owners(), lead.owner)
    return _edit_page(form, lead)


@blueprint.post("/leads/<int:lead_id>/edit")
@allowed(Action.CHANGE_OWN)
@refillable()
def change_lead(lead_id: int) -> ResponseReturnValue:
    lead = _lock_or_404(lead_id)
    if lead.merged_into_id:
        return _merged_page(lead), 409
    _require_open(lead)
    form = EditLeadForm(obj=lead)
    form.owner_id.set_options(list_possible_owners(), lead.owner)
    if not form.validate():
        return _edit_page(form, lead), 422
    matches = list_possible_duplicates(RecordKind.LEAD, form.values(), record=lead, customer_id=lead.customer_id)
    if not form.is_confirmed(matches):
        return _edit_page(form, lead, matches), 422
    try:
        merged = operations.change_lead(lead, form.changes(), version=form.version.data or 0, by=current_user)
    except ChangedMeanwhile as conflict:
        return show_conflict(form, lead, conflict, back_url=url_for("leads.show_lead", lead_id=lead.id)), 409
    except DomainError as error:
        show_refusal(form, error)
        return _edit_page(form, lead), 422
    place = next_url(url_for("leads.show_lead", lead_id=lead_id))
    undo = url_for("leads.undo_edit", lead_id=lead_id, version=lead.version, next=place)
    answer = build_saved_answer(form, lead, merged, place, undo)
    db.session.commit()
    return answer.give()


def _edit_page(form: EditLeadForm, lead: Lead, matches: Sequence[Match] = (), action: str = "") -> str:
    form.preset_currency()
    form.ask_to_confirm(matches)
    form.source.suggestions = queries.list_sources()
    return render_template("leads/edit_lead.html", form=form, lead=lead, matches=matches, action=action)


def _merged_page(lead: Lead) -> str:
    """What was typed for a lead that was merged meanwhile, in the form of the one that stayed."""
    kept = get_remaining(lead)
    _require_open(kept)
    form, sent = EditLeadForm(formdata=None, obj=kept), EditLeadForm(obj=lead)
    for one, owner in ((form, kept.owner), (sent, lead.owner)):
        one.owner_id.set_options(list_possible_owners(), owner)
    form.take_typed(sent, read_earlier(lead, sent.version.data or 0))
    return _edit_page(form, kept, action=url_as_asked("leads.edit_lead", lead_id=kept.id))


@blueprint.post("/leads/<int:lead_id>/trash")
@allowed(Action.CHANGE_OWN)
def trash_lead(lead_id: int) -> ResponseReturnValue:
    lead = _lock_or_404(lead_id)
    require_change(lead)
    move_to_trash(lead, by=current_user)
    undo = ("Undo", url_for("leads.restore_lead", lead_id=lead_id))
    answer = Answer(f"{lead.name} moved to trash.", way_back("leads")[1], undo=undo)
    db.session.commit()
    return answer.give()


@blueprint.post("/leads/<int:lead_id>/restore")
@allowed(Action.CHANGE_OWN)
def restore_lead(lead_id: int) -> ResponseReturnValue:
    lead = _lock_or_404(lead_id)
    require_change(lead)
    restore_from_trash(lead, by=current_user)
    answer = Answer(f"{lead.name} restored.", url_for("leads.show_lead", lead_id=lead_id))
    db.session.commit()
    return answer.give()


def _lead_or_404(lead_id: int) -> Lead:
    lead = get_record(Lead, lead_id) or abort(404)
    name_owner(lead)
    return lead


def _lock_or_404(lead_id: int) -> Lead:
    lead = lock_or_404(lead_id)
    name_owner(lead)
    return lead


def _require_open(lead: Lead) -> None:
    require_change(lead)
    if lead.is_in_trash:
        refuse("This lead is in the trash. Restore it first.")
