"""A form that creates something, sent twice: one record, and the same answer both times."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg2.extensions import connection as Connection
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from crm_web.core.keys import keyed_digest
from crm_web.models import Activity, Contact, Customer, Employee, Lead, Submission
from crm_web.web import idempotency
from tests.databases import PASSWORD, OwnDatabase
from tests.factories import make_customer, make_lead, make_sign_in
from tests.page import Browser, Form, Page
from tests.worker.run import run_worker

BrowserAs = Callable[[Employee], Browser]
Opens = Callable[[], Form]


@dataclass(frozen=True)
class Creation:
    """A form that creates something: where it stands, what is typed, what is typed otherwise, and what comes of it."""

    model: type[Any]
    endpoint: str
    typed: dict[str, str]
    otherwise: dict[str, str]
    wrong: dict[str, str]
    said: str
    action: str | None = None


PERSON = {"name": "Jo Berg", "email": "jo@company.com", "role": "sales", "time_zone": "UTC", "locale": "en_US"}
NOTE = {"kind": "note", "subject": "Talked"}
CREATIONS = {
    "lead": Creation(
        Lead, "leads.new_lead", {"last_name": "Okoro"}, {"city": "Bergen"}, {"email": "@"}, "Okoro created."
    ),
    "customer": Creation(
        Customer, "customers.new_customer", {"name": "Lund"}, {"industry": "Fish"}, {"email": "@"}, "Lund created."
    ),
    "contact": Creation(
        Contact, "customers.new_contact", {"last_name": "Moe"}, {"phone": "555 0100"}, {"email": "@"}, "Moe added."
    ),
    "note on a lead": Creation(
        Activity, "leads.show_lead", NOTE, {"body": "Long"}, {"subject": ""}, "Note added: Talked", "activities"
    ),
    "note on a customer": Creation(
        Activity, "customers.show_customer", NOTE, {"body": "Long"}, {"subject": ""}, "Note added: Talked", "activities"
    ),
    "customer of a lead": Creation(
        Customer, "leads.preview_win", {"name": "Lund"}, {}, {"email": "@"}, "Lund created.", "status"
    ),
    "employee": Creation(
        Employee,
        "employees.new_employee",
        PERSON | {"password": PASSWORD},
        {"job_title": "Buyer"},
        {"email": "@"},
        "Jo Berg added and can sign in now.",
    ),
}


@pytest.fixture(params=list(CREATIONS.values()), ids=list(CREATIONS))
def creation(request: pytest.FixtureRequest) -> Creation:
    """Each form that creates something."""
    made: Creation = request.param
    return made


@pytest.fixture
def browser(browser_as: BrowserAs, ada: Employee) -> Browser:
    """Somebody who may create everything."""
    return browser_as(ada)


@pytest.fixture
def open_form(browser: Browser, session: Session, creation: Creation) -> Opens:
    """Opens the page of the form afresh."""
    places = {
        "leads.show_lead": {"lead_id": make_lead(session).id},
        "customers.show_customer": {"customer_id": make_customer(session).id},
    }
    places["customers.new_contact"] = places["customers.show_customer"]
    places["leads.preview_win"] = places["leads.show_lead"]
    place = places.get(creation.endpoint, {})
    return lambda: browser.get(creation.endpoint, **place).form(creation.action)


@pytest.fixture
def count(session: Session, open_form: Opens, creation: Creation) -> Callable[[], int]:
    """How many were created since the beginning of the test."""
    question = select(func.count()).select_from(creation.model)
    before = session.scalar(question) or 0
    return lambda: (session.scalar(question) or 0) - before


def count_keys(session: Session) -> int:
    """How many keys are kept."""
    return session.scalar(select(func.count()).select_from(Submission)) or 0


def test_sent_twice_it_is_answered_once(
    open_form: Opens, count: Callable[[], int], creation: Creation, session: Session
) -> None:
    form = open_form().fill(**creation.typed)

    first = form.submit()
    first_says = first.follow().flash
    second = form.submit()
    second_says = second.follow().flash

    assert (first.status, second.status) == (303, 303)
    assert second.location == first.location
    assert creation.said in first_says
    assert second_says == first_says
    assert (count(), count_keys(session)) == (1, 1)


# A lead that is won has its customer, whatever is typed then.
@pytest.mark.parametrize("creation", [it for it in CREATIONS.values() if it.otherwise], indirect=True)
def test_sent_again_with_other_fields_it_is_asked_about(
    open_form: Opens, count: Callable[[], int], creation: Creation
) -> None:
    form = open_form().fill(**creation.typed)
    first = form.submit()

    again = form.submit(**creation.otherwise)

    assert again.status == 422
    assert "You already submitted this form: “" in again.text
    assert creation.said in again.text
    assert again.link("open it") == first.location
    assert count() == 1
    # What was typed is still there, under a key of its own.
    kept = again.form(creation.action)
    assert {name: kept[name] for name in creation.otherwise} == creation.otherwise
    assert kept["submission"] != form["submission"]


def test_refused_and_mended_it_goes_through_with_its_key(
    open_form: Opens, count: Callable[[], int], creation: Creation, session: Session
) -> None:
    form = open_form().fill(**creation.typed)

    refused = form.submit(**creation.wrong)

    assert refused.status == 422
    assert (count(), count_keys(session)) == (0, 0)
    mended = refused.form(creation.action)
    assert mended["submission"] == form["submission"]
    assert mended.submit(**dict.fromkeys(creation.wrong, "") | creation.typed).status == 303
    assert (count(), count_keys(session)) == (1, 1)


def test_each_showing_of_the_form_has_a_key_of_its_own(open_form: Opens, creation: Creation) -> None:
    assert UUID(open_form()["submission"]) != UUID(open_form()["submission"])


@pytest.mark.parametrize("key", [None, "", "0", "'; DROP TABLE leads", "\x00", "x" * 5000])
def test_what_is_no_key_protects_nothing_and_breaks_nothing(
    browser: Browser, session: Session, key: str | None
) -> None:
    for _ in range(2):
        assert browser.post("leads.create_lead", {"last_name": "Okoro", "submission": key}).status == 303

    assert session.scalar(select(func.count()).select_from(Lead)) == 2
    assert count_keys(session) == 0
    # The page of a refused one heals it.
    page = browser.post("leads.create_lead", {"submission": key})
    assert page.status == 422
    assert UUID(page.form()["submission"])


def test_the_same_key_on_another_form_is_another_form(browser: Browser, session: Session) -> None:
    key = str(uuid4())
    lead, other = make_lead(session), make_lead(session)
    sent = NOTE | {"submission": key}
    assert browser.post("activities.add_to_lead", sent, lead_id=lead.id).status == 303

    assert browser.post("activities.add_to_lead", sent, lead_id=other.id).status == 422
    assert session.scalar(select(func.count()).select_from(Activity)) == 1


def test_the_same_key_of_somebody_else_is_theirs(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    sent = {"last_name": "Okoro", "submission": str(uuid4())}
    places = {browser_as(person).post("leads.create_lead", sent).location for person in (ann, bob)}

    assert len(places) == 2


def test_a_likely_duplicate_is_asked_about_once_and_saved_once(browser: Browser, session: Session) -> None:
    make_lead(session, email="zoe@nordlys.example")
    asked = browser.get("leads.new_lead").form().fill(last_name="Okoro", email="zoe@nordlys.example").submit()
    assert asked.status == 422
    answers = [asked.form().submit(confirmed="1") for _ in range(2)]

    assert [answer.status for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert session.scalar(select(func.count()).select_from(Lead)) == 2


def test_what_an_operation_refuses_leaves_no_key(browser: Browser, session: Session) -> None:
    form = (
        browser.get("employees.new_employee")
        .form()
        .fill(**PERSON | {"email": "ann@piper.example", "password": PASSWORD})
    )

    assert form.submit().status == 422
    assert count_keys(session) == 0
    assert form.submit(email="jo@company.com", password=PASSWORD).status == 303


def test_the_answer_is_given_again_after_the_record_is_in_the_trash(browser: Browser) -> None:
    form = browser.get("leads.new_lead").form().fill(last_name="Okoro")
    first = form.submit()
    first.follow().button("Move to trash")

    assert form.submit().location == first.location


def test_a_first_password_can_not_be_guessed_from_what_is_kept(
    browser: Browser, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = PERSON | {"password": PASSWORD}
    browser.post("employees.create_employee", sent | {"submission": str(uuid4())})
    monkeypatch.setitem(browser.app.config, "SECRET_KEY", "another-secret-" + "0123456789" * 2)
    with browser.app.test_request_context("/employees/new", method="POST", data=sent):
        guessed = keyed_digest(idempotency._read_form())

    kept = session.scalars(select(Submission)).one()
    assert kept.request_hash != guessed
    assert PASSWORD not in str(kept.answer)


def test_old_keys_are_deleted(browser: Browser, session: Session) -> None:
    for days in (8, 6):
        browser.post("leads.create_lead", {"last_name": "Okoro", "submission": str(uuid4())})
        session.execute(
            update(Submission)
            .where(Submission.created_at == func.now())
            .values(created_at=func.now() - timedelta(days=days))
        )
        session.commit()
    browser.post("leads.create_lead", {"last_name": "Okoro", "submission": str(uuid4())})
    run_worker(browser.app)
    assert count_keys(session) == 2


@pytest.fixture
def rival(own_database: OwnDatabase) -> Iterator[Connection]:
    """Another instance, which has claimed a key of ann's and not yet ended."""
    connection = own_database.connect()
    yield connection
    connection.close()


@pytest.fixture
def own_browser(own_database: OwnDatabase) -> Browser:
    """Ann's browser on a database where transactions really meet."""
    with own_database.session() as session:
        return Browser(own_database.app, token=make_sign_in(session, own_database.find(session, "ann")))


def claim(rival: Connection, key: UUID) -> None:
    """Hold a key, as the first of two requests does."""
    with rival.cursor() as cursor:
        cursor.execute(
            "INSERT INTO submissions (employee_id, key, request_hash, answer) SELECT id, %s, 'x',"
            """ '{"text": "Done.", "place": "/leads/1"}' FROM employees WHERE email = 'ann@piper.example'""",
            (str(key),),
        )


def send_and_wait(own_database: OwnDatabase, browser: Browser, key: UUID, pool: ThreadPoolExecutor) -> "Future[Page]":
    """Send the second one, and come back when it waits for the first."""
    page = pool.submit(browser.post, "leads.create_lead", {"last_name": "Okoro", "submission": str(key)})
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with own_database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(text(waiting)):
            assert not page.done(), "it did not wait"
            time.sleep(0.01)
    return page


def count_leads(own_database: OwnDatabase) -> int:
    """How many leads there are."""
    with own_database.session() as session:
        return session.scalar(select(func.count()).select_from(Lead)) or 0


def test_the_second_goes_on_where_the_first_is_rolled_back(
    own_database: OwnDatabase, rival: Connection, own_browser: Browser
) -> None:
    key = uuid4()
    claim(rival, key)
    with ThreadPoolExecutor(1) as pool:
        page = send_and_wait(own_database, own_browser, key, pool)
        rival.rollback()

        assert page.result(5).status == 303
    assert count_leads(own_database) == 1


def test_the_second_makes_nothing_where_the_first_is_saved(
    own_database: OwnDatabase, rival: Connection, own_browser: Browser
) -> None:
    key = uuid4()
    claim(rival, key)
    with ThreadPoolExecutor(1) as pool:
        page = send_and_wait(own_database, own_browser, key, pool)
        rival.commit()

        # The rival's fields were other ones.
        assert page.result(5).status == 422
    assert count_leads(own_database) == 0


def test_a_key_without_an_answer_stands_in_nobodys_way(
    own_database: OwnDatabase, rival: Connection, own_browser: Browser
) -> None:
    key = uuid4()
    claim(rival, key)
    with rival.cursor() as cursor:
        cursor.execute("UPDATE submissions SET answer = NULL")
    rival.commit()
    sent = {"last_name": "Okoro", "submission": str(key)}

    pages = [own_browser.post("leads.create_lead", sent) for _ in range(2)]

    # The second one finds the answer of the first, which was sent under the fields of the rival.
    assert [page.status for page in pages] == [303, 422]
    assert count_leads(own_database) == 1
