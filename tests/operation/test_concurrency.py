"""The same thing asked for by many at once, of two web servers on one database: it happens once, and all hear so."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select

from crm_web import create_app
from crm_web.models import Change, Conversion, Customer, Lead, LeadStatus, Submission
from tests.databases import OwnDatabase, settings_for
from tests.factories import make_customer, make_lead
from tests.markup import parse
from tests.operation.launch import Launched, launch_pair
from tests.operation.windows import Window
from tests.page import values_of, words
from tests.rows import count, count_changes

pytestmark = pytest.mark.slow
AT_ONCE = 32
# Each is a Python of its own.
PROCESSES = 8


@dataclass(frozen=True)
class Heard:
    """What one of the many was answered."""

    status: int
    location: str | None
    said: str


class Pair:
    """Two web servers on one database, and a signed-in seller who is at many windows at once.

    :param own: the database
    :param servers: the two
    """

    def __init__(self, own: OwnDatabase, servers: list[Launched]) -> None:
        self.own, self.servers = own, servers
        self.window = Window(own, "ann")

    def open(self, path: str) -> dict[str, str]:
        """Open a page and give what its form would send."""
        soup, _ = parse(self.window.get(self.servers[0], path)[2])
        form = soup.select_one("main form[method=post]")
        assert form is not None, f"{path} has no form"
        return dict(values_of(form))

    def post_at_once(self, path: str, fields: dict[str, str]) -> list[Heard]:
        """Send one form from all windows in the same moment, half of them to each server; then look where it leads."""
        begin = Barrier(AT_ONCE)

        def post(number: int) -> Heard:
            server = self.servers[number % 2]
            begin.wait(30)
            status, headers, _ = self.window.post(server, path, fields)
            location, cookie = headers.get("Location"), headers.get("Set-Cookie", self.window.cookie).split(";")[0]
            shown, _, page = self.window.get(server, location, cookie) if location else (200, {}, "")
            assert shown == 200, page
            said = " ".join(words(message) for message in parse(page)[0].select(".messages .message"))
            return Heard(status, location, said)

        with ThreadPoolExecutor(AT_ONCE) as windows:
            return list(windows.map(post, range(AT_ONCE)))

    def count_posts(self) -> list[int]:
        """How many POSTs each server answered, by its log."""
        return [sum(line.get("method") == "POST" for line in server.lines()) for server in self.servers]


@pytest.fixture
def pair(own_database: OwnDatabase) -> Iterator[Pair]:
    """The two servers, ready."""
    with launch_pair(own_database) as servers:
        yield Pair(own_database, servers)


def only(heard: list[Heard]) -> Heard:
    """The one answer that all were given."""
    assert len(heard) == AT_ONCE
    assert len(set(heard)) == 1, set(heard)
    return heard[0]


def test_what_many_ask_of_two_servers_at_once_happens_once(pair: Pair) -> None:
    for walk in (_create_leads, _create_customers, _win, _trash_and_restore):
        walk(pair)

    # A busy database would have been a 503, which none of the walks lets pass.
    assert min(pair.count_posts()) >= AT_ONCE


def _create_leads(pair: Pair) -> None:
    fields = pair.open("/leads/new") | {"last_name": "Okoro", "email": "zoe@nordlys.example", "source": "Fair"}

    answer = only(pair.post_at_once("/leads/new", fields))

    with pair.own.session() as session:
        lead = session.scalars(select(Lead)).one()
        assert answer.status == 303
        assert answer.location == f"/leads/{lead.id}"
        assert "Okoro created." in answer.said
        assert (count(session, Change, Change.entity == "lead"), count(session, Submission)) == (1, 1)


def _create_customers(pair: Pair) -> None:
    fields = pair.open("/customers/new") | {"name": "Nordlys", "email": "office@nordlys.example"}

    answer = only(pair.post_at_once("/customers/new", fields))

    with pair.own.session() as session:
        customer = session.scalars(select(Customer)).one()
        assert answer.status == 303
        assert answer.location == f"/customers/{customer.id}"
        assert f"{customer.number} Nordlys created." in answer.said


def _win(pair: Pair) -> None:
    with pair.own.session() as session:
        lead_id = make_lead(session, company="Lund & Co", last_name="Lund").id

    heard = pair.post_at_once(f"/leads/{lead_id}/status", {"status": "won", "from_status": "new"})

    with pair.own.session() as session:
        lead = session.get_one(Lead, lead_id)
        assert {(one.status, one.location) for one in heard} == {(303, f"/leads/{lead_id}")}
        # Who came before it was won hears that it is now, who came later that it was; both name the customer.
        number = session.scalars(select(Customer.number).where(Customer.created_from_lead_id == lead_id)).one()
        assert all(f"Customer {number} Lund & Co" in one.said for one in heard), heard
        assert lead.status is LeadStatus.WON
        assert count(session, Conversion, Conversion.lead_id == lead_id) == 1
        assert count_changes(session, "lead", lead_id) == 2


def _trash_and_restore(pair: Pair) -> None:
    with pair.own.session() as session:
        records: dict[str, Lead | Customer] = {"leads": make_lead(session), "customers": make_customer(session)}
    for place, record in records.items():
        for action, is_in_trash, changes in (("trash", True, 2), ("restore", False, 3)):
            answer = only(pair.post_at_once(f"/{place}/{record.id}/{action}", {}))

            assert (answer.status, answer.location) == (303, f"/{place}" if is_in_trash else f"/{place}/{record.id}")
            assert record.name in answer.said
            with pair.own.session() as session:
                session.add(record)
                session.refresh(record)
                assert record.is_in_trash is is_in_trash
                assert count_changes(session, place.removesuffix("s"), record.id) == changes


_app_of = cache(lambda database: create_app(settings_for(database)))


def _import_file(database: str, file: str, begin: Barrier) -> str:
    """One process of many that run the command on the same file."""
    app = _app_of(database)
    begin.wait(120)
    result = app.test_cli_runner().invoke(args=["leads", "import", file, "--as", "max@piper.example"])
    return f"{result.exit_code} {result.output}"


def test_one_row_imported_by_many_processes_is_one_lead(own_database: OwnDatabase, tmp_path: Path) -> None:
    # Not forked from this process, which has threads and connections that a fork must not share.
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.operation.test_concurrency"])
    # A process that dies breaks this pool; one of multiprocessing.Pool would be waited for without end.
    with context.Manager() as manager, ProcessPoolExecutor(PROCESSES, context) as pool:
        begin = manager.Barrier(PROCESSES)
        for number, (status, customers) in enumerate([("New", 0), ("Won", 1)], start=1):
            file = tmp_path / f"{status}.csv"
            file.write_text(f"Last Name,Company,Email,Status\nOkoro,{status} Ltd,zoe@{status}.example,{status}\n")
            work = [pool.submit(_import_file, own_database.name, str(file), begin) for _ in range(PROCESSES)]
            told = [process.result(240) for process in work]

            assert [one for one in told if not one.startswith("0 ")] == []
            with own_database.session() as session:
                counts = [count(session, model) for model in (Lead, Customer, Conversion)]
            assert counts == [number, customers, customers]
            # What stands before the report is progress: only whoever had to wait is told so.
            reports = [one.partition("1 row read")[2] for one in told]
            assert all(reports)
            assert sorted(Counter(reports).values()) == [1, PROCESSES - 1], set(reports)
