"""Winning a lead whose customer has to be chosen or looked over first, and taking a win back."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.access import Action, allowed, may_change, refuse, require_change
from crm_web.customers.conversion_operations import carry_over
from crm_web.customers.conversion_queries import find_standing_conversion
from crm_web.customers.queries import get_customer
from crm_web.employees.queries import list_possible_owners
from crm_web.errors import DomainError
from crm_web.extensions import db
from crm_web.form_fields import show_refusal, stored_values
from crm_web.frame import choose_own_page
from crm_web.leads import blueprint, operations, queries
from crm_web.leads.forms import WinChoiceForm, WinForm
from crm_web.matching import list_likely_customers
from crm_web.messages import flash_message
from crm_web.models import Conversion, ConversionKind, Lead, LeadStatus
from crm_web.wording import label_of


@blueprint.get("/leads/<int:lead_id>/win")
@allowed(Action.CHANGE_OWN)
def preview_win(lead_id: int) -> ResponseReturnValue:
    lead = queries.get_lead(lead_id) or abort(404)
    require_change(lead)
    if lead.is_in_trash:
        refuse("This lead is in the trash. Restore it first.")
    if lead.is_won or lead.customer_id is not None:
        return redirect(url_for("leads.show_lead", lead_id=lead.id), code=303)
    return _win_page(lead, _form_for(lead))


def _form_for(lead: Lead) -> WinForm:
    form = WinForm(data=carry_over(lead))
    form.owner_id.offer(list_possible_owners(), lead.owner)
    return form


def _win_page(lead: Lead, form: WinForm) -> str:
    likely = [(found, may_change(current_user, found.customer)) for found in list_likely_customers(lead)]
    next_url = request.values.get("next", "")
    back_url = come_back_to(lead)
    return render_template(
        "leads/preview_win.html", lead=lead, form=form, likely=likely, next=next_url, back_url=back_url
    )


def come_back_to(lead: Lead) -> str:
    """Where to go after a lead has moved: the page that the form names, such as the board, or the lead's own."""
    return choose_own_page(request.values.get("next"), url_for("leads.show_lead", lead_id=lead.id))


def win_by_choice(lead: Lead, seen: LeadStatus | None) -> ResponseReturnValue | None:
    """Answer a Won that says whose it is, or has to be asked; ``None`` where one press of the button is enough."""
    choice = WinChoiceForm()
    if choice.customer_id.data is not None:
        return _win_for(lead, choice.customer_id.data, seen)
    if choice.create.data:
        return _win_as_typed(lead, seen)
    is_asked = seen in (None, lead.status) and list_likely_customers(lead, limit=1)
    # The likely one may be the very customer that a colleague's Won has just made from this lead.
    if is_asked and not queries.has_customer(lead.id):
        next_url = request.values.get("next") or None
        return redirect(url_for("leads.preview_win", lead_id=lead.id, next=next_url), code=303)
    return None


def _win_for(lead: Lead, customer_id: int, seen: LeadStatus | None) -> ResponseReturnValue:
    customer = get_customer(customer_id) or abort(404)
    was = lead.status
    fill = may_change(current_user, customer)
    try:
        operations.win_for_customer(lead, customer, fill=fill, by=current_user, seen=seen)
    except DomainError as error:
        return _refused_page(lead, _form_for(lead), error)
    return _finish(lead, was)


def _win_as_typed(lead: Lead, seen: LeadStatus | None) -> ResponseReturnValue:
    form = _form_for(lead)
    if not form.validate():
        return _win_page(lead, form), 422
    was = lead.status
    try:
        operations.win_with_new_customer(lead, stored_values(form), by=current_user, seen=seen)
    except DomainError as error:
        return _refused_page(lead, form, error)
    return _finish(lead, was)


def _refused_page(lead: Lead, form: WinForm, error: DomainError) -> ResponseReturnValue:
    show_refusal(form, error)
    return _win_page(lead, form), 409 if isinstance(error, operations.StatusChangedMeanwhile) else 422


def _finish(lead: Lead, had: LeadStatus) -> ResponseReturnValue:
    db.session.commit()
    tell_win(lead, had, None)
    return redirect(come_back_to(lead), code=303)


def tell_win(lead: Lead, was: LeadStatus, had_customer_id: int | None) -> None:
    """Say in one sentence whose lead was won, with the way to take it back."""
    customer, conversion = lead.customer, find_standing_conversion(lead.id)
    if customer is None:
        return
    name = f"Customer {customer.number} {customer.name}"
    link = ("Open the customer", url_for("customers.show_customer", customer_id=customer.id))
    if was is LeadStatus.WON:
        flash_message(f"This lead was won before. {name} is its customer.", kind="info", link=link)
        return
    undo = ("Undo", url_for("leads.undo_win", lead_id=lead.id)) if conversion and conversion.before else None
    made = "has bought again."
    if conversion and had_customer_id is None:
        made = _tell_conversion(conversion)
    flash_message(f"Won. {name} {made}", link=link, undo=undo)


def _tell_conversion(conversion: Conversion) -> str:
    if conversion.kind is ConversionKind.CREATED:
        return "was created." if conversion.customer_version == 1 else "is back from the trash."
    filled = [label_of(name) for name in conversion.filled]
    return f"has bought again. Filled in from the lead: {', '.join(filled)}." if filled else "has bought again."


@blueprint.post("/leads/<int:lead_id>/win/undo")
@allowed(Action.CHANGE_OWN)
def undo_win(lead_id: int) -> ResponseReturnValue:
    lead = queries.get_lead(lead_id) or abort(404)
    require_change(lead)
    try:
        conversion = operations.undo_win(lead, by=current_user)
    except operations.LeadInTrash as error:
        refuse(error.message)
    except operations.WinStands as error:
        return render_template("leads/undo_win.html", lead=lead, obstacles=error.obstacles), 409
    db.session.commit()
    _tell_undo(lead, conversion)
    return redirect(url_for("leads.show_lead", lead_id=lead.id), code=303)


def _tell_undo(lead: Lead, conversion: Conversion | None) -> None:
    if conversion is None:
        flash_message("There is no win to take back: someone did it before.", kind="info")
        return
    customer = get_customer(conversion.customer_id) or abort(404)
    name = f"{customer.number} {customer.name}"
    emptied = [label_of(field) for field in conversion.filled if getattr(customer, field) is None]
    if conversion.kind is ConversionKind.CREATED:
        told = f"Customer {name} is in the trash."
    else:
        told = f"Customer {name} stays" + (f"; emptied again: {', '.join(emptied)}." if emptied else " as it is.")
    link = ("Open the customer", url_for("customers.show_customer", customer_id=customer.id))
    flash_message(f"Taken back: the lead is {lead.status.label} again. {told}", link=link)
