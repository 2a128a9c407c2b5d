"""
The way back from a record to the list that it was opened in: with its filters, its order, and the place in it.

A list opens its records with its own address in ``back``. While one stays with the record, whatever one does there,
each address of the record carries it on, so that no view and no template has to.
"""

from typing import Any

from flask import Flask, g, has_request_context, request, url_for

from crm_web.web.urls import safe_redirect_target

LISTS = {
    "leads": {"leads.list_leads": "Leads", "leads.show_board": "Board"},
    "customers": {"customers.list_customers": "Customers"},
}
"""By the kind of record, the lists that one comes from, and what they are called; the first is the usual one."""
RECORD_IDS = frozenset({"lead_id", "customer_id", "contact_id", "activity_id", "change_id"})


def register_ways_back(app: Flask) -> None:
    """
    Let the addresses of a record carry the list that it was opened in.

    :param app: the application to equip
    """
    app.url_defaults(_carry_on)
    app.jinja_env.globals["way_back"] = way_back


def way_back(kind: str) -> tuple[str, str]:
    """
    Find the list to go back to from a record.

    :param kind: ``leads`` or ``customers``
    :return: what the list is called, and its address as it was, or the usual list where nobody said which
    """
    known = {url_for(endpoint): label for endpoint, label in LISTS[kind].items()}
    wanted = safe_redirect_target(request.args.get("back")) or ""
    label = known.get(wanted.partition("?")[0])
    return (label, wanted) if label else next((label, url) for url, label in known.items())


def _carry_on(endpoint: str, values: dict[str, Any]) -> None:
    """Flask asks for each address that is built, a page has many: most are sorted out at once."""
    if RECORD_IDS.isdisjoint(values) or "back" in values or not has_request_context() or not request.args.get("back"):
        return
    kind, back = _come_from()
    if request.view_args and back and endpoint.partition(".")[0] in (kind, "activities", "history"):
        values["back"] = back


def _come_from() -> tuple[str, str]:
    """The kind of list that this record was opened in, and its address; empty where ``back`` names none."""
    if "come_from" not in g:
        wanted = request.args["back"]
        found = [(kind, wanted) for kind in LISTS if way_back(kind)[1] == wanted]
        g.come_from = next(iter(found), ("", ""))
    come_from: tuple[str, str] = g.come_from
    return come_from
