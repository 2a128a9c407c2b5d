"""API endpoints for customers."""

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint, schemas
from crm_web.api.customers import schemas as customer_schemas
from crm_web.api.endpoint_docs import MERGED, describe
from crm_web.api.http import (
    read_body,
    read_query,
    replay_response,
    require_match,
    show,
    show_page,
    show_saved,
    store_response,
)
from crm_web.auth.permissions import Action, allowed, require_change
from crm_web.core.extensions import db
from crm_web.customers import operations
from crm_web.customers.listing.params import CustomerListParams
from crm_web.models import Customer
from crm_web.records.operations import lock, move_to_trash, restore_from_trash
from crm_web.records.queries import get_record

NOT_POSSIBLE = "The owner can’t own records, or the parent company doesn’t exist."


@blueprint.get("/api/v1/customers")
@allowed(Action.READ)
@describe(
    "List customers", "customers", query=customer_schemas.CustomerQuery, answers={200: customer_schemas.CustomerPage}
)
def list_customers() -> ResponseReturnValue:
    """Same filters and sorting as in the app. Customers in the trash are left out."""
    query = read_query(customer_schemas.CustomerQuery)
    view = CustomerListParams(query.as_address())
    page = view.load_fields(customer_schemas.Customer.model_fields, cursor=query.at, size=query.limit)
    return show_page(customer_schemas.Customer, page)


@blueprint.post("/api/v1/customers")
@allowed(Action.CREATE)
@describe(
    "Create a customer",
    "customers",
    body=customer_schemas.NewCustomer,
    answers={201: customer_schemas.SavedCustomer},
    refuses={409: NOT_POSSIBLE},
    is_once=True,
)
def create_customer() -> ResponseReturnValue:
    """Creates a customer without a lead. Won leads create theirs automatically."""
    if answer := replay_response():
        return answer
    customer = operations.create_customer(read_body(customer_schemas.NewCustomer).values(), by=current_user)
    place = url_for("api.read_customer", customer_id=customer.id)
    answer = store_response(show_saved(customer_schemas.SavedCustomer, customer, 201, location=place))
    db.session.commit()
    return answer


@blueprint.get("/api/v1/customers/<int:customer_id>")
@allowed(Action.READ)
@describe("Get a customer", "customers", query=schemas.FieldsQuery, answers={200: customer_schemas.Customer})
def read_customer(customer_id: int) -> ResponseReturnValue:
    """A customer in the trash is returned as well, with deleted_at set."""
    read_query(schemas.FieldsQuery)
    return show(customer_schemas.Customer, _customer_or_404(customer_id))


@blueprint.patch("/api/v1/customers/<int:customer_id>")
@allowed(Action.CHANGE_OWN)
@describe(
    "Update a customer",
    "customers",
    body=customer_schemas.CustomerChange,
    answers={200: customer_schemas.SavedCustomer},
    refuses={409: f"It is in the trash. {NOT_POSSIBLE}"},
    needs_match=True,
)
def change_customer(customer_id: int) -> ResponseReturnValue:
    """Only the fields you send change; null clears a field."""
    customer = _customer_to_change(customer_id)
    change = read_body(customer_schemas.CustomerChange)
    operations.change_customer(customer, change.values(), version=customer.version, by=current_user)
    answer = show_saved(customer_schemas.SavedCustomer, customer)
    db.session.commit()
    return answer


@blueprint.delete("/api/v1/customers/<int:customer_id>")
@allowed(Action.CHANGE_OWN)
@describe("Move a customer to trash", "customers", answers={204: None}, needs_match=True)
def trash_customer(customer_id: int) -> ResponseReturnValue:
    """Its leads and contacts are kept."""
    move_to_trash(_customer_to_change(customer_id), by=current_user)
    db.session.commit()
    return Response(status=204)


@blueprint.post("/api/v1/customers/<int:customer_id>/restore")
@allowed(Action.CHANGE_OWN)
@describe(
    "Restore a customer",
    "customers",
    answers={200: customer_schemas.Customer},
    refuses=MERGED,
    is_once=True,
)
def restore_customer(customer_id: int) -> ResponseReturnValue:
    """Does nothing if it is not in the trash."""
    customer = _customer_or_404(customer_id)
    require_change(customer)
    if answer := replay_response():
        return answer
    restore_from_trash(customer, by=current_user)
    answer = store_response(show(customer_schemas.Customer, customer))
    db.session.commit()
    return answer


def _customer_or_404(customer_id: int) -> Customer:
    return get_record(Customer, customer_id) or abort(404)


def _customer_to_change(customer_id: int) -> Customer:
    """Locked, so that the version that the program saw is still the one that is changed."""
    customer = _customer_or_404(customer_id)
    require_change(customer)
    lock(customer)
    require_match(customer.version)
    return customer
