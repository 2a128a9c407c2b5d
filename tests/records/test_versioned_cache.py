"""What an instance keeps of employees and saved views is never older than the request that shows it."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.auth.queries import TABLE_VERSIONS
from crm_web.core.extensions import db
from crm_web.core.request_log import count_queries
from crm_web.core.versioned_cache import ANYTHING, VersionedCache, set_table_versions
from crm_web.models import Employee
from crm_web.records.people import find_employee, list_people
from tests.databases import OwnDatabase
from tests.factories import make_employee, make_lead, make_sign_in
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def instances(app: Flask, browser_as: BrowserAs, session: Session, ann: Employee) -> Callable[[], list[str]]:
    """Give the list of leads as Ann sees it in each of two instances, which keep what they read by themselves."""
    stores: list[dict[object, object]] = [{}, {}]
    make_lead(session)
    browser = browser_as(ann)

    def look() -> list[str]:
        pages = []
        for store in stores:
            app.extensions["versioned_caches"] = store
            pages.append(_read(browser))
        assert pages[0] == pages[1]
        return pages

    return look


def _read(browser: Browser) -> str:
    page = browser.get("leads.list_leads").soup
    page.remove("[name=csrf_token], footer")
    return str(page)


CHANGES = {
    "rename a colleague": ("UPDATE employees SET name = 'Robert T' WHERE id = :bob", "Robert T", True),
    "hire somebody": (
        "INSERT INTO employees (name, email, role) VALUES ('Cem New', 'cem@piper.example', 'sales')",
        "Cem New",
        True,
    ),
    "let a colleague stop selling": ("UPDATE employees SET role = 'viewer' WHERE id = :bob", "Bob Tanaka", False),
    "deactivate a colleague": ("UPDATE employees SET is_active = false WHERE id = :bob", "Bob Tanaka", False),
    "rename the reader": ("UPDATE employees SET name = 'Ann Renamed' WHERE id = :ann", "Ann Renamed", True),
    "take away what the reader may do": ("UPDATE employees SET role = 'viewer' WHERE id = :ann", "/leads/new", False),
    "rename a view": ("UPDATE saved_views SET name = 'Other view' WHERE id = :view", "Other view", True),
    "unshare a view": ("UPDATE saved_views SET is_shared = false WHERE id = :view", "Shared view", False),
    "move a view to the trash": (
        "UPDATE saved_views SET deleted_at = now(), deleted_by_id = :bob WHERE id = :view",
        "Shared view",
        False,
    ),
    "delete a view": ("DELETE FROM saved_views WHERE id = :view", "Shared view", False),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_instance_shows_a_change_at_once(
    instances: Callable[[], list[str]], session: Session, ann: Employee, bob: Employee, max: Employee, change: str
) -> None:
    view = session.scalar(
        text("INSERT INTO saved_views (list, name, owner_id, is_shared) VALUES ('leads', 'Shared view', :max, true)"
             " RETURNING id"),
        {"max": max.id},
    )  # fmt: skip
    session.commit()
    statement, words, is_shown_after = CHANGES[change]
    assert (words in instances()[0]) is not is_shown_after
    session.execute(text(statement), {"ann": ann.id, "bob": bob.id, "view": view})
    session.commit()
    assert (words in instances()[0]) is is_shown_after


def test_a_pinned_view_stands_in_the_navigation_at_once(
    instances: Callable[[], list[str]], session: Session, ann: Employee
) -> None:
    insert = "INSERT INTO saved_views (list, name, owner_id) VALUES ('leads', 'Mine', :ann) RETURNING id"
    view = session.scalar(text(insert), {"ann": ann.id})
    session.commit()
    before = instances()[0].count("Mine")
    choose = "INSERT INTO view_choices (employee_id, view_id, list, is_pinned) VALUES (:ann, :view, 'leads', true)"
    session.execute(text(choose), {"ann": ann.id, "view": view})
    session.commit()
    assert instances()[0].count("Mine") > before


def test_a_deactivated_person_is_out_at_once(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser = browser_as(ann)
    assert browser.get("leads.list_leads").status == 200
    session.execute(text("UPDATE employees SET is_active = false WHERE id = :ann"), {"ann": ann.id})
    session.commit()
    assert browser.get("leads.list_leads").status == 303


def test_what_was_rolled_back_is_not_kept(app: Flask, browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session)
    browser = browser_as(ann)
    with app.app_context():
        hiring = db.engines[None].begin_nested()  # type: ignore[attr-defined]  # A connection, as in ``app``.
    make_employee(session, name="Never Hired")
    assert "Never Hired" in _read(browser)
    hiring.rollback()
    assert "Never Hired" not in _read(browser)


def test_only_the_first_page_reads_them(app: Flask, browser_as: BrowserAs, ann: Employee) -> None:
    app.extensions["versioned_caches"] = {}
    browser = browser_as(ann)
    counts = []
    for _ in range(2):
        with count_queries() as queries:
            browser.get("leads.list_leads")
        counts.append(queries.count)
    # All employees, the saved views, and the exchange rates.
    assert counts[0] - counts[1] == 3
    assert counts[0] <= 8


def test_who_is_named_on_one_page_brings_those_named_on_the_next(
    app: Flask, browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, max: Employee
) -> None:
    leads = [make_lead(session, owner=ann), make_lead(session, owner=bob)]
    app.extensions["versioned_caches"] = {}
    browser = browser_as(max)
    counts = []
    for lead in (leads[0], leads[0], leads[1]):
        with count_queries() as queries:
            browser.get("leads.show_lead", lead_id=lead.id)
        counts.append(queries.count)
    assert counts[0] > counts[1] == counts[2]


def test_without_a_request_nothing_is_kept(app: Flask, session: Session, bob: Employee) -> None:
    with app.app_context():
        for name in ("Bob One", "Bob Two"):
            session.execute(text("UPDATE employees SET name = :name WHERE id = :bob"), {"bob": bob.id, "name": name})
            session.commit()
            db.session.expire_all()
            found = find_employee(bob.id)
            assert name in [person.name for person in list_people()]
            assert found is not None
            assert (found.name, found.password_hash) == (name, bob.password_hash)


def test_what_another_connection_commits_is_shown_from_then_on(own_database: OwnDatabase) -> None:
    with Session(own_database.engine) as session, Session(own_database.engine) as other:
        ann = session.scalars(select(Employee).where(Employee.email == "ann@piper.example")).one()
        make_lead(session)
        browser = Browser(own_database.app, token=make_sign_in(session, ann))
        _read(browser)
        other.execute(text("UPDATE employees SET name = 'Robert T' WHERE email = 'bob@piper.example'"))
        assert "Robert T" not in _read(browser)
        other.commit()
        assert "Robert T" in _read(browser)


def test_words_in_use_are_kept_until_anything_is_saved(own_database: OwnDatabase) -> None:
    with Session(own_database.engine) as session, Session(own_database.engine) as other:
        ann = session.scalars(select(Employee).where(Employee.email == "ann@piper.example")).one()
        lead = make_lead(session, industry="Shipping")
        browser = Browser(own_database.app, token=make_sign_in(session, ann))
        assert "Shipping" in _read(browser)
        other.execute(text("UPDATE leads SET industry = 'Astronomy' WHERE id = :lead"), {"lead": lead.id})
        # A transaction that began later and is saved sooner.
        session.execute(text("UPDATE leads SET country = 'IS' WHERE id = :lead"), {"lead": make_lead(session).id})
        session.commit()
        seen = _read(browser)
        assert ("Astronomy" in seen, "Shipping" in seen, "Iceland" in seen) == (False, True, True)
        other.commit()
        seen = _read(browser)
        assert ("Astronomy" in seen, "Shipping" in seen, "Iceland" in seen) == (True, False, True)


def test_words_are_kept_for_a_snapshot_but_not_where_something_was_changed(app: Flask, session: Session) -> None:
    make_lead(session)
    with app.test_request_context():
        assert (db.session.scalar(select(TABLE_VERSIONS)) or {})[ANYTHING] is None
        set_table_versions({ANYTHING: None})
        seen = iter("abcd")
        kept: VersionedCache[int, str] = VersionedCache(lambda _: next(seen), ANYTHING)
        assert [kept.get(1), kept.get(1)] == ["a", "b"]
        # Other tests on this server save something all the time.
        set_table_versions({ANYTHING: "a snapshot"})
        assert [kept.get(1), kept.get(1)] == ["c", "c"]
        set_table_versions({ANYTHING: "another one"})
        assert kept.get(1) == "d"
