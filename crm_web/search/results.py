"""Formatting of search results for the page and for the suggestions while typing."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask import url_for

from crm_web.lists.params import Tab
from crm_web.models import ActivityKind, CustomerStatus, LeadStatus, Role
from crm_web.records.matching import digits_if_phone, phone_digits
from crm_web.search.queries import MOST_HITS, SIMILAR, Found, Hit
from crm_web.search.words import Piece, SearchTerms, excerpt, holds_any, mark
from crm_web.web.urls import url_before_id

KINDS = {"lead": "Lead", "customer": "Customer", "contact": "Contact", "employee": "Employee", "activity": "Activity"}
PLURALS = {kind: f"{label}s" for kind, label in KINDS.items()} | {"activity": "Activities"}
STATUSES: dict[str, Any] = {
    "lead": LeadStatus,
    "customer": CustomerStatus,
    "employee": Role,
    "activity": ActivityKind,
}
SAME_AT_THE_END = 7
LISTS = {"lead": "leads.list_leads", "customer": "customers.list_customers"}


class Result(NamedTuple):
    """One line of what was found."""

    kind: str
    url: str
    name: Sequence[Piece]
    about: Sequence[Sequence[Piece]]
    status: LeadStatus | CustomerStatus | Role | ActivityKind | None
    owner: str | None
    is_similar: bool

    def as_json(self) -> dict[str, Any]:
        """The same for the box, which shows a line of it."""
        name = [[piece.text, piece.is_match] for piece in self.name]
        about = [[[piece.text, piece.is_match] for piece in part] for part in self.about]
        return {"kind": self.kind, "url": self.url, "name": name, "about": about}


def describe(terms: SearchTerms, hit: Hit, row: Any, places: Mapping[str, str], *, keeps_employees: bool) -> Result:
    """Describe a hit, with the words that were searched for marked.

    :param places: of ``list_places``
    """
    about = [text for text in (row.number, row.about) if text and text != row.name]
    name = mark(row.name, terms.marked)
    missing = _list_missing(terms, name, (row.name, *about))
    reached = [
        text
        for text in ((row.email, row.website, excerpt(row.body, missing)) if missing else ())
        if text and text != row.name and holds_any(text, missing)
    ]
    numbers = (row.phone, row.mobile) if terms.numbers else ()
    phones = [text for text in numbers if text and _is_number(text, terms)]
    return Result(
        kind=KINDS[hit.entity],
        url=_url_of(hit, row, places, keeps_employees),
        name=name,
        about=[*(mark(text, terms.marked) for text in about + reached[:1]), *([Piece(p, True)] for p in phones[:1])],
        status=STATUSES[hit.entity](row.status) if row.status else None,
        owner=row.owner,
        is_similar=hit.rank >= SIMILAR,
    )


def _list_missing(terms: SearchTerms, name: Sequence[Piece], texts: Sequence[str]) -> list[str]:
    """The words that none of some texts has; mostly the name has the only one, as its marks tell."""
    if len(terms.marked) == 1 and (len(name) > 1 or any(piece.is_match for piece in name)):
        return []
    return [word for word in terms.words if not any(holds_any(text, [word]) for text in texts)]


def _is_number(text: str, terms: SearchTerms) -> bool:
    """The last digits are in every spelling, whatever stands before them in one of the two."""
    digits = phone_digits(text)
    return any(number in digits or number[-SAME_AT_THE_END:] in digits for number in terms.numbers)


def list_places() -> dict[str, str]:
    """What the addresses of records with a page of their own begin with, by kind."""
    return {
        "lead": url_before_id("leads.show_lead", "lead_id"),
        "customer": url_before_id("customers.show_customer", "customer_id"),
    }


def _url_of(hit: Hit, row: Any, places: Mapping[str, str], keeps_employees: bool) -> str:
    if hit.entity in places:
        return f"{places[hit.entity]}{hit.id}"
    if hit.entity == "employee" and keeps_employees:
        return url_for("employees.edit_employee", employee_id=hit.id)
    if hit.entity == "employee":
        return url_for("leads.list_leads", owner=hit.id)
    record = f"{places['lead']}{row.lead_id}" if row.lead_id else f"{places['customer']}{row.customer_id}"
    return f"{record}#{'contacts' if hit.entity == 'contact' else 'activities'}"


def choose_hits(found: Found, kind: str | None, limit: int = MOST_HITS) -> list[Hit]:
    """The best of one kind, or of all."""
    return (found.best if kind is None else found.hits.get(kind, []))[:limit]


def count_in_words(found: Found, kind: str) -> str:
    """How many of a kind there are: a figure, with a plus where there are more."""
    return f"{found.count(kind)}{'+' if found.is_crowded(kind) else ''}"


def describe_count(found: Found, kind: str | None, shown: int) -> str:
    """How many of those found are shown, in words."""
    if found.is_crowded(kind):
        return f"Top {shown} results"
    count = found.count(kind)
    return f"{count} found" if shown == count else f"Top {shown} of {count}"


def list_tabs(found: Found, typed: str, chosen: str | None) -> list[Tab]:
    """All, and each kind of which something was found or that is chosen."""
    shown = [kind for kind in KINDS if found.hits.get(kind) or kind == chosen]
    return [
        Tab("All", url_for("search.show_results", q=typed), chosen is None),
        *(
            Tab(
                f"{PLURALS[kind]} {count_in_words(found, kind)}",
                url_for("search.show_results", q=typed, kind=kind),
                kind == chosen,
            )
            for kind in shown
        ),
    ]


def list_ways_on(found: Found, typed: str) -> list[tuple[str, str]]:
    """The lists that show all that match, where there are more or one may want to filter: label and address."""
    words = digits_if_phone(typed) or typed
    return [
        (f"All matching {PLURALS[kind].lower()}", url_for(endpoint, q=words))
        for kind, endpoint in LISTS.items()
        if any(hit.rank < SIMILAR for hit in found.hits.get(kind, []))
    ]
