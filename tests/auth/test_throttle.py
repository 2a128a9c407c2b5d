"""The throttle on failed sign-ins."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_web.auth.operations import count_attempt
from crm_web.auth.throttle import TooManyAttempts
from crm_web.core.extensions import db
from crm_web.core.request_log import count_queries
from crm_web.models import Employee, SignInFailures
from tests.databases import PASSWORD, OwnDatabase
from tests.page import Browser, Page
from tests.worker.run import run_worker

BrowserAs = Callable[[Employee], Browser]


def fail(browser: Browser, email: str = "ann@piper.example") -> Page:
    """Try a wrong password."""
    return browser.post("auth.sign_in", {"email": email, "password": "something else"})


def succeed(browser: Browser, email: str = "ann@piper.example") -> Page:
    """Try the right password."""
    return browser.post("auth.sign_in", {"email": email, "password": PASSWORD})


def set_counts(session: Session, count: int, key: str = "%") -> None:
    """Pretend that there were so many failures."""
    session.execute(update(SignInFailures).where(SignInFailures.key.like(key)).values(count=count))
    session.commit()


def counts(session: Session) -> dict[str, int]:
    """All counts, by the kind of key."""
    rows = session.execute(select(SignInFailures.key, SignInFailures.count))
    return {row[0].partition(":")[0]: row[1] for row in rows}


def test_after_ten_failures_even_the_right_password_waits(visitor: Browser, session: Session) -> None:
    fail(visitor)
    set_counts(session, 9, "pair:%")
    assert fail(visitor).status == 422, "the tenth is still answered"
    page = succeed(visitor)
    assert page.status == 429
    assert page.errors[""].startswith("Too many attempts. Wait 15 minutes, then try again.")
    assert page.response.headers["Retry-After"] == str(15 * 60)
    assert page.form()["email"] == "ann@piper.example", "the form is there again"


def test_the_wait_ends(visitor: Browser, session: Session) -> None:
    fail(visitor)
    set_counts(session, 10)
    session.execute(update(SignInFailures).values(first_at=func.now() - timedelta(minutes=14, seconds=30)))
    session.commit()
    assert "Wait 1 minute, then" in succeed(visitor).errors[""]
    session.execute(update(SignInFailures).values(first_at=func.now() - timedelta(minutes=15)))
    session.commit()
    assert succeed(visitor).location == "/today"


def test_trying_while_waiting_does_not_make_the_wait_longer(visitor: Browser, session: Session) -> None:
    fail(visitor)
    session.execute(update(SignInFailures).values(count=10, first_at=func.now() - timedelta(minutes=10)))
    session.commit()
    assert fail(visitor).response.headers["Retry-After"] == "300"
    assert fail(visitor).response.headers["Retry-After"] == "300"


def test_a_success_clears_the_accounts_count_and_counts_for_no_address(visitor: Browser, session: Session) -> None:
    fail(visitor)
    fail(visitor, "bob@piper.example")
    succeed(visitor)
    # Ann's own count is gone, and of her account only her one failure is left.
    assert session.scalar(select(func.count()).where(SignInFailures.key.like("pair:%"))) == 1
    assert session.scalars(select(SignInFailures.count).where(SignInFailures.key.like("account:%"))).all() == [1, 1]
    assert counts(session)["address"] == 2


def test_an_unknown_account_is_throttled_alike(visitor: Browser, session: Session) -> None:
    fail(visitor, "nobody@piper.example")
    set_counts(session, 10, "pair:%")
    known, unknown = fail(visitor), fail(visitor, "NOBODY@piper.example")
    assert known.status == 422
    assert unknown.status == 429
    set_counts(session, 10, "pair:%")
    assert fail(visitor).errors == unknown.errors
    set_counts(session, 1, "pair:%")
    set_counts(session, 50, "account:%")
    known, unknown = fail(visitor), fail(visitor, "nobody@piper.example")
    assert (known.status, known.errors) == (unknown.status, unknown.errors) == (429, unknown.errors)


def test_a_stranger_elsewhere_does_not_lock_the_right_person_out(visitor: Browser, session: Session) -> None:
    """Neither by eleven tries nor by going on and on: what is refused from one address counts nowhere else."""
    stranger = Browser(visitor.app)
    stranger.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    fail(stranger)
    set_counts(session, 10)
    assert [fail(stranger).status for _ in range(3)] == [429] * 3
    assert session.scalar(select(SignInFailures.count).where(SignInFailures.key.like("account:%"))) == 10
    assert succeed(visitor).location == "/today"


def test_many_addresses_together_can_not_guess_one_password(visitor: Browser, session: Session) -> None:
    fail(visitor)
    set_counts(session, 50, "account:%")
    for address in ("192.0.2.7", "2001:db8::1"):
        visitor.client.environ_base["REMOTE_ADDR"] = address
        assert succeed(visitor).status == 429
        assert succeed(visitor, "bob@piper.example").location == "/today"


def test_a_success_does_not_start_the_count_of_all_addresses_anew(visitor: Browser, session: Session) -> None:
    fail(visitor)
    set_counts(session, 40, "account:%")
    succeed(visitor)
    assert counts(session) == {"account": 40, "address": 1}


def test_an_unknown_account_asks_the_database_as_much(visitor: Browser) -> None:
    asked = []
    for email in ("ann@piper.example", "nobody@piper.example"):
        with count_queries() as queries:
            fail(visitor, email)
        asked.append([statement.split("WHERE")[0] for statement in queries.statements])
    assert asked[0] == asked[1]


def test_what_was_typed_is_not_kept(visitor: Browser, session: Session) -> None:
    fail(visitor, "my.secret.password@piper.example")
    assert not any("secret" in key for key in session.scalars(select(SignInFailures.key)))


def test_another_spelling_of_the_address_is_the_same_account(visitor: Browser, session: Session) -> None:
    fail(visitor)
    fail(visitor, "ANN@PIPER.EXAMPLE")
    assert counts(session)["account"] == 2


def test_one_address_can_not_try_all_accounts(visitor: Browser, session: Session) -> None:
    fail(visitor)
    set_counts(session, 50, "address:%")
    assert fail(visitor, "bob@piper.example").status == 429


def test_another_address_is_not_held_up_by_it(visitor: Browser, session: Session) -> None:
    fail(visitor)
    set_counts(session, 50, "address:%")
    visitor.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert succeed(visitor, "bob@piper.example").location == "/today"


@pytest.mark.parametrize(
    ("one", "other", "are_the_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "somewhere", True),
    ],
)
def test_one_connection_counts_as_one(
    visitor: Browser, session: Session, one: str, other: str, are_the_same: bool
) -> None:
    for address, email in ((one, "ann@piper.example"), (other, "bob@piper.example")):
        visitor.client.environ_base["REMOTE_ADDR"] = address
        fail(visitor, email)
    rows = session.scalars(select(SignInFailures.count).where(SignInFailures.key.like("address:%"))).all()
    assert rows == ([2] if are_the_same else [1, 1])


def test_nobody_can_lock_a_colleague_out_of_their_own_browser(visitor: Browser, session: Session) -> None:
    """Who signed in with this browser before is not held up by what others do to the account."""
    succeed(visitor)
    visitor.post("auth.sign_out")
    stranger = Browser(visitor.app)
    fail(stranger)
    set_counts(session, 1000)
    assert succeed(stranger).status == 429
    assert succeed(visitor).location == "/today"


def test_a_known_browser_has_a_limit_of_its_own(visitor: Browser, session: Session) -> None:
    succeed(visitor)
    fail(visitor)
    assert counts(session)["browser"] == 1
    set_counts(session, 10, "browser:%")
    assert succeed(visitor).status == 429


def test_a_browser_is_known_for_one_account_only(visitor: Browser, session: Session) -> None:
    succeed(visitor)
    fail(visitor, "bob@piper.example")
    assert "account" in counts(session)


@pytest.mark.parametrize("cookie", ["made up", "", "WzEsMl0.forged"])
def test_a_forged_browser_is_a_stranger(visitor: Browser, session: Session, cookie: str) -> None:
    visitor.client.set_cookie("piper_browser", cookie)
    fail(visitor)
    assert "account" in counts(session)


def test_a_browser_stays_the_same_one(visitor: Browser) -> None:
    succeed(visitor)
    first = visitor.client.get_cookie("piper_browser")
    succeed(visitor)
    again = visitor.client.get_cookie("piper_browser")
    assert first is not None and again is not None
    assert first.value == again.value


def test_a_new_password_from_an_administrator_opens_the_account_at_once(
    visitor: Browser, browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    fail(visitor)
    set_counts(session, 50, "pair:%")
    set_counts(session, 50, "account:%")
    browser_as(ada).post("employees.set_password", {"password": PASSWORD}, employee_id=ann.id)
    assert succeed(visitor).location == "/today"


def test_old_counts_are_deleted(visitor: Browser, session: Session) -> None:
    fail(visitor, "nobody@piper.example")
    session.execute(update(SignInFailures).values(first_at=func.now() - timedelta(hours=1)))
    session.commit()
    succeed(visitor)
    run_worker(visitor.app)
    assert counts(session) == {"address": 0, "account": 0}


def test_it_is_logged(visitor: Browser, session: Session, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    fail(visitor)
    set_counts(session, 10)
    fail(visitor)
    assert "throttled" in [record.getMessage() for record in caplog.records]


def test_many_at_once_on_several_connections_do_not_slip_through(own_database: OwnDatabase) -> None:
    together = Barrier(16)

    def attempt(_: int) -> bool:
        together.wait(30)
        with own_database.app.app_context():
            try:
                count_attempt("ann@piper.example", remote_address="192.0.2.1", browser=None)
            except TooManyAttempts:
                return False
            db.session.commit()
            return True

    with ThreadPoolExecutor(16) as pool:
        let_through = list(pool.map(attempt, range(16)))
    assert let_through.count(True) == 10
