"""The write-ahead log that an edit, a status change and a new lead write, in kilobytes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

from bench.client import Request
from bench.fill import Database, server
from bench.measure import typical
from bench.pages import Page, Site, change_status, create_lead, edit_lead
from bench.report import Figure, print_figures
from crm_web.launcher.postgres import SUPERUSER

WRITES = {
    Page("Edit of a next step", edit_lead, 303): 2.5,
    Page("Status change", change_status, 303): 6.0,
    Page("New lead", create_lead, 303): 3.5,
}
"""Each with the most kilobytes that it may take."""


def measure_wal(large: Site, rounds: int) -> list[Figure]:
    """Measure what each kind of write adds to the log.

    Whole pages, which the server logs at their first change after a checkpoint, are left out: they say when the last
    checkpoint was, and not what was written. Nor is anything vacuumed meanwhile, which is logged as well.

    :param large: the site
    :param rounds: how often each
    :return: a line each
    """
    with _nothing_else_logged():
        figures = [_measure(page, most, large, rounds) for page, most in WRITES.items()]
    print_figures(figures)
    return figures


def _measure(page: Page, most: float, site: Site, rounds: int) -> Figure:
    sizes = []
    hot_before = _count_updates(site)
    for _ in range(rounds):
        request = page.request(site)
        before = _position(site.database)
        answer = site.browser.send(request)
        if answer.status != page.expects:
            raise SystemExit(f"{page.name}: {answer.status}")
        sizes.append((_position(site.database) - before) / 1024)
    updates, hot = (after - before for after, before in zip(_count_updates(site), hot_before, strict=True))
    also = {"HOT updates of leads": f"{hot} of {updates}"}
    return Figure("wal", page.name, typical(sizes), "KB", most, also=also)


def _position(database: Database) -> int:
    return int(database.ask("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0])


def _count_updates(site: Site) -> tuple[int, int]:
    """Updates of leads, and those that wrote into no index."""
    # A connection tells what it did at the end of its next transaction, when a second has passed.
    time.sleep(1.1)
    site.browser.send(Request("/leads"))
    query = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'leads'"
    updates, hot = site.database.ask(query)[0]
    return updates, hot


@contextmanager
def _nothing_else_logged() -> Iterator[None]:
    _administer("ALTER SYSTEM SET full_page_writes = off")
    _administer("ALTER SYSTEM SET autovacuum = off")
    _administer("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'")
    try:
        yield
    finally:
        _administer("ALTER SYSTEM RESET full_page_writes")
        _administer("ALTER SYSTEM RESET autovacuum")


def _administer(statement: str) -> None:
    connection = psycopg2.connect(host=str(server.socket_folder), port=5432, user=SUPERUSER, dbname="postgres")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.execute("SELECT pg_reload_conf()")
            cursor.execute("SELECT pg_sleep(0.3)")
    finally:
        connection.close()
