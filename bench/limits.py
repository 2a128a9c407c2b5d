"""How near we come to what is bare: the same rows by Jinja, the same file by COPY, the same sale by SQL."""

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from jinja2 import Environment
from psycopg2.extensions import connection as Connection
from sqlalchemy import select

from bench.api import measure_api
from bench.client import Browser, Request
from bench.fill import SECRET, Database
from bench.measure import in_turn, typical
from bench.options import FOLDER, ROOT, Options
from bench.pages import COMMON, LEADS, PASSWORD, PERSON, Site
from bench.report import Figure, print_figures
from bench.serve import Server, read_memory
from crm_web.core.extensions import db
from crm_web.imports.operations import Options as ImportOptions
from crm_web.imports.operations import import_leads, open_leads
from crm_web.models import Employee

MOST_MEGABYTES = 120.0
WRITERS = 32
PROGRAMS = 2
SECONDS_OF_WRITING = 6
TURNS = 2
IMPORTED = (
    "salutation first_name last_name job_title company email phone phone_e164 mobile mobile_e164 website street city"
    " postal_code country source rating industry amount currency"
)
# The importer knows phone numbers as people write them, and works out the other spelling.
_WRITTEN = [name for name in IMPORTED.split() if not name.endswith("_e164")]


def measure_limits(large: Site, options: Options) -> list[Figure]:
    """Measure the list, the API, the import and the conversion against what is bare.

    :param large: the site of a million leads
    :param options: of the run
    :return: a line each
    """
    figures: list[Figure] = []
    parts: list[Callable[[], list[Figure]]] = [
        lambda: measure_pages_against_bare(large, options.rounds),
        lambda: measure_api(large, options.rounds),
        lambda: [measure_import(large.database, max(200, options.leads // 50))],
        lambda: [measure_conversion(large.database)],
    ]
    for part in parts:
        found = part()
        print_figures(found)
        figures += found
    return figures


def measure_pages_against_bare(large: Site, rounds: int) -> list[Figure]:
    """Compare the server time of pages with that of the list's first page, bare.

    :param large: the site
    :param rounds: how often each
    :return: a ratio a page
    """
    connection = large.database.connect()
    show_bare = bare_list(connection)
    lead = f"/leads/{large.any_of(LEADS)}"
    pages = {
        "List page": ("/leads", 2.0),
        "Dashboard": ("/", 3.0),
        "A lead": (lead, 3.0),
        "Edit form of a lead": (f"{lead}/edit", 3.0),
        "Search": (f"/search?q={COMMON}", 3.0),
    }
    figures = [_compare_with_bare(name, *page, show_bare, large, rounds) for name, page in pages.items()]
    connection.close()
    return figures


def _compare_with_bare(
    name: str, path: str, most: float, show_bare: Callable[[], str], site: Site, rounds: int
) -> Figure:
    ids: list[str] = []

    def ours() -> float:
        answer = site.browser.send(Request(path))
        ids.append(answer.request_id)
        return answer.milliseconds

    def bare() -> float:
        started = time.perf_counter()
        show_bare()
        return (time.perf_counter() - started) * 1000

    _, plain = in_turn([ours, bare], rounds)
    served = _serve_times(site.server, ids[-rounds:])
    also = {"Ours": f"{typical(served):.1f} ms", "Bare": f"{typical(plain):.1f} ms"}
    title = f"{name}, server time against bare"
    return Figure("limits", title, typical(served) / typical(plain), target=most, also=also)


def _serve_times(server: Server, ids: Sequence[str]) -> list[float]:
    """The milliseconds that requests took in the server; the line of the last may be written only after its answer."""
    lines = server.read_lines()
    return [float(str(lines[each]["ms"])) for each in ids if each in lines]


def bare_list(connection: Connection) -> Callable[[], str]:
    """Make the barest list of leads that there can be.

    :param connection: of psycopg2
    :return: reads the first page, and gives it as HTML
    """
    template = Environment(autoescape=True).from_string((Path(__file__).parent / "bare_list.html").read_text())

    def show() -> str:
        with connection, connection.cursor() as cursor:
            cursor.execute(_COUNT)
            (count,) = cursor.fetchone() or (0,)
            cursor.execute(_FIRST_PAGE)
            names = [column.name for column in cursor.description or ()]
            return template.render(leads=[dict(zip(names, row, strict=True)) for row in cursor], count=count)

    return show


_COUNT = "SELECT count(*) FROM (SELECT id FROM leads WHERE deleted_at IS NULL LIMIT 10001) found"
_FIRST_PAGE = """
SELECT l.id, l.name, l.company, l.status, l.amount, l.currency, l.source, e.name AS owner, l.expected_close_on,
    l.created_at, l.updated_at
FROM leads l LEFT JOIN employees e ON e.id = l.owner_id
WHERE l.deleted_at IS NULL ORDER BY l.updated_at DESC, l.id DESC LIMIT 51
"""


def measure_import(database: Database, rows: int) -> Figure:
    """Compare the import of a CSV file with a bare COPY of its rows into the same table, with its indexes and triggers.

    :param database: the large one; everything is rolled back
    :param rows: how many rows the file has
    :return: the ratio of the times a row
    """
    ready, typed = _write_files(database, rows)
    app = database.app(statement_timeout=600)
    connection = database.connect()

    def ours() -> float:
        with app.app_context(), typed.open("rb") as stream:
            by = db.session.scalars(select(Employee).where(Employee.email == "ada@piper.example")).one()
            options = ImportOptions(currency="USD", region="US")
            started = time.perf_counter()
            report = import_leads(open_leads(stream, options), options, by=by)
            seconds = time.perf_counter() - started
            db.session.rollback()
        if report.created < 0.95 * rows:
            raise SystemExit(f"Only {report.created} of {rows} rows were imported: {report.refusals[:3]}")
        return seconds

    def bare() -> float:
        started = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.copy_expert(
                f"COPY leads ({', '.join(IMPORTED.split())}) FROM STDIN (FORMAT csv)", io.StringIO(ready)
            )
        seconds = time.perf_counter() - started
        connection.rollback()
        return seconds

    our_times, bare_times = in_turn([ours, bare], 3, warm_up=1)
    connection.close()
    also = {
        "Ours": f"{rows / typical(our_times):,.0f} rows/s",
        "Bare": f"{rows / typical(bare_times):,.0f} rows/s",
    }
    ratio = typical(our_times) / typical(bare_times)
    return Figure("limits", f"Import of {rows:,} rows against bare COPY", ratio, target=1.4, also=also)


def _write_files(database: Database, rows: int) -> tuple[str, Path]:
    """The same new leads twice: as COPY takes them, and as a file that somebody exported elsewhere."""
    new = (
        f"SELECT {IMPORTED.replace(' ', ', ')} FROM (SELECT * FROM leads WHERE deleted_at IS NULL ORDER BY id LIMIT"  # noqa: S608
        f" {rows}) l"
    ).replace("last_name", "last_name || '-' || id % 9973 AS last_name")
    connection = database.connect()
    with connection.cursor() as cursor:
        ready = io.StringIO()
        cursor.copy_expert(f"COPY ({new}) TO STDOUT (FORMAT csv)", ready)
        typed = io.StringIO()
        named = f"SELECT {', '.join(_WRITTEN)} FROM ({new}) n"  # noqa: S608
        cursor.copy_expert(f"COPY ({named}) TO STDOUT (FORMAT csv, HEADER)", typed)
    connection.close()
    path = FOLDER / "import.csv"
    path.write_text(typed.getvalue(), encoding="utf-8")
    return ready.getvalue(), path


def measure_conversion(database: Database) -> Figure:
    """Compare Won as the product does it with the two statements that are the least it takes, both by 32 writers.

    :param database: the large one; its leads are really won
    :return: our share of the bare throughput
    """
    leads = database.ask(
        "SELECT id FROM leads WHERE deleted_at IS NULL AND customer_id IS NULL AND closed_at IS NULL ORDER BY id"
    )
    # Every writer of every round gets leads of its own: nobody waits for a row, and none is won twice.
    hands = iter([leads[place :: 2 * TURNS * PROGRAMS] for place in range(2 * TURNS * PROGRAMS)])
    sides = [partial(_win_many, database, kind, hands) for kind in ("product", "bare")]
    ours, bare = in_turn(sides, TURNS, warm_up=0)
    rates = [1 / typical(ours), 1 / typical(bare)]
    also = {"Ours": f"{rates[0]:,.0f} a second", "Bare": f"{rates[1]:,.0f} a second"}
    return Figure(
        "limits",
        f"Won by {WRITERS} writers against bare SQL",
        rates[0] / rates[1],
        target=0.65,
        at_least=True,
        also=also,
    )


def _win_many(database: Database, kind: str, hands: Iterator[list[int]]) -> float:
    """Let two programs of sixteen writers each win leads for some seconds; gives the seconds that a win takes."""
    command = [sys.executable, "-m", "bench.writers", kind, database.url, str(WRITERS // PROGRAMS)]
    programs = [
        subprocess.Popen([*command, str(SECONDS_OF_WRITING)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(PROGRAMS)
    ]
    told = [json.dumps(next(hands)).encode() for _ in programs]
    with ThreadPoolExecutor(PROGRAMS) as pool:
        said = pool.map(lambda program, lead_ids: program.communicate(lead_ids)[0], programs, told)
        rate = sum(float(output or 0) for output in said)
    if not rate:
        raise SystemExit(f"The writers ({kind}) won nothing.")
    return 1 / rate


def measure_memory(large: Site, options: Options) -> list[Figure]:
    """Look at the memory of a worker before and after many requests, and while it sends all leads as a file.

    :param large: the site of a million leads
    :param options: of the run
    :return: lines in megabytes
    """
    before = large.server.megabytes()
    seconds = _ask_many(large.server, options.requests)
    after = large.server.megabytes()
    figures = [
        Figure(
            "memory",
            f"Worker after {options.requests:,} requests",
            after,
            "MB",
            MOST_MEGABYTES,
            also={"Before": f"{before:.0f} MB", "Rate": f"{options.requests / seconds:,.0f} requests/s"},
        )
    ]
    peak, rows_a_second = _export(large)
    rate = {"Before": f"{after:.0f} MB", "Rate": f"{rows_a_second:,.0f} rows/s"}
    figures.append(Figure("memory", "Worker while it exports all leads", peak, "MB", MOST_MEGABYTES, also=rate))
    figures += _import_and_roll_back(large)
    print_figures(figures)
    return figures


def _import_and_roll_back(site: Site) -> list[Figure]:
    """What an import that is rolled back leaves behind is gone or in nobody's way."""
    before = _time_first_page(site)
    imported = _import_by_command(site.database)
    after = _time_first_page(site)
    also = {"Before": f"{before:.1f} ms", "Rate": f"then {after:.1f} ms"}
    return [imported, Figure("memory", "First page after a rolled-back import", after / before, target=1.1, also=also)]


def _time_first_page(site: Site) -> float:
    return typical([site.browser.send(Request("/leads")).milliseconds for _ in range(9)])


def _ask_many(server: Server, requests: int) -> float:
    """Eight people look at lists and leads at once."""
    ids = server.database.ask("SELECT id FROM leads WHERE deleted_at IS NULL LIMIT 400")
    person = Browser(server.port)
    person.sign_in(PERSON, PASSWORD)
    browsers = [person.open_window() for _ in range(8)]

    def look(browser: Browser, share: int) -> None:
        for number in range(share):
            browser.send(Request("/leads" if number % 3 == 0 else f"/leads/{ids[(number * 7) % len(ids)]}"))

    threads = [threading.Thread(target=look, args=(browser, requests // len(browsers))) for browser in browsers]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def _export(site: Site) -> tuple[float, float]:
    started, peak, lines = time.perf_counter(), 0.0, 0
    answer = site.browser.stream("/leads.csv").getresponse()
    looked = started
    while piece := answer.read(1 << 18):
        lines += piece.count(b"\n")
        if time.perf_counter() - looked > 0.05:
            looked, peak = time.perf_counter(), max(peak, site.server.megabytes())
    return max(peak, site.server.megabytes()), lines / (time.perf_counter() - started)


def _import_by_command(database: Database) -> Figure:
    """The command as an operator runs it, from its start to its end; a dry run, which does everything but commit."""
    rows = max(200, database.leads // 20)
    _, path = _write_files(database, rows)
    started = time.perf_counter()
    command = subprocess.Popen(
        [sys.executable, "-m", "flask", "leads", "import", str(path), "--dry-run"],
        cwd=ROOT,
        env={"PATH": os.defpath, "DATABASE_URL": database.url, "SECRET_KEY": SECRET, "STATEMENT_TIMEOUT": "600"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # Not by the kernel's own account of a child, in which the memory counts that this program had when it began it.
    peak = 0.0
    while command.poll() is None:
        with suppress(OSError, StopIteration):
            peak = read_memory(command.pid, "status", "VmHWM")
        time.sleep(0.05)
    seconds = time.perf_counter() - started
    if command.returncode not in (0, 3):
        raise SystemExit(f"The import ended with status {command.returncode}.")
    rate = {"Before": "", "Rate": f"{rows / seconds:,.0f} rows/s"}
    return Figure("memory", f"`flask leads import` of {rows:,} rows", peak, "MB", MOST_MEGABYTES, also=rate)
