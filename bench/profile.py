"""`python -m bench profile /leads`: where the processor time of a page goes, part by part.

It asks the application in this process, so that no network and no other process is in its figures, and looks at the
stack each time that another millisecond of processor time has been used. A part of ``WHOLE`` counts with all that it
calls; else what counts is the innermost file that belongs to a part. Other work on the machine hardly changes
processor time, so two states of the code can be compared by it: run it on both, and look at what differs.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from types import FrameType

from werkzeug.test import Client, EnvironBuilder

from bench.client import read_form
from bench.fill import Database, make_database, server
from bench.limits import bare_list
from bench.measure import in_turn, typical
from bench.pages import COMMON, LEADS, PASSWORD, PERSON
from crm_web.core.request_log import count_queries

PAGES = ("/leads", "/", "/leads/{lead}", "/leads/{lead}/edit", "/leads/board", f"/search?q={COMMON}", "/reports")
"""What is profiled where no address is named; ``{lead}`` stands for the id of a lead."""
PROFILED_LEADS = 20_000
ROUNDS = 60
WHOLE = {
    "sign-in": ("_load_user", "_load_person"),
    "url_for, assets": ("url_for",),
    "frame of the page": ("_frame",),
    "request log": ("_write_line",),
}
"""Parts that count with all that they call, by the names of their functions."""
PARTS = {
    "statements built, compiled": ("sqlalchemy/sql/", "sqlalchemy/orm/util", "sqlalchemy/orm/strategy_options"),
    "executing, driver": ("sqlalchemy/engine/", "sqlalchemy/pool/", "sqlalchemy/dialects/", "core/database.py"),
    "ORM": ("sqlalchemy/", "flask_sqlalchemy/"),
    "filters": ("web/template_filters.py", "web/formats.py", "/babel/", "zoneinfo"),
    "WTForms": ("/wtforms/", "/flask_wtf/", "web/form_fields.py", "web/forms.py", "core/csrf.py"),
    "permissions": ("auth/permissions.py",),
    "Jinja": ("/jinja2/", "/markupsafe/", "/templates/", "components/"),
    "Flask, Werkzeug": ("/flask/", "/werkzeug/", "/flask_login/"),
    "our Python": ("crm_web/",),
}
"""The other parts, by the innermost file of one of them that is at work."""


@dataclass
class Cost:
    """What a page costs.

    :param milliseconds: of processor time of this process, the median
    :param ratio: of the time by the clock to that of the bare list, each measured in turn; the database's is in it
    :param queries: statements sent
    :param size: bytes of the body
    :param parts: how often each part was met at work
    """

    milliseconds: float
    ratio: float
    queries: int
    size: int
    parts: Counter[str]


class Sampler:
    """Looks where the process is each time it has used another millisecond or so of processor time."""

    def __init__(self) -> None:
        self.parts: Counter[str] = Counter()

    def __enter__(self) -> Counter[str]:
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
        return self.parts

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        self.parts[_part_of(list(_walk(frame)))] += 1


def _walk(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    while frame is not None:
        yield frame.f_code.co_filename, frame.f_code.co_name
        frame = frame.f_back


def _part_of(stack: list[tuple[str, str]]) -> str:
    """Name the part that a stack belongs to, the innermost frame first."""
    names = {name for _, name in stack}
    whole = (part for part, functions in WHOLE.items() if not names.isdisjoint(functions))
    inner = (part for file, _ in stack for part, places in PARTS.items() if any(place in file for place in places))
    return next(whole, None) or next(inner, "other")


class Site:
    """The application in this process, asked without a network, by a manager who has signed in.

    :param database: what it serves
    """

    def __init__(self, database: Database) -> None:
        self._app = database.app()
        client = Client(self._app)
        form = read_form(client.get("/sign-in").data, "/sign-in", "/sign-in")
        client.post("/sign-in", data=form | {"email": PERSON, "password": PASSWORD})
        (lead,) = database.ask(f"SELECT id FROM {LEADS} ORDER BY updated_at DESC OFFSET 10 LIMIT 1")  # noqa: S608
        self._client, self._lead = client, lead

    def measure(self, path: str, bare: Callable[[], object]) -> Cost:
        """Ask for a page again and again.

        :param path: its address, with its query
        :param bare: what it is compared with
        :return: its cost
        """
        builder = EnvironBuilder(path.replace("{lead}", str(self._lead)))
        self._client._add_cookies_to_wsgi(environ := builder.get_environ())
        size = self._ask(environ)
        with count_queries() as queries:
            self._ask(environ)
        ours = partial(self._ask, environ)
        (used,) = in_turn([partial(_time, ours, time.process_time)], ROUNDS)
        taken, plain = in_turn([partial(_time, each, time.perf_counter) for each in (ours, bare)], ROUNDS)
        with Sampler() as parts:
            for _ in range(ROUNDS):
                ours()
        return Cost(typical(used), typical(taken) / typical(plain), queries.count, size, parts)

    def _ask(self, environ: dict[str, object]) -> int:
        told: list[str] = []
        body = self._app.wsgi_app(dict(environ), lambda status, *_: told.append(status))  # type: ignore[arg-type]
        size = sum(map(len, body))
        getattr(body, "close", lambda: None)()
        if not told[0].startswith("200"):
            raise SystemExit(f"{environ['PATH_INFO']} answers {told[0]}.")
        return size


def _time(work: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    work()
    return (clock() - started) * 1000


def profile(paths: Iterable[str], leads: int) -> None:
    """Print what pages cost, by part, beside the same list by bare psycopg2 and Jinja.

    :param paths: their addresses; ``{lead}`` in them stands for the id of a lead
    :param leads: how many leads the database has; it is filled once and used again
    """
    server.start()
    try:
        database = make_database("profile", leads, keeps=True)
        connection = database.connect()
        bare, site = bare_list(connection), Site(database)
        _print({path: site.measure(path, bare) for path in paths})
        connection.close()
    finally:
        server.stop()


def _print(costs: dict[str, Cost]) -> None:
    print("Milliseconds of processor time, and by the clock against the list by bare psycopg2 and Jinja.\n")
    lines = {
        "total": lambda cost: f"{cost.milliseconds:.1f}",
        "against bare": lambda cost: f"{cost.ratio:.1f} ×",
        "queries": lambda cost: str(cost.queries),
        "bytes": lambda cost: f"{cost.size:,}",
    }
    print("|  | " + " | ".join(costs) + " |", "|---|" + "--:|" * len(costs), sep="\n")
    for name, told in lines.items():
        print(f"| {name} | " + " | ".join(map(told, costs.values())) + " |")
    for part in (*WHOLE, *PARTS, "other"):
        shares = [cost.parts[part] / max(1, cost.parts.total()) * cost.milliseconds for cost in costs.values()]
        print(f"| {part} | " + " | ".join(f"{share:.1f}" for share in shares) + " |")
