"""The list of customers: on the screen, as a file, and on paper. The address says which, and all show the same."""

from flask import jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from crm_web.auth.permissions import Action, allowed
from crm_web.customers import blueprint, queries
from crm_web.customers.listing.params import CustomerListParams
from crm_web.lists import exports
from crm_web.lists.exports import send_list, send_list_xlsx
from crm_web.models import ListName
from crm_web.records.people import list_possible_owners
from crm_web.saved_views.items import READERS, current_saved_views
from crm_web.search.corrections import load_or_correct
from crm_web.web.template_filters import current_user_locale

READERS[ListName.CUSTOMERS] = CustomerListParams


@blueprint.get("/customers")
@allowed(Action.READ)
def list_customers() -> ResponseReturnValue:
    sent = _read(request.args)
    if sent.canonical_url:
        return redirect(sent.canonical_url)
    view, page = load_or_correct(sent, _read)
    people = list_possible_owners()
    return render_template(
        "customers/list_customers.html",
        page=page,
        view=view,
        words_sent=sent.one("q"),
        people=people,
        words=queries.list_words_in_use(),
        chips=view.list_chips(people),
        kept=current_saved_views(),
    )


@blueprint.get("/customers.csv")
@allowed(Action.READ)
def export_customers() -> ResponseReturnValue:
    return send_list("customers", _read(request.args))


@blueprint.get("/customers.xlsx")
@allowed(Action.READ)
def export_customers_xlsx() -> ResponseReturnValue:
    view = _read(request.args)
    return send_list_xlsx("customers", view, view.list_chips(list_possible_owners()))


@blueprint.get("/customers/print-list")
@allowed(Action.READ)
def print_list() -> ResponseReturnValue:
    view = _read(request.args)
    return exports.print_list("customers/print_list.html", view, view.list_chips(list_possible_owners()))


@blueprint.get("/customers/suggest")
@allowed(Action.READ)
def suggest_customers() -> ResponseReturnValue:
    words = request.args.get("q", "").replace("\x00", "")[:300]
    return jsonify([f"{customer.number} {customer.name}" for customer in queries.list_customers_called(words)])


def _read(args: MultiDict[str, str]) -> CustomerListParams:
    return CustomerListParams(args, me=current_user, user_locale=current_user_locale())
