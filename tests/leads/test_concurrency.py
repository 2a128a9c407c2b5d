"""Several people at one lead at once, each on a connection of their own."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select, text

from crm_web.models import Change, Conversion, Customer, Lead
from tests.databases import OwnDatabase
from tests.factories import make_customer, make_lead, make_sign_in
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
        start.wait(30)
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


def all_save(pool: ThreadPoolExecutor, own: OwnDatabase, lead_id: int, forms: list[dict[str, str]]) -> list[int]:
    """Let three people save a form each, all opened with the same version, at the same moment."""
    browsers, start = [browser_of(own, name) for name in ("ann", "bob", "max")], Barrier(3)

    def save(browser: Browser, form: dict[str, str]) -> int:
        start.wait(30)
        return browser.post("leads.change_lead", {"version": "1"} | form, lead_id=lead_id).status

    return sorted(pool.map(save, browsers, forms))


def test_of_several_who_change_one_field_one_is_first(
    own_database: OwnDatabase, pool: ThreadPoolExecutor, lead_id: int
) -> None:
    forms = [{"next_step": step} for step in ("Call", "Write", "Wait")]
    assert all_save(pool, own_database, lead_id, forms) == [303, 409, 409]


def test_of_several_who_change_a_field_each_none_is_lost(
    own_database: OwnDatabase, pool: ThreadPoolExecutor, lead_id: int
) -> None:
    # As a browser does, each sends the other fields as well, as they were when the form was opened.
    opened = {"next_step": "", "city": "", "job_title": ""}
    forms = [opened | {name: "New"} for name in opened]
    assert all_save(pool, own_database, lead_id, forms) == [303, 303, 303]
    with own_database.session() as session:
        lead = session.get_one(Lead, lead_id)
        assert (lead.next_step, lead.city, lead.job_title, lead.version) == ("New", "New", "New", 4)


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
    assert page.errors["owner_id"] == "Choose an active employee. Viewers can’t own records."


LEAVING = [
    (
        "UPDATE employees SET is_active = false WHERE email = 'bob@piper.example' RETURNING id",
        ("activities.add_to_lead", {"kind": "task", "subject": "Call"}, "assignee_id"),
        "Choose an active employee.",
    ),
    (
        "UPDATE customers SET deleted_at = now(), deleted_by_id = 1 RETURNING id",
        ("leads.create_lead", {"last_name": "New"}, "customer_id"),
        "This customer is in the trash or was deleted.",
    ),
]


def test_who_is_just_leaving_gets_no_task_and_no_lead(
    own_database: OwnDatabase, pool: ThreadPoolExecutor, lead_id: int
) -> None:
    max_ = browser_of(own_database, "max")
    with own_database.session() as session:
        make_customer(session)
        for leave, (endpoint, form, field), message in LEAVING:
            form |= {field: str(session.scalar(text(leave)))}
            sent = pool.submit(max_.post, endpoint, form, **({"lead_id": lead_id} if "activities" in endpoint else {}))
            wait_for_the_lock(own_database, sent)
            session.commit()
            page = sent.result()
            assert (page.status, message in page.text) == (422, True)


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
