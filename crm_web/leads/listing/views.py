"""The list of leads: on the screen, as a file, and on paper. The address says which leads, and all show the same."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm_web.auth.permissions import Action, allowed
from crm_web.leads import blueprint, queries
from crm_web.leads.listing.params import LeadListParams
from crm_web.lists.exports import print_list, send_list, send_list_xlsx
from crm_web.lists.neighbors import go_to_neighbor
from crm_web.lists.pagination import Page
from crm_web.models import ListName
from crm_web.saved_views.items import READERS, current_saved_views
from crm_web.search.corrections import load_or_correct
from crm_web.stats.formatting import format_totals, list_totals
from crm_web.web.ways_back import query_of_list

READERS[ListName.LEADS] = LeadListParams


@blueprint.get("/leads")
@allowed(Action.READ)
def list_leads() -> ResponseReturnValue:
    sent = LeadListParams(request.args)
    if sent.canonical_url:
        return redirect(sent.canonical_url)
    view, page = load_or_correct(sent)
    return render_template(
        "leads/list_leads.html",
        page=page,
        total=_total(view, page if view is sent else None),
        view=view,
        words_sent=sent.one("q"),
        people=view.people,
        words=queries.list_words_in_use(),
        chips=view.list_chips(),
        kept=current_saved_views(),
    )


def _total(view: LeadListParams, page: Page | None) -> dict[str, str]:
    """What the leads that are filtered are worth: the largest currency, and all of them.

    :param page: the page; ``None`` after its words were corrected, which takes as many queries as a page may have
    """
    if not page or not page.count or not view.filters:
        return {"few": "", "all": ""}
    totals, filters = None, view.read_filter()
    if filters.in_use and page.count_is_exact and page.count == len(page.rows):
        totals = queries.total_amounts_of([row.id for row in page.rows])
    elif filters.in_use:
        count = page.count if page.count_is_exact else queries.MOST_ADDED_UP + 1
        totals = queries.total_amounts(filters, count)
    worth = totals.by_currency if totals else ()
    return {
        "few": format_totals(worth, user_locale=view.user_locale, most=1),
        "all": list_totals(worth, user_locale=view.user_locale),
    }


@blueprint.get("/leads/<int:lead_id>/next")
@allowed(Action.READ)
def next_lead(lead_id: int) -> ResponseReturnValue:
    return go_to_neighbor(LeadListParams(query_of_list("leads")), lead_id, forward=True, url_of=_url_of)


@blueprint.get("/leads/<int:lead_id>/previous")
@allowed(Action.READ)
def previous_lead(lead_id: int) -> ResponseReturnValue:
    return go_to_neighbor(LeadListParams(query_of_list("leads")), lead_id, forward=False, url_of=_url_of)


def _url_of(lead_id: int) -> str:
    return url_for("leads.show_lead", lead_id=lead_id)


@blueprint.get("/leads.csv")
@allowed(Action.READ)
def export_leads() -> ResponseReturnValue:
    return send_list("leads", LeadListParams(request.args))


@blueprint.get("/leads.xlsx")
@allowed(Action.READ)
def export_leads_xlsx() -> ResponseReturnValue:
    return send_list_xlsx("leads", LeadListParams(request.args))


@blueprint.get("/leads/print")
@allowed(Action.READ)
def print_leads() -> ResponseReturnValue:
    return print_list("leads/print_leads.html", LeadListParams(request.args))
