"""The same action asked for by many programs at once, of two web servers on one database: it is done once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from crm_web.models import Change, Conversion, Customer, Lead, LeadStatus, Submission
from tests.databases import OwnDatabase
from tests.factories import make_customer, make_lead, make_token
from tests.operation.launch import Launched, launch_pair
from tests.rows import count, count_changes

pytestmark = pytest.mark.slow
AT_ONCE = 32


@dataclass(frozen=True)
class Reply:
    """What one of the many was answered."""

    status: int
    location: str | None
    body: str

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Programs:
    """Two web servers on one database, and many programs with one token.

    :param own: the database
    :param servers: the two
    """

    def __init__(self, own: OwnDatabase, servers: list[Launched]) -> None:
        self.own, self.servers = own, servers
        with own.session() as session:
            self.secret = make_token(session, own.find(session, "ann"))

    def send_at_once(self, method: str, path: str, bodies: list[Any], **headers: str) -> list[Reply]:
        """Send a request from each program in the same moment, half of them to each server."""
        begin = Barrier(len(bodies))

        def send(number: int) -> Reply:
            server = self.servers[number % 2]
            connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
            sent = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"} | headers
            begin.wait(30)
            try:
                connection.request(method, f"/api/v1{path}", json.dumps(bodies[number]), sent)
                answer = connection.getresponse()
                return Reply(answer.status, answer.getheader("Location"), answer.read().decode())
            finally:
                connection.close()

        with ThreadPoolExecutor(len(bodies)) as programs:
            return list(programs.map(send, range(len(bodies))))

    def post_once(self, path: str, body: Any, key: str) -> Reply:
        """Post the same with one key from all programs; gives the one answer that all of them got."""
        told = self.send_at_once("POST", path, [body] * AT_ONCE, **{"Idempotency-Key": key})
        assert len(set(told)) == 1, set(told)
        return told[0]


@pytest.fixture
def programs(own_database: OwnDatabase) -> Iterator[Programs]:
    """The two servers, ready."""
    with launch_pair(own_database) as servers:
        yield Programs(own_database, servers)


def test_what_many_programs_ask_at_once_happens_once(programs: Programs) -> None:
    for walk in (_create, _win_with_a_key, _win_without_a_key, _trash_and_restore, _batches_in_a_ring):
        walk(programs)


def _create(programs: Programs) -> None:
    lead = programs.post_once("/leads", {"last_name": "Okoro", "source": "Fair"}, "lead")
    customer = programs.post_once("/customers", {"name": "Nordlys"}, "customer")

    with programs.own.session() as session:
        assert (lead.status, lead.location) == (201, f"/api/v1/leads/{session.scalars(select(Lead.id)).one()}")
        made = session.scalars(select(Customer.id)).one()
        assert (customer.status, customer.location) == (201, f"/api/v1/customers/{made}")
        assert (count(session, Change, Change.entity.in_(["lead", "customer"])), count(session, Submission)) == (2, 2)


def _win_with_a_key(programs: Programs) -> None:
    lead_id = _enter(programs, company="Lund & Co")
    told = programs.post_once(f"/leads/{lead_id}/status", {"status": "won", "create": True}, "win")
    assert told.status == 200
    _look_at_win(programs, lead_id, told)


def _win_without_a_key(programs: Programs) -> None:
    lead_id = _enter(programs, company="Berg AS")
    told = programs.send_at_once("POST", f"/leads/{lead_id}/status", [{"status": "won", "create": True}] * AT_ONCE)
    assert {one.status for one in told} == {200}, told
    _look_at_win(programs, lead_id, *told)


def _look_at_win(programs: Programs, lead_id: int, *told: Reply) -> None:
    with programs.own.session() as session:
        customer_id = session.scalars(select(Customer.id).where(Customer.created_from_lead_id == lead_id)).one()
        assert {one.json()["customer_id"] for one in told} == {customer_id}
        assert session.get_one(Lead, lead_id).status is LeadStatus.WON
        assert count(session, Conversion, Conversion.lead_id == lead_id) == 1
        assert count_changes(session, "lead", lead_id) == 2


def _trash_and_restore(programs: Programs) -> None:
    """Of those who saw the same version one moves it to the trash; the others hear that it is another by now."""
    with programs.own.session() as session:
        records = {"leads": make_lead(session).id, "customers": make_customer(session).id}
    for place, record_id in records.items():
        told = programs.send_at_once("DELETE", f"/{place}/{record_id}", [None] * AT_ONCE, **{"If-Match": '"1"'})
        assert sorted(one.status for one in told) == [204, *[412] * (AT_ONCE - 1)]
        back = programs.post_once(f"/{place}/{record_id}/restore", {}, f"restore-{place}")
        assert (back.status, back.json()["deleted_at"]) == (200, None)
        with programs.own.session() as session:
            assert count_changes(session, place.removesuffix("s"), record_id) == 3


def _batches_in_a_ring(programs: Programs) -> None:
    """Half go through the leads and sources forwards, half backwards; a ring of them would be broken by a 503."""
    with programs.own.session() as session:
        customers = [make_customer(session, name=f"Ring {number}").id for number in range(6)]
        leads = [make_lead(session, customer_id=customer_id).id for customer_id in reversed(customers)]
    words = ["alpha", "beta", "gamma", "delta"]
    won = [{"do": "move", "id": lead_id, "change": {"status": "won"}} for lead_id in leads]
    new = [{"do": "create", "lead": {"last_name": f"{word} ring", "source": f"{word} fair"}} for word in words]
    both = [*won, *new]
    bodies = [{"mode": "all", "items": both if number % 4 < 2 else both[::-1]} for number in range(AT_ONCE)]
    told = programs.send_at_once("POST", "/leads/batch", bodies)
    assert {one.status for one in told} == {200}, {one.body[:500] for one in told}
    with programs.own.session() as session:
        assert count(session, Lead, Lead.last_name.like("% ring")) == AT_ONCE * len(words)
        assert count(session, Conversion, Conversion.lead_id.in_(leads)) == len(leads)


def _enter(programs: Programs, **fields: Any) -> int:
    with programs.own.session() as session:
        return make_lead(session, **fields).id
