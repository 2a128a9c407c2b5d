"""Back links from a record to the list that it was opened from, with its filters, order and position.

A list puts its own URL into the parameter ``back`` of its links to records. Within the pages of the record each URL
carries it on automatically.
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask, g, has_request_context, request, url_for
from werkzeug.datastructures import MultiDict

from crm_web.web.urls import safe_redirect_target

LISTS = {
    "leads": {"leads.list_leads": "Leads", "leads.show_board": "Board"},
    "customers": {"customers.list_customers": "Customers"},
}
"""By the kind of record, the lists that one comes from, and what they are called; the first is the usual one."""
RECORD_IDS = frozenset({"lead_id", "customer_id", "contact_id", "activity_id", "change_id"})


def register_ways_back(app: Flask) -> None:
    """Make the URLs of a record carry ``back`` on."""
    app.url_defaults(_carry_on)
    app.jinja_env.globals["way_back"] = way_back


def way_back(kind: str) -> tuple[str, str]:
    """Return the label and URL of the list to go back to.

    :param kind: ``leads`` or ``customers``
    """
    known = {url_for(endpoint): label for endpoint, label in LISTS[kind].items()}
    wanted = safe_redirect_target(request.args.get("back")) or ""
    label = known.get(wanted.partition("?")[0])
    return (label, wanted) if label else next((label, url) for url, label in known.items())


def query_of_list(kind: str) -> MultiDict[str, str]:
    """Return what the URL of the list to go back to asks for.

    :param kind: ``leads`` or ``customers``
    """
    return MultiDict(parse_qsl(urlsplit(way_back(kind)[1]).query))


def _carry_on(endpoint: str, values: dict[str, Any]) -> None:
    """Runs for each URL that a page builds, so most are ruled out first."""
    if RECORD_IDS.isdisjoint(values) or "back" in values or not has_request_context() or "back" not in request.args:
        return
    kind, back = _come_from()
    if request.view_args and back and endpoint.partition(".")[0] in (kind, "activities", "history"):
        values["back"] = back


def _come_from() -> tuple[str, str]:
    """Return the kind and URL of the list this record was opened from; empty without a valid ``back``."""
    if "come_from" not in g:
        wanted = request.args["back"]
        found = [(kind, wanted) for kind in LISTS if way_back(kind)[1] == wanted]
        g.come_from = next(iter(found), ("", ""))
    come_from: tuple[str, str] = g.come_from
    return come_from
