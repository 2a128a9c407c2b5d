"""Two workers, as they are in production: many people at once, far too many, and the memory of all processes."""

from bench.client import Browser, Request
from bench.fill import Database
from bench.load import Load, put_load
from bench.options import Options
from bench.pages import PASSWORD, PERSON
from bench.report import Figure, print_figures
from bench.serve import Server
from crm_web.core.extensions import db
from crm_web.stats.operations import compact_counts

WORKERS = 2
MANY, TOO_MANY = 50, 300
LEAST_RATE = 300.0
MOST_MEGABYTES = 160.0
MOST_SECONDS, MOST_SECONDS_OF_SOME = 0.4, 1.0
PAGE = "/leads"


def measure_crowd(database: Database, options: Options) -> list[Figure]:
    """Let many people look at the list at once, and then more than can be served.

    :param database: the large one
    :param options: of the run
    :return: answers a second, how soon they came, how the rest was refused, and the memory after all of that
    """
    _compact(database)
    server = Server(database, workers=WORKERS)
    try:
        browser = Browser(server.port)
        browser.sign_in(PERSON, PASSWORD)
        browser.send(Request(PAGE))
        figures = [*_serve_many(server, browser), *_refuse_some(server, browser)]
        answers = _answer(server, browser, options.requests)
        name = f"Master and {WORKERS} workers after {answers:,} requests, PSS"
        figures.append(Figure("crowd", name, server.shared_megabytes(), "MB", MOST_MEGABYTES))
    finally:
        server.stop()
    print_figures(figures)
    return figures


def _compact(database: Database) -> None:
    """Add up what the writers before have left, as the product's worker does every ten seconds; none runs here."""
    with database.app(statement_timeout=600).app_context():
        while compact_counts():
            db.session.commit()
        db.session.commit()
        db.engine.dispose()
    connection = database.connect()
    connection.autocommit = True
    connection.cursor().execute("VACUUM count_deltas")
    connection.close()


def _put(server: Server, browser: Browser, connections: int, seconds: float) -> Load:
    return put_load(server.port, PAGE, browser.cookie, connections=connections, seconds=seconds)


def _serve_many(server: Server, browser: Browser) -> list[Figure]:
    load = _put(server, browser, MANY, 10)
    also = {"Refused": f"{len(load.refusals):,}", "p90": f"{load.within(0.9):.2f} s"}
    return [
        Figure("crowd", f"List, {MANY} at once", load.rate, "requests/s", LEAST_RATE, at_least=True, also=also),
        Figure("crowd", f"List, {MANY} at once: p99 of those served", load.within(0.99), "s", MOST_SECONDS),
    ]


def _refuse_some(server: Server, browser: Browser) -> list[Figure]:
    load = _put(server, browser, TOO_MANY, 10)
    also = {"Refused": f"{len(load.refusals):,}", "p90": f"{load.within(0.9):.2f} s"}
    name = f"Overload, {TOO_MANY} at once: p99 of those served"
    others = {status for status in load.statuses if status not in (200, 503)}
    fault = f"answers {sorted(others)}" if others else "none refused" if not load.refusals else ""
    return [Figure("crowd", name, load.within(0.99), "s", MOST_SECONDS_OF_SOME, fault=fault, also=also)]


def _answer(server: Server, browser: Browser, requests: int) -> int:
    """Go on until so many requests were answered; tells how many."""
    answered = 0
    while answered < requests:
        answered += len(_put(server, browser, 8, 5).times)
    return answered
