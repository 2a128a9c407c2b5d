"""API endpoints for history, the change feed and conversions."""

from zoneinfo import ZoneInfo

from flask import abort
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint, queries, schemas
from crm_web.api.endpoint_docs import describe
from crm_web.api.history import schemas as history_schemas
from crm_web.api.http import read_query, show, show_page
from crm_web.auth.permissions import Action, allowed
from crm_web.history.feed.queries import ChangeCursor, cursor_of, list_changes_after
from crm_web.history.queries import ChangeFilter
from crm_web.history.schemas import Change


@blueprint.get("/api/v1/history")
@allowed(Action.READ)
@describe("List changes", "history", query=history_schemas.ChangeQuery, answers={200: history_schemas.ChangePage})
def list_history() -> ResponseReturnValue:
    """Who changed what, when and how, newest first. The day is in your time zone."""
    query = read_query(history_schemas.ChangeQuery)
    filters = ChangeFilter(
        actor_id=query.person,
        entity=query.record,
        action=query.action,
        source=query.door,
        day=query.day,
        zone=ZoneInfo(current_user.time_zone),
    )
    page = queries.list_bare_changes(filters, record_id=query.id, cursor=query.at, size=query.limit)
    return show_page(Change, page)


@blueprint.get("/api/v1/changes")
@allowed(Action.READ)
@describe("Follow changes", "history", query=history_schemas.FeedQuery, answers={200: history_schemas.Feed})
def follow_changes() -> ResponseReturnValue:
    """All changes after a cursor, oldest first, without gaps or duplicates. Ask again with the cursor from the answer.
    A change appears as soon as all transactions that started before it have ended.
    """
    query = read_query(history_schemas.FeedQuery)
    mark = ChangeCursor(*map(int, query.after.split("-"))) if query.after else None
    changes = list_changes_after(mark, limit=query.limit)
    last = cursor_of(changes[-1]) if changes else mark
    feed = {"items": changes, "after": str(last) if last else None, "is_all": len(changes) < query.limit}
    return show(history_schemas.Feed, feed)


@blueprint.get("/api/v1/conversions")
@allowed(Action.READ)
@describe(
    "List conversions", "history", query=history_schemas.ConversionQuery, answers={200: history_schemas.ConversionPage}
)
def list_conversions() -> ResponseReturnValue:
    """All won leads with their customers, newest first."""
    query = read_query(history_schemas.ConversionQuery)
    page = queries.list_conversions(lead_id=query.lead, customer_id=query.customer, cursor=query.at, size=query.limit)
    return show_page(history_schemas.Conversion, page)


@blueprint.get("/api/v1/conversions/<int:conversion_id>")
@allowed(Action.READ)
@describe("Get a conversion", "history", query=schemas.FieldsQuery, answers={200: history_schemas.Conversion})
def read_conversion(conversion_id: int) -> ResponseReturnValue:
    """Includes conversions that were undone; see undone_at."""
    read_query(schemas.FieldsQuery)
    conversion = queries.find_conversion(conversion_id) or abort(404)
    return show(history_schemas.Conversion, conversion)
