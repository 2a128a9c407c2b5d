"""Every main page, at a thousand and at a million leads: what it costs, in milliseconds, queries and bytes."""

import base64
import json
import math
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.client import Answer, Browser, Request
from bench.fill import Database
from bench.measure import in_turn, p95, typical
from bench.report import Figure, print_figures
from bench.serve import Server

MOST_TIMES = 1.5
MOST_QUERIES = 8
PERSON, ADMIN, PASSWORD = "max@piper.example", "ada@piper.example", "piper-demo"
ABSENT, COMMON = "zzyzxquaff", "software"


class Site:
    """One served database, with a manager who works on it.

    :param server: its web server
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.database: Database = server.database
        self.browser = Browser(server.port)
        self.browser.sign_in(PERSON, PASSWORD)
        self.admin = Browser(server.port)
        """The browser of an admin, for what managers don't see."""
        self.admin.sign_in(ADMIN, PASSWORD)
        self._chance = random.Random("Piper")  # noqa: S311
        self._ids: dict[str, list[int]] = {}

    def any_of(self, which: str) -> int:
        """Any one id of those that a query gives, another one each time."""
        if which not in self._ids:
            self._ids[which] = self.database.ask(f"SELECT id FROM {which} ORDER BY random() LIMIT 500")  # noqa: S608
        return self._chance.choice(self._ids[which])

    def take(self, which: str) -> int:
        """The same, each only once: for what changes the record."""
        self.any_of(which)
        return self._ids[which].pop()

    def value(self, query: str) -> str:
        """One value from the database."""
        return str(self.database.ask(query)[0])


@dataclass(frozen=True)
class Page:
    """One page or action.

    :param name: what it is
    :param request: prepares it, for which nothing is counted, and gives what is then sent and counted
    :param expects: the status of an answer that counts
    :param by_admin: whether only an admin may ask for it
    :param varies: whether each request is another one; else it is prepared once, which may take longer than the page
    :param queries: the most statements that it may take
    :param milliseconds: the most time that it may take at the large size
    :param kilobytes: the most that it may send, before compression
    """

    name: str
    request: Callable[[Site], Request]
    expects: int = 200
    by_admin: bool = False
    varies: bool = False
    queries: int | None = None
    milliseconds: float | None = None
    kilobytes: float | None = None


OPEN_LEADS = "leads WHERE deleted_at IS NULL AND status IN ('new', 'contacted') AND customer_id IS NULL"
LEADS = "leads WHERE deleted_at IS NULL"
CUSTOMERS = "customers WHERE deleted_at IS NULL"


def look(path: str) -> Callable[[Site], Request]:
    """A page whose address is always the same."""
    return lambda site: Request(path)


def deep_page(site: Site) -> Request:
    """The page of the list behind nine tenths of it, by the mark that the link there carries."""
    place = site.database.ask(
        "SELECT to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00'), id FROM leads"
        " WHERE deleted_at IS NULL ORDER BY updated_at, id OFFSET %s LIMIT 1",
        site.database.leads // 10,
    )[0]
    mark = base64.urlsafe_b64encode(json.dumps(["after", *place]).encode()).decode().rstrip("=")
    return Request(f"/leads?at={mark}")


def three_filters(site: Site) -> Request:
    """Somebody's qualified leads from one source."""
    owner = site.value(
        "SELECT owner_id FROM leads WHERE owner_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    return Request(f"/leads?owner={owner}&status=qualified&source=Website")


def rare_word(site: Site) -> str:
    """The two founders of one company, whose names few others have together."""
    company = site.value(
        "SELECT split_part(split_part(email, '@', 2), '.', 1) FROM leads WHERE deleted_at IS NULL"
        " AND company LIKE '%-%' AND email IS NOT NULL ORDER BY id OFFSET 30 LIMIT 1"
    )
    return company.rpartition("-")[0]


def searches(path: str) -> list[Page]:
    """Search by a word that is rare, one that is common, and one that is not there."""
    name = "Search" if path.startswith("/search") else "List with words"
    return [
        Page(f"{name}: rare", lambda site: Request(path + rare_word(site))),
        Page(f"{name}: common", look(path + COMMON)),
        Page(f"{name}: absent", look(path + ABSENT)),
    ]


def create_lead(site: Site) -> Request:
    """A lead as somebody types it in; with nothing in its name that another has, so that none is a likely duplicate."""
    name, company = secrets.token_hex(6), secrets.token_hex(6)
    typed = {"last_name": name, "company": company, "email": f"{name}@{company}.example"}
    return Request("/leads/new", site.browser.open_form("/leads/new") | typed)


def change_status(site: Site) -> Request:
    """The press of one button of the row of steps."""
    path = f"/leads/{site.take(OPEN_LEADS)}"
    return Request(f"{path}/status", site.browser.open_form(path, "/status") | {"status": "qualified"})


def win_lead(site: Site) -> Request:
    """Won, of a lead whose customer nobody knows yet."""
    path = site.browser.send(create_lead(site)).location
    return Request(f"{path}/status", site.browser.open_form(path, "/status") | {"status": "won"})


def edit_lead(site: Site) -> Request:
    """The form of a lead, with another next step."""
    path = f"/leads/{site.take(LEADS)}/edit"
    return Request(path, site.browser.open_form(path) | {"next_step": f"Call {secrets.token_hex(4)}"})


def record_of(kind: str, which: str, end: str = "") -> Callable[[Site], Request]:
    """The page of any one record."""
    return lambda site: Request(f"/{kind}/{site.any_of(which)}{end}")


# Each fits many leads, and hardly one fits both.
BROAD_FILTERS = "/leads?country=GB&currency=EUR"
WRITE: dict[str, Any] = {"queries": 6, "milliseconds": 8}
PAGES = [
    Page("My day", look("/today")),
    Page("Calendar", look("/calendar")),
    Page("Dashboard", look("/")),
    Page("List, first page", look("/leads")),
    Page("List, at 90 % depth", deep_page),
    Page("List with three filters", three_filters),
    Page("List with two broad filters", look(BROAD_FILTERS), milliseconds=50),
    *searches("/leads?q="),
    *searches("/search?q="),
    Page("A lead", record_of("leads", LEADS), varies=True),
    Page("Board", look("/leads/board"), milliseconds=25, kilobytes=250),
    Page("Reports", look("/reports")),
    Page("Customers, first page", look("/customers")),
    Page("A customer", record_of("customers", CUSTOMERS), varies=True),
    Page("A customer, print", record_of("customers", CUSTOMERS, "/print"), varies=True),
    Page("Contacts, first page", look("/contacts")),
    Page("Activities", look("/activities")),
    Page("Duplicates", look("/duplicates")),
    Page("Imports", look("/imports")),
    Page("History", look("/history")),
    Page("Notifications", look("/notifications")),
    Page("Sign-ins", look("/employees/sign-ins"), by_admin=True),
    Page("Create a lead", create_lead, 303, varies=True, **WRITE),
    Page("Edit a lead", edit_lead, 303, varies=True, **WRITE),
    Page("Status change", change_status, 303, varies=True, **WRITE),
    Page("Won", win_lead, 303, varies=True),
]


def measure_pages(small: Site, large: Site, rounds: int) -> list[Figure]:
    """Measure every page on both sites in turn.

    :param small: the site of a thousand leads
    :param large: the site of a million
    :param rounds: how often each page is asked for on each
    :return: a line a page: the ratio of the medians, which the target is about, and everything else
    """
    figures = []
    for page in PAGES:
        figures.append(_measure(page, small, large, rounds))
        print_figures(figures[-1:])
    return figures


def _measure(page: Page, small: Site, large: Site, rounds: int) -> Figure:
    answers: dict[Site, list[Answer]] = {small: [], large: []}
    fixed: dict[Site, Request] = {}

    def ask(site: Site) -> float:
        if page.varies or site not in fixed:
            fixed[site] = page.request(site)
        answer = (site.admin if page.by_admin else site.browser).send(fixed[site])
        if answer.status != page.expects:
            raise NotThere(answer.status)
        answers[site].append(answer)
        return answer.milliseconds

    try:
        costs = in_turn([partial(ask, small), partial(ask, large)], rounds)
    except NotThere as absent:
        return Figure("pages", page.name, skipped="not there" if absent.status == 404 else f"answers {absent.status}")
    return _summarize(page, costs, answers, large)


class NotThere(Exception):
    """The page does not exist on this branch, or does not answer as it should."""

    def __init__(self, status: int) -> None:
        self.status = status


def _summarize(page: Page, costs: list[list[float]], answers: dict[Site, list[Answer]], large: Site) -> Figure:
    lines = {site: site.server.read_lines() for site in answers}
    queries = {
        site: max(int(str(lines[site].get(answer.request_id, {}).get("queries", 0))) for answer in given)
        for site, given in answers.items()
    }
    low, high = costs
    median_ratio, p95_ratio = typical(high) / typical(low), p95(high) / p95(low)
    size = typical([answer.size for answer in answers[large]])
    # A form that is sent may ask more: it locks, checks, writes and answers once.
    most = page.queries or (MOST_QUERIES if page.expects == 200 else max(queries.values()))
    misses = {
        "p95": p95_ratio > MOST_TIMES,
        "queries": max(queries.values()) > most,
        f"over {page.milliseconds:g} ms" if page.milliseconds else "": typical(high) > (page.milliseconds or math.inf),
        f"over {page.kilobytes:g} KB" if page.kilobytes else "": size / 1024 > (page.kilobytes or math.inf),
    }
    also = {
        "Queries": str(max(queries.values())),
        "Bytes": f"{size:,.0f}",
        "Small, ms (p95)": f"{typical(low):.1f} ({p95(low):.1f})",
        "Large, ms (p95)": f"{typical(high):.1f} ({p95(high):.1f})",
        "Ratio of p95": f"{p95_ratio:.2f} ×",
    }
    fault = ", ".join(name for name, missed in misses.items() if missed)
    return Figure("pages", page.name, median_ratio, target=MOST_TIMES, fault=fault, also=also)
