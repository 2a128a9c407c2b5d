"""Several people at one lead at once, each on a connection of their own."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select, text

from crm_web.models import Change, Conversion, Customer, Lead
from tests.databases import OwnDatabase
from tests.factories import make_lead, make_sign_in
from tests.page import Browser, Page

SIDES = 6


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """The others, who work at the same time."""
    with ThreadPoolExecutor(SIDES) as pool:
        yield pool


@pytest.fixture
def lead_id(own_database: OwnDatabase) -> int:
    """A lead of nobody's."""
    with own_database.session() as session:
        return make_lead(session, last_name="Okoro", company="Nordlys").id


def browser_of(own: OwnDatabase, name: str) -> Browser:
    with own.session() as session:
        return Browser(own.app, make_sign_in(session, own.find(session, name)))


def all_at_once(
    pool: ThreadPoolExecutor, browsers: list[Browser], endpoint: str, lead_id: int, data: dict[str, str]
) -> list[Page]:
    """Send the same form from several browsers at the same moment."""
    start = Barrier(len(browsers))

    def send(browser: Browser) -> Page:
        start.wait()
        return browser.post(endpoint, data, lead_id=lead_id)

    return [sent.result() for sent in [pool.submit(send, browser) for browser in browsers]]


def test_whoever_wins_it_there_is_one_customer(
    own_database: OwnDatabase, pool: ThreadPoolExecutor, lead_id: int
) -> None:
    browsers = [browser_of(own_database, name) for name in ("ann", "bob", "max") * (SIDES // 3)]
    answers = all_at_once(pool, browsers, "leads.change_status", lead_id, {"status": "won", "from_status": "new"})
    assert [answer.status for answer in answers] == [303] * SIDES
    with own_database.session() as session:
        customer = session.scalars(select(Customer)).one()
        assert session.get_one(Lead, lead_id).customer_id == customer.id
        assert session.scalar(select(func.count()).select_from(Conversion)) == 1
        changes = session.scalars(select(Change).where(Change.entity == "lead", Change.entity_id == lead_id)).all()
        assert len(changes) == 2


def test_of_several_who_differ_one_is_first(own_database: OwnDatabase, pool: ThreadPoolExecutor, lead_id: int) -> None:
    browsers = [browser_of(own_database, name) for name in ("ann", "bob", "max")]
    start = Barrier(len(browsers))

    def save(browser: Browser, step: str) -> Page:
        start.wait()
        sent = {"last_name": "Okoro", "next_step": step, "version": "1"}
        return browser.post("leads.change_lead", sent, lead_id=lead_id)

    saved = [
        pool.submit(save, browser, step) for browser, step in zip(browsers, ("Call", "Write", "Visit"), strict=True)
    ]
    assert sorted(answer.result().status for answer in saved) == [303, 409, 409]


def test_of_several_who_agree_all_have_saved(own_database: OwnDatabase, pool: ThreadPoolExecutor, lead_id: int) -> None:
    browsers = [browser_of(own_database, name) for name in ("ann", "bob", "max")]
    sent = {"last_name": "Okoro", "next_step": "Call", "version": "1"}
    answers = all_at_once(pool, browsers, "leads.change_lead", lead_id, sent)
    assert [answer.status for answer in answers] == [303, 303, 303]
    with own_database.session() as session:
        changes = session.scalars(select(Change).where(Change.entity == "lead", Change.entity_id == lead_id)).all()
        assert sum("next_step" in change.fields for change in changes) == 1


@pytest.mark.parametrize("endpoint", ["leads.create_lead", "leads.change_lead"])
def test_an_owner_who_is_just_leaving_is_refused_beside_the_field(
    own_database: OwnDatabase, pool: ThreadPoolExecutor, lead_id: int, endpoint: str
) -> None:
    place = {"lead_id": lead_id} if endpoint == "leads.change_lead" else {}
    max_ = browser_of(own_database, "max")
    with own_database.session() as session:
        bob_id = own_database.find(session, "bob").id
        session.execute(text("UPDATE employees SET is_active = false WHERE id = :id"), {"id": bob_id})
        form = {"last_name": "New", "owner_id": str(bob_id), "version": "1"}
        sent = pool.submit(max_.post, endpoint, form, **place)
        wait_for_the_lock(own_database, sent)
        session.commit()
        page = sent.result()
    assert page.status == 422
    assert page.errors["owner_id"] == "Choose an owner who is active and sells."


def wait_for_the_lock(own: OwnDatabase, sent: "Future[Page]") -> None:
    """Give the other side time to come to the lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(500):
        with own.engine.connect() as connection:
            if connection.scalar(waiting):
                return
        assert not sent.done(), "it did not wait"
        time.sleep(0.01)
    raise AssertionError("it never came to the lock")
