"""Printed pages of one customer, or of several selected in the list."""

from datetime import datetime

from flask import abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm_web.auth.permissions import Action, allowed
from crm_web.customers import blueprint
from crm_web.customers.printing.queries import PrintedCustomer, list_customers_to_print, print_past
from crm_web.customers.queries import get_customer
from crm_web.customers.spec import CUSTOMERS
from crm_web.history.as_of import read_as_of
from crm_web.history.time_travel.queries import get_past_record
from crm_web.lists.params import ListParams
from crm_web.web.flash import flash_message


@blueprint.get("/customers/<int:customer_id>/print")
@allowed(Action.READ)
def print_customer(customer_id: int) -> ResponseReturnValue:
    if moment := read_as_of():
        return _past_paper(customer_id, moment)
    printed = list_customers_to_print([customer_id]) or abort(404)
    return _paper(printed, url_for("customers.show_customer", customer_id=customer_id))


def _past_paper(customer_id: int, moment: datetime) -> ResponseReturnValue:
    past = get_past_record("customer", customer_id, moment, today=get_customer(customer_id)) or abort(404)
    back_url = url_for("customers.show_customer", customer_id=customer_id, as_of=moment.isoformat())
    if past.record is None:
        return redirect(back_url, code=303)
    return _paper([print_past(past)], back_url, moment)


@blueprint.get("/customers/print")
@allowed(Action.READ)
def print_customers() -> ResponseReturnValue:
    chosen = ListParams("customers.print_customers", request.args, names=("id",))
    back_url = url_for("customers.list_customers")
    if not chosen.ids("id"):
        flash_message("Select the customers to print first.", kind="info")
        return redirect(back_url, code=303)
    printed = list_customers_to_print(chosen.ids("id")) or abort(404)
    return _paper(printed, back_url)


@blueprint.post("/customers/print")
@allowed(Action.READ)
def choose_to_print() -> ResponseReturnValue:
    """The selection is posted with its CSRF token; the printed page then has a URL that can be shared."""
    return redirect(url_for("customers.print_customers", id=request.form.getlist("ids")), code=303)


def _paper(printed: list[PrintedCustomer], back_url: str, as_of: datetime | None = None) -> str:
    return render_template(
        "customers/print_customers.html",
        printed=printed,
        spec=CUSTOMERS,
        back_url=back_url,
        as_of=as_of,
        house=current_app.config["COMPANY_NAME"],
    )
