"""`make bench`: fill, serve, measure, report."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.crowd import measure_crowd
from bench.duplicates import measure_duplicates
from bench.fill import Database, make_database, server
from bench.limits import measure_limits, measure_memory
from bench.options import Options, read_options
from bench.pages import Site, measure_pages
from bench.peers import measure_peers
from bench.profile import PAGES, PROFILED_LEADS, profile
from bench.report import Figure, print_figures, save
from bench.serve import Server
from bench.wal import measure_wal


def main() -> None:
    """Run what the environment asks for, and write the report."""
    options = read_options()
    # Asked to stop, it stops what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    with ExitStack() as undone:
        undone.callback(server.stop)
        server.start()
        print(f"Filling {options.small:,} and {options.leads:,} leads …", flush=True)
        databases = [
            make_database("small", options.small),
            make_database("large", options.leads, keeps=options.keeps, has_history=options.has_history),
        ]
        sites = [_serve(database, undone) for database in databases]
        figures = [_fill_rate(databases[1]), *_measure(options, *sites)]
    print(save(figures, options, time.monotonic() - started))


def _serve(database: Database, undone: ExitStack) -> Site:
    web = Server(database)
    undone.callback(web.stop)
    return Site(web)


def _fill_rate(large: Database) -> Figure:
    name = f"Filling in {large.leads:,} leads"
    if large.rows_a_second is None:
        return Figure("filling", name, skipped="kept")
    figure = Figure("filling", name, large.rows_a_second, "leads/s", 6_000, at_least=True)
    print_figures([figure])
    return figure


def _measure(options: Options, small: Site, large: Site) -> list[Figure]:
    parts: dict[str, Callable[[], list[Figure]]] = {
        "pages": lambda: measure_pages(small, large, options.rounds),
        "limits": lambda: measure_limits(large, options),
        "wal": lambda: measure_wal(large, options.rounds),
        "memory": lambda: measure_memory(large, options),
        "crowd": lambda: measure_crowd(large.database, options),
        "peers": lambda: measure_peers(large, options.rounds),
        "duplicates": measure_duplicates,
    }
    figures = []
    for part in options.parts:
        began = time.monotonic()
        print(f"{part.capitalize()} …", flush=True)
        figures += parts[part]()
        print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    return figures


if __name__ == "__main__":
    if sys.argv[1:2] == ["profile"]:
        profile(sys.argv[2:] or PAGES, int(os.environ.get("BENCH_LEADS", PROFILED_LEADS)))
    elif sys.argv[1:2] == ["duplicates"]:
        measure_duplicates(*map(Path, sys.argv[2:3]))
    else:
        main()
