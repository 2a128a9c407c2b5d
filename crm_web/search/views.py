"""The search page, and suggestions while typing."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, may
from crm_web.lists.params import quote
from crm_web.records.matching import MOST_WORDS
from crm_web.search import blueprint, queries, results
from crm_web.search.queries import Found, Hit, SearchTooSlow, search_everything
from crm_web.search.results import Result
from crm_web.search.words import list_left_out, tidy

OFFERED = 8


@blueprint.get("/search")
@allowed(Action.READ)
def show_results() -> ResponseReturnValue:
    typed, kind = tidy(request.args.get("q", "")), request.args.get("kind")
    kind = kind if kind in results.KINDS else None
    try:
        found = search_everything(typed, with_inactive=may(current_user, Action.KEEP_EMPLOYEES))
    except SearchTooSlow:
        return render_template("search/too_slow.html", typed=typed), 503
    shown = _describe(found, results.choose_hits(found, kind))
    return render_template(
        "search/show_results.html",
        typed=typed,
        nothing_to_search=bool(request.args.get("q")) and not typed,
        not_applied=_list_not_applied(),
        found=found,
        results=shown,
        how_many=results.describe_count(found, kind, len(shown)),
        tabs=results.list_tabs(found, typed, kind),
        ways_on=results.list_ways_on(found, typed),
        everything_url=url_for("search.show_results", q=typed),
        kind=results.PLURALS.get(kind or ""),
    )


@blueprint.get("/search/suggest")
@allowed(Action.READ)
def suggest() -> ResponseReturnValue:
    typed = tidy(request.args.get("q", ""))
    try:
        found = search_everything(typed, with_inactive=may(current_user, Action.KEEP_EMPLOYEES))
    except SearchTooSlow:
        return {"results": [], "says": "This search is taking too long. Type more letters."}
    if not typed:
        return {"results": [], "says": ""}
    offered = _describe(found, results.choose_hits(found, None, OFFERED))
    says = results.describe_count(found, None, len(offered)) if offered else "No results"
    if list_left_out(request.args.get("q", "")):
        says = f"{says} (first {MOST_WORDS} words only)"
    return {"results": [result.as_json() for result in offered], "says": says}


def _list_not_applied() -> list[str]:
    """What was asked for and has no effect, in words."""
    kind = request.args.get("kind", "")
    left_out = [
        f"{quote(word)} (only the first {MOST_WORDS} words count)" for word in list_left_out(request.args.get("q", ""))
    ]
    return [*left_out, *([f"{quote(kind)} is not a record type"] if kind and kind not in results.KINDS else [])]


def _describe(found: Found, hits: list[Hit]) -> list[Result]:
    keeps, places = may(current_user, Action.KEEP_EMPLOYEES), results.list_places()
    records = queries.load_records(hits)
    return [results.describe(found.wanted, hit, row, places, keeps_employees=keeps) for hit, row in records]
