"""Exchange rates: read from files, set by hand, and what sums in several currencies then read."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Change, Employee, ExchangeRate, RateSource
from crm_web.rates.files import DayOfRates, RatesUnreadable, read_rates
from crm_web.stats.aggregates import CurrencyTotal
from crm_web.stats.rates import Rates, add_up
from tests.factories import make_lead
from tests.page import Browser, words

BrowserAs = Callable[[Employee], Browser]
XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01">
  <Cube>
    <Cube time='2026-11-27'><Cube currency='USD' rate='1.25'/><Cube currency='JPY' rate='160'/></Cube>
    <Cube time='2026-11-26'><Cube currency='USD' rate='1.3'/></Cube>
  </Cube>
</gesmes:Envelope>"""
EXPECTED = DayOfRates(date(2026, 11, 27), {"USD": Decimal("1.25"), "JPY": Decimal(160)})


def flask(app: Flask, *args: str, file: bytes = b"") -> Result:
    return app.test_cli_runner().invoke(args=["rates", *args], input=file)


def plain(shown: str) -> str:
    """A text with blanks for those at which no line breaks."""
    return shown.replace("\xa0", " ")


@pytest.mark.parametrize(
    "content",
    [
        XML,
        b"Date, USD, JPY, XQQ, \n27 November 2026, 1.25, 160, 3, \n",
        b"\xef\xbb\xbfDate,USD,JPY,BGN,\n2026-11-26,1.3,150,1.95583,\n2026-11-27,1.25,160,N/A,\n",
    ],
)
def test_files_of_the_european_central_bank_are_read(content: bytes) -> None:
    assert read_rates(content) == EXPECTED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"<Cube/>",
        b"<![x",
        b"a,b\n" + b"1" * 200_000,
        b"Date,USD\n2026-11-27,0\n",
        b"Date,USD\n2026-11-27,-1\n",
        b"Date,USD\n2026-11-27,NaN\n",
        b"Date,USD\n2026-11-27,1e99999\n",
        b"Date,USD\nyesterday,1.25\n",
        b"<Cube currency='USD' rate='1.25'/>",
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(RatesUnreadable):
        read_rates(content)


def test_sums_are_converted_to_the_cent_and_what_has_no_rate_is_left_out() -> None:
    rates = Rates({"USD": Decimal("1.25"), "JPY": Decimal(160), "EUR": Decimal(1)}, date(2026, 11, 27))
    worth = [CurrencyTotal(code, Decimal(amount), 2) for code, amount in (("USD", 100), ("JPY", 320), ("CHF", 7))]
    figure = add_up(worth, "USD", rates)
    assert (figure.amount, figure.is_converted, figure.left_out) == (Decimal("102.50"), True, worth[2:])
    assert add_up(worth, "CHF", rates).amount == 7
    assert add_up([CurrencyTotal("USD", Decimal("1e14") / 3, 1)], "EUR", rates).amount == Decimal("26666666666666.67")


def test_a_page_shows_one_figure_as_soon_as_there_are_rates(
    app: Flask, session: Session, browser_as: BrowserAs, ann: Employee
) -> None:
    """The installation's currency is USD in tests."""
    for amount, currency in ((1000, "EUR"), (500, "EUR"), (16000, "JPY"), (20, "USD"), (70, "CHF")):
        make_lead(session, amount=amount, currency=currency)
    browser = browser_as(ann)
    queries = browser.count_queries("leads.show_board")

    def worth() -> tuple[str, str]:
        shown = browser.get("leads.show_board").one("#column-new .column-worth")
        return plain(words(shown)), plain(str(shown["title"]))

    assert worth() == ("$20 +3 currencies", "$20 · €1,500 · CHF 70 · ¥16,000")
    assert "2 rates of 2026-11-27 loaded." in flask(app, "load", "-", file=XML).stdout
    assert worth()[0] == "≈ $2,020 and 1 amount without a rate"
    assert worth()[1] == "$20 · €1,500 · CHF 70 · ¥16,000. Exchange rates of Nov 27, 2026."
    assert browser.count_queries("leads.show_board") == queries
    assert "CHF 0.5 as of 2026-11-28." in flask(app, "set", "chf", "0.5", "--on", "2026-11-28").stdout
    assert worth()[0] == "≈ $2,195"
    assert plain(words(browser.get("leads.list_leads", status="new").one(".page-context"))).endswith("· ≈ $2,195")
    assert "≈ $2,195" in plain(browser.get("dashboard.show_dashboard", scope="all").text)
    forecast = browser.get("reports.show_report", name="forecast")
    assert "$2,195" in words(forecast.one("tfoot"))
    assert "Exchange rates of Nov 27, 2026." in forecast.text
    assert "Rate of USD removed." in flask(app, "remove", "USD").stdout
    assert worth()[0] == "$20 and 4 amounts without a rate"
    assert flask(app, "list").stdout == "CHF 0.5  2026-11-28\nJPY 160  2026-11-27\n"
    assert flask(app, "load", "-", file=XML).exit_code == 0
    assert flask(app, "remove", "CHF").exit_code == 0
    forecast = browser.get("reports.show_report", name="forecast")
    assert "Without a rate, and not part of the total: 1." in forecast.text


def test_no_other_rate_is_saved(app: Flask, session: Session) -> None:
    for words_ in (("set", "XQQ", "2"), ("set", "EUR", "2"), ("set", "USD", "0"), ("set", "USD", "a")):
        result = flask(app, *words_)
        assert result.exit_code == 1
        assert "Error: " in result.stderr
    assert session.query(ExchangeRate).count() == 0


def zipped(name: str, content: bytes) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w") as packed:
        packed.writestr(name, content)
    return file.getvalue()


def test_admins_enter_and_upload_rates_and_history_keeps_them(
    session: Session, browser_as: BrowserAs, ada: Employee, max: Employee
) -> None:
    ada.locale = "de_DE"
    session.commit()
    browser = browser_as(ada)
    assert browser_as(max).get("rates.list_rates").status == 403
    page = browser.get("rates.list_rates").click("Enter rate")
    wrong = page.form("rates/edit").submit(currency="USD", per_euro="0")
    assert (wrong.status, wrong.errors) == (422, {"per_euro": "Enter a positive number, such as 1.0825."})
    assert "EUR" in page.form("rates/edit").submit(currency="EUR", per_euro="2").text
    saved = wrong.form("rates/edit").submit(per_euro="1,0825", valid_on="27.11.2026")
    assert saved.follow().flash == "Rate of USD saved: one euro is 1,0825."
    known = session.scalars(select(ExchangeRate)).one()
    assert (known.per_euro, known.valid_on, known.source) == (Decimal("1.0825"), date(2026, 11, 27), RateSource.MANUAL)
    upload = browser.get("rates.list_rates").click("Upload file")
    for content, message in ((b"", "Choose one file."), (b"PK\x03\x04", "This ZIP file can’t be read.")):
        refused = upload.form("rates/upload").submit(file=(BytesIO(content), "a.zip") if content else "")
        assert message in refused.errors["file"]
    csv = zipped("eurofxref.csv", b"Date, USD, JPY, \n28 November 2026, 1.25, 160, \n")
    uploaded = upload.form("rates/upload").submit(file=(BytesIO(csv), "eurofxref.zip"))
    listed = uploaded.follow()
    assert listed.flash == "2 rates of 28.11.2026 saved."
    assert [words(row) for row in listed.soup.select("tbody tr")] == [
        "JPY – Japanese Yen 160 28.11.2026 European Central Bank History",
        "USD – US Dollar 1,25 28.11.2026 European Central Bank History",
    ]
    assert str(listed.click("USD – US Dollar").one("#per_euro")["value"]) == "1,25"
    history = listed.click("History of USD")
    assert "Exchange rate" in history.text and "Entered by hand" in history.text
    changes = session.scalars(select(Change).where(Change.entity == "exchange_rate").order_by(Change.id)).all()
    assert sorted(it.action.value for it in changes) == ["changed", "created", "created"]
    assert {it.actor_id for it in changes} == {ada.id}
