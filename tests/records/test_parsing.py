"""What typed text means: the readers that forms and importers share."""

import csv
import json
from datetime import date
from decimal import Decimal

import pytest

from crm_web.models import COUNTRIES, CURRENCIES
from crm_web.records.parsing import (
    read_country,
    read_currency,
    read_date,
    read_email,
    read_money,
    read_percent,
    read_phone,
    read_text,
    read_website,
)
from tests.shared import find_real, needs_real_data

# Text


@pytest.mark.parametrize("text", ["", " ", "  Ann  ", "a\tb", "Łódź", "👩‍👩‍👧", "\ufeff", "‮", "x" * 10])
def test_text_is_kept_as_typed(text: str) -> None:
    assert read_text(text, 10) == text


def test_text_that_is_too_long_says_by_how_much() -> None:
    with pytest.raises(ValueError, match="Shorten this to 10 characters; it has 1,234."):
        read_text("x" * 1234, 10)


def test_the_limit_counts_characters_not_bytes() -> None:
    assert read_text("👩" * 10, 10) == "👩" * 10


def test_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        read_text("a\x00b", 10)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="broken character"):
        read_text("a\ud800", 10)


# Email

EMAIL_CASES = find_real("validation/email/email.json")


@needs_real_data
def test_email_cases() -> None:
    groups = json.loads(EMAIL_CASES.read_text()) if EMAIL_CASES.exists() else []
    cases = [case for group in groups for case in group["tests"] if isinstance(case["data"], str)]
    assert len(cases) > 15
    wrong = [case["description"] for case in cases if _is_email(case["data"]) is not case["valid"]]
    assert wrong == []


def _is_email(text: str) -> bool:
    try:
        read_email(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" ann@example.com ", "ann@example.com"),
        ("Ann.Lee@Example.COM", "Ann.Lee@example.com"),
        ("ann+crm@example.com", "ann+crm@example.com"),
        ("ann@piper.example", "ann@piper.example"),
        ("jörg@bücher.example", "jörg@bücher.example"),
        ("o'neill@example.com", "o'neill@example.com"),
    ],
)
def test_email_is_kept_with_its_domain_in_lower_case(typed: str, kept: str) -> None:
    assert read_email(typed) == kept


@pytest.mark.parametrize(
    "typed", ["ann", "ann@", "@example.com", "ann@example", "a b@example.com", "ann@exa\x00mple.com"]
)
def test_what_is_no_email(typed: str) -> None:
    with pytest.raises(ValueError, match=r"Enter an email address like name@company\.com\.|NUL"):
        read_email(typed)


# Phone

PHONES = find_real("validation/phone/phone_examples.csv")


@needs_real_data
@pytest.mark.parametrize("spelling", ["example_national_digits", "national", "international", "e164"])
def test_every_phone_number_of_the_world(spelling: str) -> None:
    with PHONES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1132
    read = {(row["region"], row[spelling]): read_phone(row[spelling], row["region"]) for row in rows}
    wrong = [row for row in rows if read[row["region"], row[spelling]] != (row[spelling], row["e164"])]
    assert wrong == []


@pytest.mark.parametrize(
    ("typed", "region", "e164"),
    [
        ("(201) 555-0123", "US", "+12015550123"),
        ("201.555.0123 ext. 7", "US", "+12015550123"),
        ("+44 (0)20 7946 0958", "US", "+442079460958"),
        ("0044 20 7946 0958", "DE", "+442079460958"),
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("tel:+49-30-123456", "US", "+4930123456"),
        ("０３-1234-5678", "JP", "+81312345678"),
        ("٠٥٠ ١٢٣ ٤٥٦٧", "AE", "+971501234567"),
        ("1-800-FLOWERS", "US", "+18003569377"),
    ],
)
def test_phone_in_usual_spellings(typed: str, region: str, e164: str) -> None:
    assert read_phone(f" {typed} ", region) == (typed, e164)


@pytest.mark.parametrize(
    "typed", ["", "abc", "12", "call me", "+999 123456", "1" * 30, "201-555-01", "+1 201 555 012 34"]
)
def test_what_is_no_phone_number(typed: str) -> None:
    with pytest.raises(ValueError, match=r"phone number"):
        read_phone(typed, "US")


# Website, country, currency


@pytest.mark.parametrize(
    "typed",
    [
        "example.com",
        "https://www.Example.com/a?b=c#d",
        "HTTP://example.com:8080",
        "bücher.example",
        "例え.テスト",
        "a.b.c.example.co.uk/",
    ],
)
def test_website_is_kept_as_typed(typed: str) -> None:
    assert read_website(f" {typed} ") == typed


@pytest.mark.parametrize(
    "typed",
    [
        "example",
        "javascript:alert(1)",
        "javascript://example.com/%0aalert(1)",
        "data:text/html,x",
        "ftp://example.com",
        "https://user:word@example.com",
        "http://exa mple.com",
        "https://",
        "//example.com",
        "1.2",
        "a@b.c",
    ],
)
def test_what_is_no_website(typed: str) -> None:
    with pytest.raises(ValueError, match=r"Enter a website like www\.company\.com\."):
        read_website(typed)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("DE", "DE"),
        ("de ", "DE"),
        ("Germany", "DE"),
        ("germany", "DE"),
        ("USA", "US"),
        ("United States", "US"),
        ("Côte d’Ivoire", "CI"),
        ("cote d'ivoire", "CI"),
        ("Bosnia and Herzegovina", "BA"),
        ("UK", "GB"),
        ("Türkiye", "TR"),
    ],
)
def test_country_by_code_or_name(typed: str, code: str) -> None:
    assert read_country(typed) == code


@pytest.mark.parametrize("typed", ["", "XX", "EU", "Atlantis", "UN", "ZZ", "Europe"])
def test_what_is_no_country(typed: str) -> None:
    with pytest.raises(ValueError, match="Choose a country"):
        read_country(typed)


def test_every_country_is_read_by_its_code() -> None:
    assert len(COUNTRIES) == 250
    assert {read_country(code.lower()) for code in COUNTRIES} == COUNTRIES


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        *(("Kosovo", "XK"), ("xk", "XK"), ("XKK", "XK"), ("DEU", "DE"), ("276", "DE"), ("Deutschland", "DE")),
        *(("Österreich", "AT"), ("España", "ES"), ("Schweiz", "CH"), ("Suisse", "CH"), ("日本", "JP"), ("中国", "CN")),
        *(("Brasil", "BR"), ("Polska", "PL"), ("Česko", "CZ"), ("Россия", "RU"), ("Dänemark", "DK")),
    ],
)
def test_countries_by_code_and_by_local_name(typed: str, code: str) -> None:
    assert read_country(typed) == code


def test_every_currency_is_read_by_its_code() -> None:
    assert {read_currency(f" {code.lower()}") for code in CURRENCIES} == CURRENCIES


@pytest.mark.parametrize("typed", ["", "$", "XXX", "DEM", "EURO", "XAU"])
def test_what_is_no_currency(typed: str) -> None:
    with pytest.raises(ValueError, match="Choose a currency"):
        read_currency(typed)


# Numbers and dates


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("0", "0"),
        ("1234.50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1 234", "1234"),
        ("1’234.5", "1234.5"),
        ("007", "7"),
        ("999,999,999,999.99", "999999999999.99"),
        ("12\u202f345", "12345"),
        ("１２３", "123"),
        ("0.500", "0.5"),
    ],
)
def test_amount(typed: str, amount: str) -> None:
    assert read_money(typed) == (Decimal(amount), None)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "abc",
        "1,23",
        "1.234,50",
        "1e5",
        "NaN",
        "Infinity",
        "-1",
        "1000000000000",
        "0.001",
        "1,2345",
        "1_000",
        "١٢٣abc",
        "9" * 50,
        "--1",
        "1..2",
    ],
)
def test_what_is_no_amount(typed: str) -> None:
    with pytest.raises(ValueError, match="Enter (a number|an amount)"):
        read_money(typed)


@pytest.mark.parametrize(("typed", "percent"), [("0", 0), ("100", 100), (" 50 % ", 50), ("75%", 75), ("20.0", 20)])
def test_percent(typed: str, percent: int) -> None:
    assert read_percent(typed) == percent


@pytest.mark.parametrize("typed", ["", "-1", "101", "50.5", "half", "%"])
def test_what_is_no_percent(typed: str) -> None:
    with pytest.raises(ValueError, match="Enter a whole number from 0 to 100"):
        read_percent(typed)


def test_date() -> None:
    assert read_date(" 2026-02-28 ") == date(2026, 2, 28)


@pytest.mark.parametrize("typed", ["", "28.02.2026", "2026-02-29", "2026-13-01", "tomorrow", "20260228T00", "2026-1-1"])
def test_what_is_no_date(typed: str) -> None:
    with pytest.raises(ValueError, match="Enter a date like 2026-03-31"):
        read_date(typed)


@pytest.mark.parametrize("typed", ["1899-12-31", "2200-01-01", "0001-01-01", "9999-12-31"])
def test_a_date_out_of_a_working_life(typed: str) -> None:
    with pytest.raises(ValueError, match="between 1900 and 2199"):
        read_date(typed)
