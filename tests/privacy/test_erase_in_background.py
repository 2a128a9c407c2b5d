"""The worker erases people: what its page says is true at each moment, and nothing is half erased."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.imports.turns import _ONE_AT_A_TIME as IMPORTS
from crm_web.models import Employee, Erasure, Lead
from crm_web.privacy import running
from crm_web.privacy.operations import _ERASED_ONE_AT_A_TIME
from crm_web.privacy.running import GAVE_UP, ErasureRunner
from tests.databases import OwnDatabase
from tests.factories import make_lead, make_sign_in
from tests.page import Browser, Page, words
from tests.worker.run import run_worker

BrowserAs = Callable[[Employee], Browser]
KNOWN: dict[str, Any] = {"first_name": "Zeb", "last_name": "Quixley", "email": "zeb.quixley@acme.example"}


def ask(browser: Browser, lead: Lead, **fields: Any) -> str:
    """Ask for an erasure; gives the address of its page."""
    return str(
        browser.post("privacy.erase_person", {"confirmed": "1", **fields}, kind="lead", record_id=lead.id).location
    )


def list_on_privacy_page(browser: Browser) -> list[tuple[str, str, str]]:
    """The address, the status and the day of each erasure."""
    rows = [row.select("td") for row in browser.get("privacy.find_people").soup.select("#erasures tbody tr")]
    return [(str(cells[0].select("a")[0]["href"]), words(cells[1]), words(cells[2])) for cells in rows]


def test_it_is_asked_for_once(app: Flask, browser_as: BrowserAs, session: Session, ada: Employee) -> None:
    lead, twin, browser = make_lead(session, **KNOWN), make_lead(session, **KNOWN), browser_as(ada)
    place = ask(browser, lead)
    assert ask(browser, lead) == ask(browser, twin) == place
    assert browser.get("privacy.preview_erasure", kind="lead", record_id=twin.id).location == place
    assert session.scalar(select(func.count()).select_from(Erasure)) == 1
    page = browser.open(place)
    assert "No worker is running" in page.text and "Nothing is erased yet." in page.text
    assert list_on_privacy_page(browser) == [(place, "Waiting", "")]
    run_worker(app)
    ((listed, status, erased_on),) = list_on_privacy_page(browser)
    assert (listed, status) == (place, "Done") and erased_on
    assert "The receipt of an erased person." in browser.open(place).text
    assert {lead.last_name for lead in session.scalars(select(Lead).execution_options(populate_existing=True))} == {
        "Erased"
    }
    # What was chosen and whom it was about is forgotten.
    erasure = session.scalars(select(Erasure).execution_options(populate_existing=True)).one()
    assert (erasure.entity, erasure.record_id, erasure.mentions) == (None, None, None)
    assert browser.post("privacy.retry_erasure", erasure_id=erasure.id).follow().text.count("receipt") == 1


def test_whoever_may_not_erase_any_more_erases_nobody(
    app: Flask, browser_as: BrowserAs, session: Session, ada: Employee, max: Employee
) -> None:
    lead = make_lead(session, **KNOWN)
    place = ask(browser_as(ada), lead)
    admin, manager = ada.role, max.role
    max.role = admin
    session.commit()
    ada.role = manager
    session.commit()
    run_worker(app)
    page = browser_as(max).open(place)
    assert "Nothing was erased" in page.text and "can’t erase people any more" in page.text
    session.refresh(lead)
    assert lead.last_name == "Quixley"
    failed = browser_as(max).get("privacy.show_person", kind="lead", record_id=lead.id)
    assert "Erasing this person failed" in failed.text
    assert browser_as(max).get("privacy.preview_erasure", kind="lead", record_id=lead.id).status == 200
    # Somebody else may.
    page = page.form("retry").submit().follow()
    run_worker(app)
    assert "by Max" in browser_as(max).open(page.url).text
    session.refresh(lead)
    assert lead.last_name == "Erased"


def test_a_record_that_is_gone_by_then_is_told(
    app: Flask, browser_as: BrowserAs, session: Session, ada: Employee
) -> None:
    lead = make_lead(session, **KNOWN)
    place = ask(browser_as(ada), lead)
    session.execute(update(Erasure).values(record_id=lead.id + 1))
    session.commit()
    run_worker(app)
    page = browser_as(ada).open(place)
    assert "This record no longer exists." in page.text
    assert "no longer exists" in page.form("retry").submit().follow().flash


def test_a_killed_worker_leaves_everything_as_it_was_and_another_one_goes_on(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        ada = own_database.find(session, "ada")
        lead = make_lead(session, by=ada, **KNOWN)
        browser = Browser(own_database.app, make_sign_in(session, ada))
        place = ask(browser, lead)
        with own_database.app.app_context():
            for attempt in (1, 2, 3):
                assert ErasureRunner().run()
                assert db.session.scalars(select(Lead.last_name)).one() == "Erased"
                # As it is when the process ends here.
                db.session.rollback()
                session.expire_all()
                assert (lead.last_name, session.scalars(select(Erasure.attempts)).one()) == ("Quixley", attempt)
                assert "Nothing is erased yet." in browser.open(place).text
            run_worker(own_database.app)
        page = browser.open(place)
        assert GAVE_UP in page.text
        page.form("retry").submit()
        run_worker(own_database.app)
        session.expire_all()
        assert lead.last_name == "Erased"


def test_it_waits_for_a_running_import_and_another_worker(own_database: OwnDatabase) -> None:
    with own_database.session() as session, own_database.connect() as other, other.cursor() as cursor:
        ada = own_database.find(session, "ada")
        lead = make_lead(session, by=ada, **KNOWN)
        browser = Browser(own_database.app, make_sign_in(session, ada))
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (IMPORTS,))
        place = ask(browser, lead)
        for _ in range(5):
            run_worker(own_database.app)
        assert "Waiting for an import to finish" in browser.open(place).text
        other.rollback()
        with own_database.app.app_context():
            assert ErasureRunner().run()
            # While one worker is at it, others leave it alone.
            let_another_try(own_database)
            db.session.commit()
        assert "The receipt of an erased person." in browser.open(place).text


def let_another_try(own: OwnDatabase) -> None:
    """Another worker, which finds nothing that it may do."""
    with own.app.app_context():
        assert not ErasureRunner().run()
        db.session.commit()


def cancel(browser: Browser, place: str) -> Page:
    return browser.open(place).button("Cancel erasure").follow()


def test_who_waits_can_be_kept(
    app: Flask, browser_as: BrowserAs, session: Session, ada: Employee, max: Employee
) -> None:
    lead, browser = make_lead(session, **KNOWN), browser_as(ada)
    place = ask(browser, lead)
    assert browser_as(max).post("privacy.cancel_erasure", erasure_id=int(place.rpartition("/")[2])).status == 403
    page = cancel(browser, place)
    assert page.flash == "Erasure canceled. Nothing was erased."
    assert "Canceled by Ada" in page.text and not page.has("form[action$=cancel]")
    ((listed, status, ended_on),) = list_on_privacy_page(browser)
    assert (listed, status) == (place, "Canceled") and ended_on
    shown = browser.get("privacy.show_person", kind="lead", record_id=lead.id)
    assert "An erasure of this person was canceled" in shown.text and "Canceled by Ada" in shown.text
    run_worker(app)
    # Neither once more nor by an old page.
    for endpoint in ("privacy.cancel_erasure", "privacy.retry_erasure"):
        assert browser.post(endpoint, erasure_id=int(place.rpartition("/")[2])).location == place
    run_worker(app)
    session.refresh(lead)
    assert lead.last_name == "Quixley"
    again = ask(browser, lead)
    assert again != place
    run_worker(app)
    session.refresh(lead)
    assert lead.last_name == "Erased"
    assert [row[:2] for row in list_on_privacy_page(browser)] == [(again, "Done"), (place, "Canceled")]
    page = cancel_by_old_page(browser, again)
    assert page.flash == "This person is erased already."


def cancel_by_old_page(browser: Browser, place: str) -> Page:
    return browser.post("privacy.cancel_erasure", erasure_id=int(place.rpartition("/")[2])).follow()


def test_who_failed_to_be_erased_can_be_kept(browser_as: BrowserAs, session: Session, ada: Employee) -> None:
    lead, browser = make_lead(session, **KNOWN), browser_as(ada)
    place = ask(browser, lead)
    session.execute(update(Erasure).values(state="failed", problem=GAVE_UP))
    session.commit()
    assert "Canceled by Ada" in cancel(browser, place).text


def test_nobody_is_kept_whom_the_worker_is_at(own_database: OwnDatabase) -> None:
    with own_database.session() as session, own_database.session() as worker:
        ada = own_database.find(session, "ada")
        lead = make_lead(session, by=ada, **KNOWN)
        browser = Browser(own_database.app, make_sign_in(session, ada))
        place = ask(browser, lead)
        session.execute(update(Erasure).values(attempts=1))
        session.commit()
        worker.execute(select(func.pg_advisory_xact_lock(_ERASED_ONE_AT_A_TIME)))
        page = cancel(browser, place)
        assert "The worker has begun to erase this person. It can’t be canceled any more." in page.text
        # A worker that was killed is at nothing.
        worker.rollback()
        assert "Canceled by Ada" in cancel(browser, place).text


def test_a_worker_that_comes_too_late_begins_nothing(
    own_database: OwnDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_database.session() as session:
        ada = own_database.find(session, "ada")
        lead = make_lead(session, by=ada, **KNOWN)
        browser = Browser(own_database.app, make_sign_in(session, ada))
        place, claim = ask(browser, lead), running._claim_erasure

        def claim_and_lose() -> Erasure | None:
            claimed = claim()
            cancel(browser, place)
            return claimed

        monkeypatch.setattr(running, "_claim_erasure", claim_and_lose)
        with own_database.app.app_context():
            assert ErasureRunner().run()
            db.session.commit()
        session.expire_all()
        assert lead.last_name == "Quixley"
        assert "Canceled by Ada" in browser.open(place).text
