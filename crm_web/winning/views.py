"""Winning a lead whose customer must be chosen or checked first, and undoing a win."""

from typing import cast

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, may_change, refuse, require_change
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.leads import blueprint, operations, queries
from crm_web.leads.forms import StatusForm, StatusOnlyForm
from crm_web.leads.found import lock_or_404
from crm_web.leads.page import show_lead_page
from crm_web.leads.queries import find_active_conversion
from crm_web.models import Conversion, ConversionKind, Customer, Lead, LeadStatus, StatusKind
from crm_web.records.labels import label_of
from crm_web.records.matching import list_likely_customers
from crm_web.records.people import list_possible_owners, name_owner
from crm_web.records.queries import get_record
from crm_web.web.flash import Link
from crm_web.web.form_fields import show_refusal, stored_values
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import is_refill, refillable
from crm_web.web.refusals import refusals_shown_at
from crm_web.web.urls import next_url, safe_redirect_target
from crm_web.winning import operations as winning_operations
from crm_web.winning import queries as win_queries
from crm_web.winning.conversion.queries import get_win_contact
from crm_web.winning.forms import WinChoiceForm, WinForm
from crm_web.winning.mapping import customer_from_lead
from crm_web.winning.match_candidates import list_match_candidates

CARRIED_OVER = ("status", "next", "lost_reason", "lost_note")


@blueprint.get("/leads/<int:lead_id>/win")
@allowed(Action.CHANGE_OWN)
def preview_win(lead_id: int) -> ResponseReturnValue:
    lead = _lead_to_move(lead_id)
    if lead.is_won or lead.customer_id is not None:
        return redirect(url_for("leads.show_lead", lead_id=lead.id), code=303)
    return _win_page(lead, _form_for(lead))


def _lead_to_move(lead_id: int) -> Lead:
    lead: Lead = queries.get_lead(lead_id) or abort(404)
    require_change(lead)
    if lead.is_in_trash:
        refuse("This lead is in the trash. Restore it first.")
    return lead


def _form_for(lead: Lead) -> WinForm:
    form = WinForm(data=customer_from_lead(lead))
    form.record = Customer(**customer_from_lead(lead))
    name_owner(lead)
    form.owner_id.set_options(list_possible_owners(), lead.owner)
    return form


def _win_page(lead: Lead, form: WinForm) -> str:
    return render_template(
        "winning/preview_win.html",
        lead=lead,
        form=form,
        offers=list_match_candidates(lead, by=current_user),
        next=request.values.get("next", ""),
        back_url=come_back_to(lead),
    )


def come_back_to(lead: Lead) -> str:
    """Return where to go after a status change: the page that the form names, or the lead's own."""
    return next_url(url_for("leads.show_lead", lead_id=lead.id))


def _whole_page(place: str | None) -> str | None:
    """Return where to go later. The script of the board asks for two columns, and names the whole board besides."""
    return safe_redirect_target(request.form.get("back")) or place


def win_by_choice(lead: Lead, seen: LeadStatus | None) -> ResponseReturnValue | None:
    """Answer a Won that says whose it is, or has to be asked; ``None`` where one press of the button is enough."""
    choice = WinChoiceForm()
    if choice.create.data:
        return _win_as_typed(lead, seen)
    if _is_decided(lead):
        return None
    if choice.customer_id.data is not None:
        return _win_for(lead, choice.customer_id.data, seen)
    is_asked = seen in (None, lead.status) and list_likely_customers(lead, limit=1)
    # The likely one may be the very customer that a colleague's Won has just created from this lead.
    if is_asked and not win_queries.has_customer(lead.id):
        place = _whole_page(request.values.get("next")) or None
        return redirect(url_for("leads.preview_win", lead_id=lead.id, next=place), code=303)
    return None


def _is_decided(lead: Lead) -> bool:
    return lead.is_won or lead.is_in_trash or lead.customer_id is not None


def _win_for(lead: Lead, customer_id: int, seen: LeadStatus | None) -> ResponseReturnValue:
    customer = get_record(Customer, customer_id) or abort(404)
    was = lead.status
    fill = may_change(current_user, customer)
    try:
        winning_operations.win_for_customer(lead, customer, fill=fill, by=current_user, seen=seen)
    except DomainError as error:
        return _refused_page(lead, _form_for(lead), error)
    answer = build_win_answer(lead, was, None)
    db.session.commit()
    return answer.give()


def win_again(lead: Lead) -> ResponseReturnValue | None:
    """Show the customer again that was typed before the person was signed out; ``None`` for any other form."""
    if not is_refill() or not WinChoiceForm().create.data or _is_decided(lead):
        return None
    form = _form_for(lead)
    form.validate()
    return _win_page(lead, form), 422


def _win_as_typed(lead: Lead, seen: LeadStatus | None) -> ResponseReturnValue | None:
    form = _form_for(lead)
    # Who took the win back meanwhile and sends the same page once more wants to win it again.
    if (answer := replay_response(form)) and win_queries.is_won_by_now(lead.id):
        return answer.give()
    if _is_decided(lead):
        return None
    if not form.validate():
        return _win_page(lead, form), 422
    was = lead.status
    try:
        winning_operations.win_with_new_customer(lead, stored_values(form), by=current_user, seen=seen)
    except DomainError as error:
        return _refused_page(lead, form, error)
    told = build_win_answer(lead, was, None)
    answer = store_response(form, told.text, told.place, link=told.link, undo=told.undo)
    db.session.commit()
    return answer.give()


def _refused_page(lead: Lead, form: WinForm, error: DomainError) -> ResponseReturnValue:
    show_refusal(form, error)
    return _win_page(lead, form), 409 if isinstance(error, operations.StatusChangedMeanwhile) else 422


def build_win_answer(lead: Lead, was: LeadStatus, had_customer_id: int | None) -> Answer:
    """Build the message about a win, with its undo."""
    place = come_back_to(lead)
    # By its id: what was loaded before the lead was locked may be none, or another one.
    customer, conversion = cast(Customer, get_record(Customer, lead.customer_id or 0)), find_active_conversion(lead.id)
    name = f"Customer {customer.number} {customer.name}"
    link = ("View customer", url_for("customers.show_customer", customer_id=customer.id))
    if was is LeadStatus.WON:
        unsaved = " What you typed was not saved." if request.form.get("create") else ""
        return Answer(f"This lead is already won. {name} is its customer.{unsaved}", place, link=link, kind="info")
    undo_url = url_for("leads.undo_win", lead_id=lead.id, next=_whole_page(place))
    undo = ("Undo", undo_url) if conversion and conversion.before else None
    is_new = conversion is not None and had_customer_id is None
    told = _describe_win(conversion if is_new else None, customer)
    return Answer(told, place, link=link, undo=undo)


def _describe_win(conversion: Conversion | None, customer: Customer) -> str:
    """:param conversion: the one that this win made; ``None`` if the lead had its customer before"""
    name = f"{customer.number} {customer.name}"
    if conversion and conversion.kind is ConversionKind.CREATED:
        is_made = conversion.customer_version == 1
        return f"Won. Customer {name} created." if is_made else f"Won. Customer {name} restored from trash."
    told = [f"Won. Linked to customer {name}."]
    if conversion and conversion.filled:
        told.append(f"Filled in from the lead: {', '.join(map(label_of, conversion.filled))}.")
    if conversion and (contact := get_win_contact(conversion)):
        told.append(f"{contact.name} added as a contact.")
    return " ".join(told)


@blueprint.post("/leads/<int:lead_id>/win/undo")
@allowed(Action.CHANGE_OWN)
def undo_win(lead_id: int) -> ResponseReturnValue:
    lead = lock_or_404(lead_id)
    require_change(lead)
    try:
        conversion = winning_operations.undo_win(lead, by=current_user)
    except operations.LeadInTrash as error:
        refuse(error.message)
    except winning_operations.WinStands as error:
        return render_template("winning/undo_win.html", lead=lead, obstacles=error.obstacles), 409
    answer = _build_undo_answer(lead, conversion)
    db.session.commit()
    return answer.give()


def _build_undo_answer(lead: Lead, conversion: Conversion | None) -> Answer:
    place, own_place = come_back_to(lead), url_for("leads.show_lead", lead_id=lead.id)
    if conversion is None:
        return Answer("This win was already undone.", place, kind="info")
    customer = get_record(Customer, conversion.customer_id) or abort(404)
    told = f"Customer {customer.number} {customer.name} moved to trash."
    if conversion.kind is not ConversionKind.CREATED:
        told = f"Customer {customer.number} {customer.name} is kept.{_describe_undone(conversion, customer)}"
    link = ("View customer", url_for("customers.show_customer", customer_id=customer.id))
    undo = ("Undo", url_for("leads.redo_win", lead_id=lead.id, version=lead.version, next=place))
    name = "The lead" if place == own_place else lead.name
    return Answer(f"Win undone. {name} is back in {lead.status.label}. {told}", place, link=link, undo=undo)


@blueprint.post("/leads/<int:lead_id>/versions/<int:version>/win-again")
@allowed(Action.CHANGE_OWN)
def redo_win(lead_id: int, version: int) -> ResponseReturnValue:
    lead = lock_or_404(lead_id)
    require_change(lead)
    was = lead.status
    with refusals_shown_at(come_back_to(lead)):
        winning_operations.redo_win(lead, version, by=current_user)
    answer = build_win_answer(lead, was, None)
    db.session.commit()
    return answer.give()


def _describe_undone(conversion: Conversion, customer: Customer) -> str:
    emptied = [label_of(field) for field in conversion.filled if getattr(customer, field) is None]
    contact = get_win_contact(conversion)
    told = f" Cleared: {', '.join(emptied)}." if emptied else ""
    return told + (f" Contact {contact.name} moved to trash." if contact and contact.is_in_trash else "")


def ask_to_leave_won(lead: Lead, form: StatusForm) -> ResponseReturnValue | None:
    """Send a move out of Won to the page that asks first; ``None`` where there is nothing to ask, or it was asked."""
    is_seen = form.seen in (None, LeadStatus.WON)
    if not lead.is_won or lead.is_in_trash or form.status.data is LeadStatus.WON or form.confirmed.data or not is_seen:
        return None
    if form.status.data.kind is StatusKind.LOST:
        operations.check_lost_reason(form.lost_reason.data, form.lost_note.data)
    sent = {name: request.form.get(name) or None for name in CARRIED_OVER}
    sent["next"] = _whole_page(sent["next"])
    return redirect(url_for("leads.leave_won", lead_id=lead.id, **sent), code=303)  # type: ignore[arg-type]


@blueprint.get("/leads/<int:lead_id>/leave-won")
@allowed(Action.CHANGE_OWN)
def leave_won(lead_id: int) -> ResponseReturnValue:
    lead = queries.get_lead(lead_id) or abort(404)
    require_change(lead)
    sent = {name: request.args[name] for name in CARRIED_OVER if request.args.get(name)}
    status = next((status for status in LeadStatus if status == sent.get("status")), LeadStatus.WON)
    if not lead.is_won or lead.is_in_trash or status is LeadStatus.WON:
        return redirect(url_for("leads.show_lead", lead_id=lead_id), code=303)
    fields = {**sent, "from_status": LeadStatus.WON.value, "confirmed": "1"}
    return render_template(
        "winning/leave_won.html", lead=lead, status=status, fields=fields, back_url=come_back_to(lead)
    )


def undo_of_move(lead: Lead, place: str) -> Link:
    """Label and address that a POST takes the move back with that has just been made; then one is back at a place."""
    return "Undo", url_for("leads.undo_move", lead_id=lead.id, version=lead.version, next=_whole_page(place))


@blueprint.post("/leads/<int:lead_id>/moves/<int:version>/undo")
@allowed(Action.CHANGE_OWN)
def undo_move(lead_id: int, version: int) -> ResponseReturnValue:
    lead = lock_or_404(lead_id)
    require_change(lead)
    place = come_back_to(lead)
    with refusals_shown_at(place):
        is_undone = winning_operations.undo_move(lead, version, by=current_user)
    if is_undone:
        answer = Answer(f"{lead.name} moved back to {lead.status.label}.", place)
    else:
        answer = Answer(f"{lead.name} is already back in {lead.status.label}.", place, kind="info")
    db.session.commit()
    return answer.give()


@blueprint.get("/leads/<int:lead_id>/status/edit")
@allowed(Action.CHANGE_OWN)
def choose_status(lead_id: int) -> ResponseReturnValue:
    lead = _lead_to_move(lead_id)
    return _status_page(lead, StatusOnlyForm(data={"status": lead.status, "next": request.args.get("next")}))


def _status_page(lead: Lead, form: StatusForm) -> str:
    """Show the form again where it stood: on a page of its own, or on that of the lead."""
    if not isinstance(form, StatusOnlyForm):
        return show_lead_page(queries.get_lead(lead.id) or abort(404), form)
    form.show_on(lead.status)
    return render_template("winning/choose_status.html", lead=lead, form=form)


@blueprint.post("/leads/<int:lead_id>/status")
@allowed(Action.CHANGE_OWN)
@refillable("create", "lost_note")
def change_status(lead_id: int) -> ResponseReturnValue:
    lead = lock_or_404(lead_id)
    require_change(lead)
    form = StatusOnlyForm() if "on_own_page" in request.form else StatusForm()
    if not form.validate():
        return win_again(lead) or (_status_page(lead, form), 422)
    before = (lead.status, lead.customer_id)
    if form.status.data is LeadStatus.WON and (answer := win_by_choice(lead, form.seen)):
        return answer
    try:
        if answer := ask_to_leave_won(lead, form):
            return answer
        winning_operations.change_status(lead, form.status.data, by=current_user, seen=form.seen, **form.reason)
    except DomainError as error:
        show_refusal(form, error)
        return _status_page(lead, form), 409 if isinstance(error, operations.StatusChangedMeanwhile) else 422
    told = _build_status_answer(lead, *before)
    db.session.commit()
    return told.give()


def _build_status_answer(lead: Lead, was: LeadStatus, had_customer_id: int | None) -> Answer:
    """Say in one sentence what became of the lead, and of its customer; elsewhere than on its page say also which."""
    place = come_back_to(lead)
    is_named = place == url_for("leads.show_lead", lead_id=lead.id)
    moved = f"Moved to {lead.status.label}." if is_named else f"{lead.name} moved to {lead.status.label}."
    if lead.is_won:
        return build_win_answer(lead, was, had_customer_id)
    undo = undo_of_move(lead, place) if was is not lead.status else None
    # By its id: what was loaded before the lead was locked may be none, or another one.
    if was is LeadStatus.WON and (customer := get_record(Customer, lead.customer_id or 0)):
        link = ("View customer", url_for("customers.show_customer", customer_id=customer.id))
        return Answer(f"{moved} Customer {customer.number} {customer.name} is kept.", place, link=link, undo=undo)
    return Answer(moved, place, undo=undo)
