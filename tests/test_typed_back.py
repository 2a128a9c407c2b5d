"""Whatever a page shows can be typed back, by every locale that the account offers."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.auth.locales import LOCALES
from crm_web.models import CURRENCIES, Change, Employee, Lead
from crm_web.records import parsing
from crm_web.records.date_input import EARLIEST, LATEST, read_date, read_moment, read_month
from crm_web.records.number_input import read_count, write_amount
from crm_web.web import template_filters
from crm_web.web.template_filters import UserLocale, user_locale_of
from tests.factories import make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
READERS = {locale: user_locale_of(locale, "America/New_York") for locale, _ in LOCALES}
readers = st.sampled_from(list(READERS.values()))
amounts = st.decimals(0, Decimal("999999999999.99"), places=2)
days = st.dates(EARLIEST, LATEST)


@given(readers, amounts, st.sampled_from(sorted(CURRENCIES)))
def test_amounts(reader: UserLocale, amount: Decimal, currency: str) -> None:
    shown = template_filters.money(amount, currency, user_locale=reader)
    typed, sign = parsing.read_money(shown, reader.locale)
    assert typed == amount, shown
    assert sign and currency in sign.currencies, shown
    assert parsing.read_money(template_filters.number(amount, user_locale=reader), reader.locale) == (amount, None)


@given(readers, readers, amounts)
def test_what_a_field_shows_means_the_same_to_every_locale(one: UserLocale, other: UserLocale, amount: Decimal) -> None:
    shown = write_amount(amount, one.locale)
    assert parsing.read_money(shown, one.locale) == (amount, None)
    assert parsing.read_exact_amount(str(amount)) == parsing.read_money(str(amount), other.locale)[0] == amount


@given(readers, st.integers(0, 100), st.integers(1, 3650))
def test_shares_and_counts(reader: UserLocale, share: int, count: int) -> None:
    assert parsing.read_percent(template_filters.percent(share, user_locale=reader), reader.locale) == share
    assert read_count(template_filters.number(count, user_locale=reader), 3650, reader.locale) == count


@given(readers, days)
def test_days_and_months(reader: UserLocale, day: date) -> None:
    assert read_date(template_filters.date(day, user_locale=reader), reader.locale) == day
    assert read_month(template_filters.month(day), reader.locale) == day.replace(day=1)
    assert read_date(day.isoformat(), reader.locale) == day


@given(readers, st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC), allow_imaginary=False))
def test_moments(reader: UserLocale, moment: datetime) -> None:
    moment = moment.replace(second=0, microsecond=0)
    shown = template_filters.datetime(moment, user_locale=reader)
    found = read_moment(shown, reader.zone, reader.locale)
    assert found.replace(fold=moment.astimezone(ZoneInfo("America/New_York")).fold) == moment, shown


@pytest.mark.parametrize(
    ("locale", "typed", "amount"),
    [
        ("de_DE", "12.500", "12500"),
        ("de_DE", "12.500,00", "12500"),
        ("de_DE", "2.500,00 €", "2500"),
        ("de_DE", "12500.50", "12500.50"),
        ("de_DE", "12.500,- €", "12500"),
        ("de_CH", "CHF 12'500.50", "12500.50"),
        ("fr_FR", "12 500,50 €", "12500.50"),
        ("en_IN", "₹1,50,000", "150000"),
        ("en_IN", "1,23,456.00", "123456"),
        ("en", "€ 9,000", "9000"),
        ("en", "12500 EUR", "12500"),
        ("en", "12k", "12000"),
        ("en", "1.5k €", "1500"),
        ("en", "US$ 12,500", "12500"),
        ("sv_SE", "12 kr", "12"),
        ("en", "１２", "12"),
        ("en", "١٢٥٠٠", "12500"),
    ],
)
def test_amounts_as_people_write_them(locale: str, typed: str, amount: str) -> None:
    assert parsing.read_money(typed, Locale.parse(locale))[0] == Decimal(amount)


@pytest.mark.parametrize(
    ("locale", "typed", "readings"),
    [
        ("en", "12.500", "“12.500” can mean 12,500 or 12.50."),
        ("en", "$12.500", "“12.500” can mean 12,500 or 12.50."),
        ("de_DE", "12,500", "“12,500” can mean 12.500 or 12,50."),
        ("fr_FR", "12.500", "“12.500” can mean 12\u202f500 or 12,50."),
        ("de_CH", "12,500", "“12,500” can mean 12’500 or 12.50."),
    ],
)
def test_what_can_mean_two_amounts_is_refused_with_both(locale: str, typed: str, readings: str) -> None:
    with pytest.raises(ValueError, match=readings.replace(".", r"\.")):
        parsing.read_money(typed, Locale.parse(locale))


@pytest.mark.parametrize("typed", ["5 bananas", "€ 5 USD", "1,23,45", "12.500.00", "EUR", "5-", "(5)", "1,50 €"])
def test_what_is_no_amount(typed: str) -> None:
    with pytest.raises(ValueError, match="Enter a number"):
        parsing.read_money(typed)


def test_days_as_people_write_them() -> None:
    told = {
        ("de_DE", "31.12.2026"): date(2026, 12, 31),
        ("de_DE", "3. März 2026"): date(2026, 3, 3),
        ("de_DE", "03.04.26"): date(2026, 4, 3),
        ("en_US", "3/4/2026"): date(2026, 3, 4),
        ("en_GB", "3/4/2026"): date(2026, 4, 3),
        ("en_US", "Mar 4, 2026"): date(2026, 3, 4),
        ("zh_CN", "2026年3月4日"): date(2026, 3, 4),
    }
    assert {key: read_date(key[1], Locale.parse(key[0])) for key in told} == told
    for locale, typed in (("en_US", "03.04.2026"), ("ja_JP", "03/04/2026"), ("en_CA", "3/4/2026")):
        with pytest.raises(ValueError, match=r"can mean 3 April or 4 March\."):
            read_date(typed, Locale.parse(locale))


def test_a_form_that_is_sent_back_unchanged_changes_nothing(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id, expected_close_on=date(2026, 3, 4), amount=Decimal("12500.50"))
    before = session.scalars(select(Change.id)).all()
    for locale in ("en", "de_DE", "fr_FR", "en_IN", "de_CH"):
        ann.locale = locale
        session.commit()
        form = browser_as(ann).get("leads.edit_lead", lead_id=lead.id).form()
        assert form["amount"] in ("12500.50", "12500,50")
        form.submit()
    told = session.scalars(select(Change).where(Change.id.not_in(before), Change.entity == "lead")).all()
    assert [change.fields for change in told] == []


def test_a_filter_is_read_by_locale_and_its_address_means_the_same_to_everyone(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    make_lead(session, last_name="Large", amount=Decimal("12500"), currency="EUR", owner_id=ann.id)
    make_lead(session, last_name="Small", amount=Decimal("100"), currency="EUR", owner_id=ann.id)
    ann.locale = "de_DE"
    session.commit()
    typed = {"amount_from": "12.500 €", "created_from": "01.02.2020", "untouched": ""}
    answer = browser_as(ann).get("leads.list_leads", **typed)
    assert answer.status == 302
    assert answer.location and "amount_from=12500.00" in answer.location
    assert "created_from=2020-02-01" in answer.location
    assert "currency=EUR" in answer.location
    for locale, shown in (("de_DE", "12.500 €"), ("en_US", "€12,500")):
        ann.locale = locale
        session.commit()
        page = browser_as(ann).open(answer.location)
        assert (page.status, "Large" in page.text, "Small" in page.text) == (200, True, False)
        assert f"Amount at least {shown}" in page.text.replace("\u00a0", " ")
    page = browser_as(ann).get("leads.list_leads", amount_from="12.500")
    assert "“12.500” can mean 12,500 or 12.50" in page.text
    assert browser_as(ann).get("reports.show_report", name="closed", **{"from": "Mar 2026"}).location


def test_money_in_history_is_exact(session: Session, ann: Employee) -> None:
    """Rows hold it as a number of JSON, those of years ago too; read back it is the decimal that it was."""
    lead = make_lead(session, ann, amount=Decimal("999999999999.90"), currency="EUR")
    told = session.scalars(select(Change).where(Change.entity == "lead", Change.entity_id == lead.id)).one()
    assert str(told.fields["amount"][1]) == "999999999999.90"
    assert session.scalar(select(Lead.amount)) == told.fields["amount"][1]
