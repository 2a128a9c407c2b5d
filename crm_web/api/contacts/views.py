"""API endpoints for contacts. Anyone who can edit a customer can edit its contacts."""

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
from crm_web.api.problem_mapping import NothingLeft
from crm_web.auth.permissions import Action, allowed, require_change
from crm_web.contacts import operations
from crm_web.contacts.listing.params import ContactListParams
from crm_web.contacts.queries import get_contact
from crm_web.core.extensions import db
from crm_web.models import Contact, Customer
from crm_web.records.operations import lock, restore_from_trash
from crm_web.records.queries import get_record

IN_TRASH = "The contact or its customer is in the trash."


@blueprint.get("/api/v1/contacts")
@allowed(Action.READ)
@describe("List contacts", "contacts", query=customer_schemas.ContactQuery, answers={200: customer_schemas.ContactPage})
def list_contacts() -> ResponseReturnValue:
    """Same filters and sorting as in the app, oldest first by default. Contacts in the trash are left out."""
    query = read_query(customer_schemas.ContactQuery)
    view = ContactListParams(query.as_address())
    sort = view.sort if "sort" in query.model_fields_set else "created_at"
    page = view.load_fields(customer_schemas.Contact.model_fields, cursor=query.at, size=query.limit, sort=sort)
    return show_page(customer_schemas.Contact, page)


@blueprint.post("/api/v1/customers/<int:customer_id>/contacts")
@allowed(Action.CHANGE_OWN)
@describe(
    "Create a contact",
    "contacts",
    body=customer_schemas.NewContact,
    answers={201: customer_schemas.SavedContact},
    refuses={409: "The customer is in the trash."},
    is_once=True,
)
def add_contact(customer_id: int) -> ResponseReturnValue:
    """With is_primary, it replaces the customer’s current primary contact."""
    customer = get_record(Customer, customer_id) or abort(404)
    require_change(customer)
    if answer := replay_response():
        return answer
    contact = operations.add_contact(customer, read_body(customer_schemas.NewContact).values(), by=current_user)
    place = url_for("api.read_contact", contact_id=contact.id)
    answer = store_response(show_saved(customer_schemas.SavedContact, contact, 201, location=place))
    db.session.commit()
    return answer


@blueprint.get("/api/v1/contacts/<int:contact_id>")
@allowed(Action.READ)
@describe("Get a contact", "contacts", query=schemas.FieldsQuery, answers={200: customer_schemas.Contact})
def read_contact(contact_id: int) -> ResponseReturnValue:
    """A contact in the trash is returned as well, with deleted_at set."""
    read_query(schemas.FieldsQuery)
    return show(customer_schemas.Contact, _contact_or_404(contact_id))


@blueprint.patch("/api/v1/contacts/<int:contact_id>")
@allowed(Action.CHANGE_OWN)
@describe(
    "Update a contact",
    "contacts",
    body=customer_schemas.ContactChange,
    answers={200: customer_schemas.SavedContact},
    refuses={409: IN_TRASH},
    needs_match=True,
)
def change_contact(contact_id: int) -> ResponseReturnValue:
    """Only the fields you send change; null clears a field."""
    contact = _contact_to_change(contact_id)
    values = read_body(customer_schemas.ContactChange).values()
    try:
        operations.change_contact(contact, values, version=contact.version, by=current_user)
    except operations.ContactNotNamed as error:
        raise NothingLeft(error.message, error.field) from error
    answer = show_saved(customer_schemas.SavedContact, contact)
    db.session.commit()
    return answer


@blueprint.delete("/api/v1/contacts/<int:contact_id>")
@allowed(Action.CHANGE_OWN)
@describe("Move a contact to trash", "contacts", answers={204: None}, needs_match=True)
def trash_contact(contact_id: int) -> ResponseReturnValue:
    """Its customer is kept."""
    operations.trash_contact(_contact_to_change(contact_id), by=current_user)
    db.session.commit()
    return Response(status=204)


@blueprint.post("/api/v1/contacts/<int:contact_id>/restore")
@allowed(Action.CHANGE_OWN)
@describe(
    "Restore a contact",
    "contacts",
    answers={200: customer_schemas.Contact},
    refuses=MERGED,
    is_once=True,
)
def restore_contact(contact_id: int) -> ResponseReturnValue:
    """Does nothing if it is not in the trash."""
    contact = _contact_or_404(contact_id)
    require_change(contact.customer)
    if answer := replay_response():
        return answer
    restore_from_trash(contact, by=current_user)
    answer = store_response(show(customer_schemas.Contact, contact))
    db.session.commit()
    return answer


def _contact_or_404(contact_id: int) -> Contact:
    return get_contact(contact_id) or abort(404)


def _contact_to_change(contact_id: int) -> Contact:
    """Its customer's row is locked first, as everywhere; so nobody waits for each other."""
    contact = _contact_or_404(contact_id)
    require_change(contact.customer)
    lock(contact.customer)
    lock(contact)
    require_match(contact.version)
    return contact
