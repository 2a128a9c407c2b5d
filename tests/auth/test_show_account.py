"""The page of one's own account: preferences, and where one is signed in."""

from collections.abc import Callable
from datetime import date

import pytest
from babel import Locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.auth.locales import LOCALES
from crm_web.auth.queries import list_time_zones, name_browser
from crm_web.models import Change, ChangeAction, Employee, SignIn, Theme
from crm_web.web import template_filters
from crm_web.web.template_filters import user_locale_of
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
PREFERENCES = {"theme": "dark", "time_zone": "Asia/Tokyo", "locale": "de_AT"}


def test_shows_who_one_is(browser_as: BrowserAs, vera: Employee) -> None:
    page = browser_as(vera).get("auth.show_account")
    assert page.h1 == "Your account"
    assert page.facts == {"Name": vera.name, "Email": vera.email, "Role": "Viewer"}


def test_asks_a_visitor_to_sign_in(visitor: Browser) -> None:
    assert visitor.get("auth.show_account").location == "/sign-in?next=/account"


# Preferences


def test_everybody_chooses_how_pages_read(browser_as: BrowserAs, vera: Employee, session: Session) -> None:
    browser = browser_as(vera)
    form = browser.get("auth.show_account").form("preferences")
    assert (form["theme"], form["time_zone"], form["locale"]) == ("system", "UTC", "en")
    answer = form.fill(**PREFERENCES).submit()
    assert (answer.status, answer.location) == (303, "/account")
    page = answer.follow()
    assert page.flash == "Preferences saved."
    assert page.one("html")["data-theme"] == "dark"
    session.refresh(vera)
    assert (vera.theme, vera.time_zone, vera.locale) == (Theme.DARK, "Asia/Tokyo", "de_AT")


def test_the_choice_stands_in_the_history(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser_as(ann).post("auth.change_preferences", {"theme": "dark", "time_zone": "UTC", "locale": "en"})
    changed = select(Change).where(Change.entity == "employee", Change.action == ChangeAction.CHANGED)
    change = session.scalars(changed).one()
    assert (change.fields, change.actor_id, change.source) == ({"theme": ["system", "dark"]}, ann.id, "web")


@pytest.mark.parametrize("field", ["theme", "time_zone", "locale"])
@pytest.mark.parametrize("value", ["", "Mars/Olympus", "\x00", "../../etc/passwd"])
def test_what_is_not_on_offer_is_refused(browser_as: BrowserAs, ann: Employee, field: str, value: str) -> None:
    page = browser_as(ann).post("auth.change_preferences", PREFERENCES | {field: value})
    assert page.status == 422
    assert list(page.errors) == [field]


def test_a_time_zone_by_its_old_name_stays_on_offer(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    ann.time_zone, ann.locale = "Asia/Calcutta", "hu_HU"
    session.commit()
    form = browser_as(ann).get("auth.show_account").form("preferences")
    assert (form["time_zone"], form["locale"]) == ("Asia/Calcutta", "hu_HU")
    assert form.submit().status == 303


def test_all_that_is_on_offer_is_known_to_the_pages() -> None:
    for zone in [name for zones in list_time_zones().values() for name, _ in zones]:
        assert str(user_locale_of("en", zone).zone) == zone
    for locale, _ in LOCALES:
        assert str(user_locale_of(locale, "UTC").locale) in (locale, "zh_Hans_CN")


@pytest.mark.parametrize(("locale", "label"), LOCALES)
def test_each_way_to_write_shows_a_true_sample(locale: str, label: str) -> None:
    reader = user_locale_of(locale, None)
    number, day = (
        template_filters.number(1234.5, user_locale=reader),
        template_filters.date(date(2026, 12, 31), user_locale=reader),
    )
    assert label == f"{Locale.parse(locale).get_display_name('en')}: {number} · {day}"


def test_preferences_are_not_changed_by_a_link(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).open("/account/preferences").status == 405


def test_a_visitor_has_no_preferences(visitor: Browser) -> None:
    assert visitor.post("auth.change_preferences", PREFERENCES).location == "/sign-in"


# Where one is signed in


def test_lists_ones_own_sign_ins(browser_as: BrowserAs, ann: Employee, bob: Employee, session: Session) -> None:
    browser_as(bob)
    browser_as(ann)
    page = browser_as(ann).get("auth.show_account")
    assert [row["Sign out"] for row in page.table] == ["This session", "Sign out"]
    assert [row["Browser"] for row in page.table] == ["A browser", "A browser"]


def test_ends_another_one(browser_as: BrowserAs, ann: Employee) -> None:
    elsewhere, here = browser_as(ann), browser_as(ann)
    answer = here.get("auth.show_account").button("Sign out A browser")
    assert (answer.status, answer.follow().flash) == (303, "Session signed out.")
    assert elsewhere.get("auth.show_account").status == 303
    assert here.get("auth.show_account").status == 200


def test_ending_twice_changes_nothing(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    browser_as(ann)
    other = session.scalars(select(SignIn).order_by(SignIn.id.desc())).first()
    assert other is not None
    for _ in range(2):
        assert browser.post("auth.end_sign_in", sign_in_id=other.id).status == 303
    session.refresh(other)
    assert other.ended_at is not None


def test_nobody_ends_a_colleagues(browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session) -> None:
    theirs = browser_as(ann)
    sign_in_id = session.scalars(select(SignIn.id).where(SignIn.employee_id == ann.id)).one()
    assert browser_as(ada).post("auth.end_sign_in", sign_in_id=sign_in_id).status == 404
    assert theirs.get("auth.show_account").status == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Version/18.0 Safari/605.1", "Safari on macOS"),
        ("curl/8", "A browser"),
        (None, "A browser"),
    ],
)
def test_browsers_have_names(user_agent: str | None, name: str) -> None:
    assert name_browser(user_agent) == name
