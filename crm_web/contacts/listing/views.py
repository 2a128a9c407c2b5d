"""The list of contacts: on the screen, as a file, and on paper."""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from crm_web.auth.permissions import Action, allowed
from crm_web.contacts import blueprint
from crm_web.contacts.listing.params import ContactListParams
from crm_web.lists.exports import print_list, send_list, send_list_xlsx
from crm_web.search.corrections import load_or_correct


@blueprint.get("/contacts")
@allowed(Action.READ)
def list_contacts() -> ResponseReturnValue:
    sent = ContactListParams(request.args)
    if sent.canonical_url:
        return redirect(sent.canonical_url)
    view, page = load_or_correct(sent)
    return render_template(
        "contacts/list_contacts.html",
        page=page,
        view=view,
        words_sent=sent.one("q"),
        people=view.people,
        chips=view.list_chips(),
    )


@blueprint.get("/contacts.csv")
@allowed(Action.READ)
def export_contacts() -> ResponseReturnValue:
    return send_list("contacts", ContactListParams(request.args))


@blueprint.get("/contacts.xlsx")
@allowed(Action.READ)
def export_contacts_xlsx() -> ResponseReturnValue:
    return send_list_xlsx("contacts", ContactListParams(request.args))


@blueprint.get("/contacts/print")
@allowed(Action.READ)
def print_contacts() -> ResponseReturnValue:
    return print_list("contacts/print_contacts.html", ContactListParams(request.args))
