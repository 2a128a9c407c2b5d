"""The list of customers: on the screen, as a file, and on paper. The address says which, and all show the same."""

from flask import jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm_web.auth.permissions import Action, allowed
from crm_web.customers import blueprint, queries
from crm_web.customers.listing.params import CustomerListParams
from crm_web.lists import exports
from crm_web.lists.exports import send_list, send_list_xlsx
from crm_web.lists.neighbors import go_to_neighbor
from crm_web.models import ListName
from crm_web.saved_views.items import READERS, current_saved_views
from crm_web.search.corrections import load_or_correct
from crm_web.web.ways_back import query_of_list

READERS[ListName.CUSTOMERS] = CustomerListParams


@blueprint.get("/customers")
@allowed(Action.READ)
def list_customers() -> ResponseReturnValue:
    sent = CustomerListParams(request.args)
    if sent.canonical_url:
        return redirect(sent.canonical_url)
    view, page = load_or_correct(sent)
    return render_template(
        "customers/list_customers.html",
        page=page,
        view=view,
        words_sent=sent.one("q"),
        people=view.people,
        words=queries.list_words_in_use(),
        chips=view.list_chips(),
        kept=current_saved_views(),
    )


@blueprint.get("/customers/<int:customer_id>/next")
@allowed(Action.READ)
def next_customer(customer_id: int) -> ResponseReturnValue:
    return go_to_neighbor(CustomerListParams(query_of_list("customers")), customer_id, forward=True, url_of=_url_of)


@blueprint.get("/customers/<int:customer_id>/previous")
@allowed(Action.READ)
def previous_customer(customer_id: int) -> ResponseReturnValue:
    return go_to_neighbor(CustomerListParams(query_of_list("customers")), customer_id, forward=False, url_of=_url_of)


def _url_of(customer_id: int) -> str:
    return url_for("customers.show_customer", customer_id=customer_id)


@blueprint.get("/customers.csv")
@allowed(Action.READ)
def export_customers() -> ResponseReturnValue:
    return send_list("customers", CustomerListParams(request.args))


@blueprint.get("/customers.xlsx")
@allowed(Action.READ)
def export_customers_xlsx() -> ResponseReturnValue:
    return send_list_xlsx("customers", CustomerListParams(request.args))


@blueprint.get("/customers/print-list")
@allowed(Action.READ)
def print_list() -> ResponseReturnValue:
    return exports.print_list("customers/print_list.html", CustomerListParams(request.args))


@blueprint.get("/customers/suggest")
@allowed(Action.READ)
def suggest_customers() -> ResponseReturnValue:
    words = request.args.get("q", "").replace("\x00", "")[:300]
    return jsonify([f"{customer.number} {customer.name}" for customer in queries.list_customers_called(words)])
