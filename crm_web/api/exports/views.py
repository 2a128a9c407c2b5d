"""API endpoints that stream whole lists, one record per line, in constant memory."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from flask import Response, stream_with_context
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from crm_web.api import blueprint
from crm_web.api.customers.schemas import Customer, CustomerExportQuery
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import read_fields, read_query
from crm_web.api.leads.schemas import Lead, LeadExportQuery
from crm_web.auth.permissions import Action, allowed
from crm_web.customers.listing.params import CustomerListParams
from crm_web.customers.spec import CUSTOMERS
from crm_web.leads.listing.params import LeadListParams
from crm_web.leads.spec import LEADS
from crm_web.models import Customer as CustomerModel
from crm_web.models import Lead as LeadModel

LINES = "application/x-ndjson"
BATCH = 200


@blueprint.get("/api/v1/leads/export")
@allowed(Action.READ)
@describe("Export leads", "leads", query=LeadExportQuery, answers={200: LINES}, lines=Lead)
def export_leads() -> ResponseReturnValue:
    """All matching leads as JSON Lines, one object per line, from a consistent snapshot."""
    query = read_query(LeadExportQuery)
    view = LeadListParams(query.as_address())
    columns = [getattr(LeadModel, name) for name in Lead.model_fields]
    return _send(Lead, LEADS.stream(view.read_filter(), columns, sort=view.sort))


@blueprint.get("/api/v1/customers/export")
@allowed(Action.READ)
@describe("Export customers", "customers", query=CustomerExportQuery, answers={200: LINES}, lines=Customer)
def export_customers() -> ResponseReturnValue:
    """All matching customers as JSON Lines, one object per line, from a consistent snapshot."""
    query = read_query(CustomerExportQuery)
    view = CustomerListParams(query.as_address())
    columns = [getattr(CustomerModel, name) for name in Customer.model_fields]
    return _send(Customer, CUSTOMERS.stream(view.read_filter(), columns, sort=view.sort))


def _send(model: type[BaseModel], rows: Iterable[Any]) -> Response:
    names = read_fields(model)
    return Response(stream_with_context(_write(model, rows, names)), mimetype=LINES)


def _write(model: type[BaseModel], rows: Iterable[Any], names: set[str] | None) -> Iterator[str]:
    lines = (model.model_validate(row).model_dump_json(include=names) + "\n" for row in rows)
    while piece := "".join(islice(lines, BATCH)):
        yield piece
