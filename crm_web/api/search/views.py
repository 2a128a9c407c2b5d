"""The API endpoint for the search."""

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import read_query, show
from crm_web.api.search.schemas import SearchAnswer, SearchQuery
from crm_web.auth.permissions import Action, allowed, may
from crm_web.core.problem_details import make_problem
from crm_web.search import results
from crm_web.search.queries import Found, Hit, SearchTooSlow, load_records, search_everything
from crm_web.search.words import tidy


@blueprint.get("/api/v1/search")
@allowed(Action.READ)
@describe(
    "Search all records",
    "search",
    query=SearchQuery,
    answers={200: SearchAnswer},
    refuses={503: "The search took too long (send more letters), or the database is unavailable."},
)
def search() -> ResponseReturnValue:
    """Leads, customers, contacts, employees and activities, best matches first. Records in the trash are left out."""
    query = read_query(SearchQuery)
    try:
        found = search_everything(tidy(query.q), with_inactive=may(current_user, Action.KEEP_EMPLOYEES))
    except SearchTooSlow:
        return make_problem(503, "The search took too long. Send more letters.", headers=[("Retry-After", "5")])
    hits = results.choose_hits(found, query.kind, query.limit)
    places = results.list_places()
    items = [_build_hit(found, hit, row, places) for hit, row in load_records(hits)]
    is_all = not found.is_crowded(query.kind) and found.count(query.kind) == len(hits)
    return show(SearchAnswer, {"items": items, "is_all": is_all})


def _build_hit(found: Found, hit: Hit, row: Any, places: Mapping[str, str]) -> dict[str, Any]:
    result = results.describe(found.wanted, hit, row, places, keeps_employees=False)
    parts = ["".join(piece.text for piece in part) for part in result.about]
    record: dict[str, Any] = {f"{hit.entity}_id": hit.id}
    url = url_for(f"api.read_{hit.entity}", **record)
    return {"kind": hit.entity, "id": hit.id, "name": row.name, "detail": ", ".join(parts) or None, "url": url}
