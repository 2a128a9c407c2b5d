"""Against Flask-Admin on the same table, page by page, at the same size and in turn."""

import secrets
from collections.abc import Callable

from bench.client import Browser, Request
from bench.measure import in_turn, typical
from bench.pages import (
    COMMON,
    LEADS,
    Site,
    deep_page,
    edit_lead,
    rare_word,
    record_of,
)
from bench.report import Figure, print_figures
from bench.serve import Server


def measure_peers(large: Site, rounds: int) -> list[Figure]:
    """Compare pages that both have.

    :param large: our site of a million leads
    :param rounds: how often each page is asked for on each; where Flask-Admin takes seconds, fewer
    :return: our time as a share of theirs
    """
    server = Server(large.database, "bench.admin:app")
    try:
        browser = Browser(server.port)
        figures = []
        for name, ours, theirs in _pages(large, browser):
            figures.append(_compare(name, large.browser, ours, browser, theirs, rounds))
            print_figures(figures[-1:])
        memory = server.megabytes()
        figures.append(
            Figure(
                "peers",
                "Memory of a worker",
                large.server.megabytes() / memory,
                also={"Ours": f"{large.server.megabytes():.0f} MB", "Flask-Admin": f"{memory:.0f} MB"},
            )
        )
        return figures
    finally:
        server.stop()


Ask = Callable[[], Request]
MOST_TIMES = {"A lead": 1.5, "Edit a lead": 1.5}
"""Where ours may take longer: theirs show less of a lead, and keep no history of it."""


def _pages(site: Site, browser: Browser) -> list[tuple[str, Ask, Ask]]:
    deep, rare = deep_page(site), rare_word(site)
    two = f"{COMMON}+gmbh"
    admin = "/admin/lead/"
    owner = site.value(
        "SELECT owner_id FROM leads WHERE owner_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    fifty = site.database.leads * 9 // 10 // 50

    def page(path: str) -> Ask:
        return lambda: Request(path)

    def edit() -> Request:
        path = f"{admin}edit/?id={site.take(LEADS)}"
        return Request(path, browser.open_form(path) | {"next_step": f"Call {secrets.token_hex(4)}"})

    lead = record_of("leads", LEADS)
    return [
        ("List, first page", page("/leads"), page(admin)),
        ("List, at 90 % depth", lambda: deep, page(f"{admin}?page={fifty}")),
        ("List, substring search", page(f"/leads?q={rare}"), page(f"{admin}?search={rare}")),
        ("List, two words", page(f"/leads?q={two}"), page(f"{admin}?search={two}")),
        (
            "List, owner and status",
            page(f"/leads?owner={owner}&status=qualified"),
            page(f"{admin}?flt0_0={owner}&flt1_1=qualified"),
        ),
        ("A lead", lambda: lead(site), lambda: Request(f"{admin}details/?id={site.any_of(LEADS)}")),
        ("Edit a lead", lambda: edit_lead(site), edit),
    ]


def _compare(name: str, ours: Browser, our: Ask, theirs: Browser, their: Ask, rounds: int) -> Figure:
    statuses: list[int] = []

    def ask(browser: Browser, request: Request) -> float:
        answer = browser.send(request)
        statuses.append(answer.status)
        return answer.milliseconds

    first = ask(theirs, their())
    fewer = max(5, min(rounds, int(20_000 / max(first, 1))))
    mine, other = in_turn([lambda: ask(ours, our()), lambda: ask(theirs, their())], fewer, warm_up=1)
    if any(status >= 400 for status in statuses):
        return Figure("peers", name, skipped=f"answers {max(statuses)}")
    also = {"Ours": f"{typical(mine):.1f} ms", "Flask-Admin": f"{typical(other):.1f} ms"}
    return Figure("peers", name, typical(mine) / typical(other), target=MOST_TIMES.get(name, 1), also=also)
