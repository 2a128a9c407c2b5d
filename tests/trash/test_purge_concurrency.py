"""Deleting for good while somebody else does something with the same record, each on a connection of their own."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.models import Activity, Change, ChangeAction, Contact, Conversion, Customer, Employee, Lead
from crm_web.trash.queries import KINDS
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_contact, make_customer, make_lead, make_sign_in
from tests.page import Browser, Page
from tests.rows import count

Deed = Callable[[], Page]
NOW = text("now()")


@pytest.fixture
def session(own_database: OwnDatabase) -> Iterator[Session]:
    """A session on the test's own database."""
    with own_database.session() as session:
        yield session


@pytest.fixture
def ada(own_database: OwnDatabase, session: Session) -> Employee:
    """The administrator there."""
    return own_database.find(session, "ada")


@pytest.fixture
def browse(own_database: OwnDatabase, session: Session, ada: Employee) -> Callable[[], Browser]:
    """A browser of an administrator; each is a person of their own."""
    return lambda: Browser(own_database.app, token=make_sign_in(session, ada))


@pytest.fixture
def rival(own_database: OwnDatabase) -> Iterator[Connection]:
    """Holds a row until everybody waits for it."""
    connection = own_database.connect()
    yield connection
    connection.close()


@pytest.fixture
def trashed(session: Session, ada: Employee) -> dict[str, Any]:
    """The fields of a record in the trash."""
    return {"deleted_at": session.scalar(select(NOW)), "deleted_by_id": ada.id}


def meet(own: OwnDatabase, rival: Connection, table: str, row_id: int, *actions: Deed) -> list[Page]:
    """Let all actions wait for one row, in this order, then let go of it; none may end in an error page."""
    with rival.cursor() as cursor, ThreadPoolExecutor(len(actions)) as pool:
        cursor.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE", (row_id,))  # noqa: S608  (a word of ours)
        pages = []
        try:
            for number, action in enumerate(actions, start=1):
                pages.append(pool.submit(action))
                wait_until_waiting(own, number)
        finally:
            # Whoever waits in the pool would be waited for without end.
            rival.commit()
        answers = [page.result(15) for page in pages]
    assert [answer for answer in answers if answer.status >= 500] == []
    return answers


def wait_until_waiting(own: OwnDatabase, number: int) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    until = time.monotonic() + 30
    with own.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.scalar(text(waiting)) < number:
            assert time.monotonic() < until, "nobody waits"
            time.sleep(0.01)


def make_trashed(session: Session, kind: str, trashed: dict[str, Any]) -> int:
    """A record in the trash with something that goes along, and something that stays."""
    customer = make_customer(session, **(trashed if kind == "customer" else {}))
    contact = make_contact(session, customer, **trashed)
    make_lead(session, customer_id=customer.id)
    lead = make_lead(session, **trashed)
    make_activity(session, lead_id=lead.id)
    return {"lead": lead.id, "customer": customer.id, "contact": contact.id}[kind]


def purge(browser: Browser, kind: str, record_id: int) -> Deed:
    return lambda: browser.post("trash.purge", kind=kind, record_id=record_id)


@pytest.mark.parametrize("kind", ["lead", "customer", "contact"])
def test_two_administrators_delete_the_same(
    own_database: OwnDatabase,
    session: Session,
    rival: Connection,
    browse: Callable[[], Browser],
    trashed: dict[str, Any],
    kind: str,
) -> None:
    record_id = make_trashed(session, kind, trashed)
    actions = [purge(browse(), kind, record_id) for _ in range(2)]
    first, second = meet(own_database, rival, f"{kind}s", record_id, *actions)
    assert (first.status, second.status) == (303, 410)
    assert "Permanently deleted" in second.text
    gone = select(Change).where(Change.action == ChangeAction.DELETED, Change.entity == kind)
    assert len(session.scalars(gone).all()) == 1


@pytest.mark.parametrize("first", ["purge", "restore"])
@pytest.mark.parametrize("kind", ["lead", "customer", "contact"])
def test_one_deletes_what_another_restores(
    own_database: OwnDatabase,
    session: Session,
    rival: Connection,
    browse: Callable[[], Browser],
    trashed: dict[str, Any],
    kind: str,
    first: str,
) -> None:
    record_id, browser = make_trashed(session, kind, trashed), browse()
    endpoint = f"{'leads' if kind == 'lead' else 'customers'}.restore_{kind}"
    actions = [purge(browse(), kind, record_id), lambda: browser.post(endpoint, None, **{f"{kind}_id": record_id})]
    pages = meet(own_database, rival, f"{kind}s", record_id, *(actions if first == "purge" else reversed(actions)))
    session.expire_all()
    after = session.get(KINDS[kind], record_id)
    if first == "purge":
        assert (after, pages[1].status) == (None, 410)
    else:
        assert after is not None
        assert not after.is_in_trash
        assert "Someone has restored it." in pages[1].follow().flash


@pytest.mark.parametrize("first", ["purge", "win"])
def test_one_deletes_the_customer_of_a_lead_that_another_wins(
    own_database: OwnDatabase,
    session: Session,
    rival: Connection,
    browse: Callable[[], Browser],
    trashed: dict[str, Any],
    first: str,
) -> None:
    customer = make_customer(session, name="Nordlys", **trashed)
    lead, browser = make_lead(session, company="Quite another", customer_id=customer.id), browse()
    customer_id = customer.id
    actions = [
        purge(browse(), "customer", customer.id),
        lambda: browser.post("leads.change_status", {"status": "won"}, lead_id=lead.id),
    ]
    meet(own_database, rival, "leads", lead.id, *(actions if first == "purge" else reversed(actions)))
    session.expire_all()
    after = session.get_one(Lead, lead.id)
    assert (after.customer_id is not None) is after.is_won
    assert count(session, Conversion) == (1 if after.is_won else 0)
    assert session.get(Customer, customer_id) is None


@pytest.mark.parametrize("action", ["win", "activity", "edit", "trash", "undo"])
def test_one_deletes_a_lead_with_which_another_does_something(
    own_database: OwnDatabase,
    session: Session,
    rival: Connection,
    browse: Callable[[], Browser],
    trashed: dict[str, Any],
    action: str,
) -> None:
    lead, browser = make_lead(session, **trashed), browse()
    endpoint, data = {
        "win": ("leads.change_status", {"status": "won"}),
        "activity": ("activities.add_to_lead", {"kind": "note", "subject": "Talked"}),
        "edit": ("history.put_back", {"field": "company"}),
        "trash": ("leads.trash_lead", {}),
        "undo": ("leads.undo_win", {}),
    }[action]
    values = {"lead_id": lead.id}
    if action == "edit":
        lead.company = "New"
        session.commit()
        values = {"change_id": session.scalars(select(Change.id).order_by(Change.id.desc())).all()[0]}
    page = meet(
        own_database,
        rival,
        "leads",
        lead.id,
        purge(browse(), "lead", lead.id),
        lambda: browser.post(endpoint, data, **values),
    )[1]
    assert page.status == 410
    assert (count(session, Lead), count(session, Customer), count(session, Activity)) == (0, 0, 0)


def test_one_deletes_a_customer_for_whom_another_enters_a_lead(
    own_database: OwnDatabase,
    session: Session,
    rival: Connection,
    browse: Callable[[], Browser],
    trashed: dict[str, Any],
) -> None:
    customer, browser = make_customer(session, **trashed), browse()
    page = meet(
        own_database,
        rival,
        "customers",
        customer.id,
        purge(browse(), "customer", customer.id),
        lambda: browser.post("leads.create_lead", {"last_name": "Okoro", "customer_id": customer.id}),
    )[1]
    assert page.status == 422
    assert "Create the lead without it." in page.text
    assert (count(session, Customer), count(session, Lead), count(session, Contact)) == (0, 0, 0)
