"""The list of contacts: on the screen, as a file, and on paper."""

from collections.abc import Sequence

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from crm_web.auth.permissions import Action, allowed
from crm_web.contacts import blueprint
from crm_web.contacts.listing.params import ContactListParams
from crm_web.customers.queries import get_customer
from crm_web.lists.exports import print_list, send_list, send_list_xlsx
from crm_web.lists.params import Chip
from crm_web.records.people import Person, list_possible_owners
from crm_web.search.corrections import load_or_correct
from crm_web.web.template_filters import current_user_locale


@blueprint.get("/contacts")
@allowed(Action.READ)
def list_contacts() -> ResponseReturnValue:
    sent = _read(request.args)
    if sent.canonical_url:
        return redirect(sent.canonical_url)
    view, page = load_or_correct(sent, _read)
    people = list_possible_owners()
    return render_template(
        "contacts/list_contacts.html",
        page=page,
        view=view,
        words_sent=sent.one("q"),
        people=people,
        chips=_chips(view, people),
    )


@blueprint.get("/contacts.csv")
@allowed(Action.READ)
def export_contacts() -> ResponseReturnValue:
    return send_list("contacts", _read(request.args))


@blueprint.get("/contacts.xlsx")
@allowed(Action.READ)
def export_contacts_xlsx() -> ResponseReturnValue:
    view = _read(request.args)
    return send_list_xlsx("contacts", view, _chips(view, list_possible_owners()))


@blueprint.get("/contacts/print")
@allowed(Action.READ)
def print_contacts() -> ResponseReturnValue:
    view = _read(request.args)
    return print_list("contacts/print_contacts.html", view, _chips(view, list_possible_owners()))


def _read(args: MultiDict[str, str]) -> ContactListParams:
    return ContactListParams(args, me=current_user, user_locale=current_user_locale())


def _chips(view: ContactListParams, people: Sequence[Person]) -> list[Chip]:
    customer = next((get_customer(customer_id) for customer_id in view.ids("customer")), None)
    view.titles = {"customer": customer.name} if customer else {}
    return view.list_chips(people)
