"""How values read: in the reader's language, in the reader's zone, and safely."""

import datetime as dt
from decimal import Decimal

import pytest

from crm_web.web import template_filters
from crm_web.web.template_filters import UserLocale, file_size, user_locale_of

BRITISH = user_locale_of("en_GB", "Europe/London")
AUSTRIAN = user_locale_of("de_AT", "Europe/Vienna")
AMERICAN = user_locale_of("en", "America/New_York")
NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "reader", "written"),
    [
        (Decimal("12000.00"), "EUR", BRITISH, "€12,000"),
        (Decimal("12000.50"), "EUR", BRITISH, "€12,000.50"),
        (Decimal("1200.50"), "EUR", user_locale_of("de_DE", None), "1.200,50\N{NO-BREAK SPACE}€"),
        (Decimal("-5"), "USD", AMERICAN, "-$5"),
        (Decimal("99"), "JPY", AMERICAN, "¥99"),
        (Decimal("1.234"), "KWD", AMERICAN, "KWD\N{NO-BREAK SPACE}1.234"),
        (Decimal("1234.5"), None, AMERICAN, "1,234.5"),
        (None, "EUR", AMERICAN, ""),
    ],
)
def test_money(amount: Decimal | None, currency: str | None, reader: UserLocale, written: str) -> None:
    assert template_filters.money(amount, currency, user_locale=reader) == written


def test_numbers_follow_the_reader() -> None:
    assert template_filters.number(1234567, user_locale=AMERICAN) == "1,234,567"
    assert template_filters.number(1234567, user_locale=user_locale_of("de_DE", None)) == "1.234.567"
    assert template_filters.number(None) == ""
    assert template_filters.percent(40) == "40%"
    assert template_filters.percent(None) == ""


def test_counts_come_with_their_noun() -> None:
    assert template_filters.plural(1, "lead") == "1 lead"
    assert template_filters.plural(1234, "lead") == "1,234 leads"
    assert template_filters.plural(0, "person", "people") == "0 people"


def test_a_moment_is_written_in_the_readers_zone() -> None:
    late = dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC)
    assert template_filters.datetime(late, user_locale=BRITISH) == "22 Nov 2026, 23:30 GMT"
    assert template_filters.datetime(late, user_locale=AUSTRIAN) == "23.11.2026, 00:30 CET"
    assert template_filters.date(late, user_locale=AUSTRIAN) == "23.11.2026"
    assert template_filters.date(late, user_locale=BRITISH) == "22 Nov 2026"
    assert template_filters.datetime(None) == ""


def test_a_day_stays_the_same_day_in_every_zone() -> None:
    assert template_filters.date(dt.date(2026, 11, 2), user_locale=AMERICAN) == "Nov 2, 2026"
    assert template_filters.date(None) == ""


@pytest.mark.parametrize(
    ("ago", "written"),
    [
        (dt.timedelta(seconds=3), "just now"),
        (dt.timedelta(seconds=-3), "just now"),
        (dt.timedelta(minutes=5), "5 minutes ago"),
        (dt.timedelta(seconds=59.4), "59 seconds ago"),
        (dt.timedelta(seconds=59.6), "1 minute ago"),
        (dt.timedelta(minutes=59.4), "59 minutes ago"),
        (dt.timedelta(minutes=59.6), "1 hour ago"),
        (dt.timedelta(minutes=-59.6), "in 1 hour"),
        (dt.timedelta(hours=23.4), "23 hours ago"),
        (dt.timedelta(hours=23.6), "1 day ago"),
        (dt.timedelta(hours=24), "1 day ago"),
        (dt.timedelta(days=6.4), "6 days ago"),
        (dt.timedelta(days=6.6), "1 week ago"),
        (dt.timedelta(days=30), "4 weeks ago"),
        (dt.timedelta(days=-2), "in 2 days"),
        (dt.timedelta(days=31), "22 Oct 2026"),
    ],
)
def test_relative_time(ago: dt.timedelta, written: str) -> None:
    assert template_filters.relative_time(NOON - ago, user_locale=BRITISH, now=NOON) == written


def test_relative_time_is_english_for_everyone_and_goes_by_the_clock() -> None:
    assert template_filters.relative_time(NOON - dt.timedelta(hours=5), user_locale=AUSTRIAN, now=NOON) == "5 hours ago"
    assert template_filters.relative_time(dt.datetime.now(dt.UTC)) == "just now"
    assert template_filters.relative_time(None) == ""


def test_countries_are_named() -> None:
    assert template_filters.country("AT") == "Austria"
    assert template_filters.country("AT", user_locale=AUSTRIAN) == "Austria"
    assert template_filters.country("QQ") == "QQ"
    assert template_filters.country(None) == ""


def test_a_phone_number_dials() -> None:
    assert template_filters.tel("+442079460018") == "tel:+44-20-7946-0018"


@pytest.mark.parametrize("value", ["020 79", "ask Bob", "", None])
def test_what_is_no_number_dials_nobody(value: str | None) -> None:
    assert template_filters.tel(value) is None


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("piper.example", "https://piper.example"),
        ("http://piper.example/a?b", "http://piper.example/a?b"),
        ("javascript:alert(1)", None),
        ("javascript://piper.example/%0aalert(1)", None),
        ("data:text/html,<script>", None),
        ("http://[", None),
        ("//", None),
        ("  ", None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links(typed: str | None, address: str | None) -> None:
    assert template_filters.web_link(typed) == address


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("Jean-Luc de la Tour", "JT"),
        ("Cher", "C"),
        ("李 明", "李明"),
        ("*** ", "·"),
        ("", "·"),
        (None, "·"),
    ],
)
def test_initials(name: str | None, letters: str) -> None:
    assert template_filters.initials(name) == letters


def test_shares_stay_between_nothing_and_all() -> None:
    assert template_filters.share(1, 3) == 33.33
    assert template_filters.share(Decimal(5), Decimal(4)) == 100
    assert template_filters.share(-1, 4) == 0
    assert template_filters.share(1, 0) == 0


@pytest.mark.parametrize(
    ("locale", "zone"), [("xx_QQ", "Nowhere/At_All"), ("", ""), (None, None), ("../etc", "../etc")]
)
def test_an_unknown_reader_is_english_in_utc(locale: str | None, zone: str | None) -> None:
    reader = user_locale_of(locale, zone)
    assert (str(reader.locale), reader.zone.utcoffset(NOON)) == ("en", dt.timedelta(0))


def test_a_locale_may_be_written_with_a_hyphen() -> None:
    assert str(user_locale_of("de-AT", "Europe/Vienna").locale) == "de_AT"


def test_sizes_of_files_are_read_as_words() -> None:
    sizes = (0, 1, 1023, 2048, 50 * 1024 * 1024)
    assert [file_size(size) for size in sizes] == ["0 bytes", "1 byte", "1023 bytes", "2 KB", "50 MB"]
