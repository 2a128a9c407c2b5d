"""The fields of every form: what they read, what they show again, and what they refuse."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, render_template_string
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField

from crm_web.core.errors import DomainError
from crm_web.models import Rating
from crm_web.web.form_fields import (
    AmountField,
    CountryField,
    CurrencyField,
    DateField,
    EmailField,
    EnumField,
    HiddenNumber,
    OwnerField,
    PercentField,
    RecordForm,
    Required,
    TextBlock,
    TextLine,
    WebsiteField,
    show_refusal,
    stored_values,
)
from crm_web.web.phone_field import PhoneField


class SampleForm(RecordForm):
    """One field of each kind."""

    name = TextLine("Name", 10, [Required("Enter a name.")])
    text = TextBlock("Text", 10)
    email = EmailField("Email", [Required("Enter an email.")])
    phone = PhoneField("Phone")
    website = WebsiteField("Website")
    country = CountryField("Country")
    currency = CurrencyField("Currency", default="USD")
    amount = AmountField("Amount")
    percent = PercentField("Per cent")
    day = DateField("Day")
    rating = EnumField("Rating", Rating)
    owner_id = OwnerField("Owner")
    is_primary = BooleanField("Primary contact")
    version = HiddenNumber()


ANN: Any = SimpleNamespace(id=3, name="Ann Keller")
BOB: Any = SimpleNamespace(id=4, name="Bob Tanaka")


@pytest.fixture
def page(installation: Flask) -> Iterator[None]:
    """A page on which a form was sent; its token is not what these tests are about."""
    with installation.test_request_context(method="POST"):
        yield


def send(started_with: Mapping[str, Any] | None = None, /, **typed: str) -> SampleForm:
    form = SampleForm(formdata=MultiDict(typed), data=started_with or {}, meta={"csrf": False})
    form.owner_id.set_options([ANN])
    form.validate()
    return form


@pytest.mark.usefixtures("page")
class TestReading:
    @pytest.mark.parametrize(
        ("field", "typed", "value"),
        [
            ("name", "  Ann ", "  Ann "),
            ("name", "", None),
            ("name", "  ", "  "),
            ("text", "a\r\nb", "a\nb"),
            ("email", " ann@EXAMPLE.com ", "ann@example.com"),
            ("email", " ", None),
            ("phone", " (415) 555-2671 ", "(415) 555-2671"),
            ("website", " a.example ", "a.example"),
            ("country", "dk", "DK"),
            ("country", "Denmark", "DK"),
            ("country", " ", None),
            ("currency", "eur", "EUR"),
            ("amount", "1,234.5", Decimal("1234.50")),
            ("percent", "60%", 60),
            ("day", "2026-03-31", date(2026, 3, 31)),
            ("rating", "hot", Rating.HOT),
            ("owner_id", "3", 3),
            ("owner_id", "", None),
            ("version", "7", 7),
        ],
    )
    def test_gives_the_value_to_store(self, field: str, typed: str, value: object) -> None:
        form = send(**{field: typed})
        assert form[field].data == value
        assert not form[field].errors or value is None or not str(value).strip()

    @pytest.mark.parametrize(
        ("field", "typed"),
        [
            ("name", "x" * 11),
            ("text", "x" * 11),
            ("email", "ann"),
            ("phone", "12"),
            ("website", "a"),
            ("country", "XX"),
            ("currency", "XXX"),
            ("amount", "much"),
            ("percent", "1.5"),
            ("day", "31.3.2026"),
            ("rating", "tepid"),
            ("owner_id", "4"),
        ],
    )
    def test_a_wrong_text_is_no_value_and_is_shown_again(self, field: str, typed: str) -> None:
        form = send({field: None}, **{field: typed})
        assert form[field].data is None
        assert len(form[field].errors) == 1
        if form[field].type != "SelectField":
            assert form[field]._value() == typed

    def test_a_field_that_was_not_sent_keeps_what_the_form_began_with(self) -> None:
        form = send({"name": "Ann", "amount": Decimal(5), "owner_id": 3, "rating": Rating.COLD}, email="a@b.example")
        assert (form.name.data, form.amount.data, form.owner_id.data, form.rating.data) == ("Ann", 5, 3, Rating.COLD)
        assert form.currency.data == "USD"

    @pytest.mark.parametrize("typed", ["", "-1", "1.5", "x", "²", "9" * 19])
    def test_a_hidden_number_that_is_none_counts_as_missing(self, typed: str) -> None:
        assert send({"version": 7}, version=typed).version.data is None

    def test_a_hidden_number_that_was_not_sent_is_missing(self) -> None:
        assert send({"version": 7}).version.data is None


@pytest.mark.usefixtures("page")
class TestShowing:
    def test_stored_values_read_as_a_person_would_type_them(self) -> None:
        form = SampleForm(
            formdata=None,
            data={"amount": Decimal("1234.00"), "percent": 60, "day": date(2026, 3, 31), "country": "DK"},
            meta={"csrf": False},
        )
        assert form.amount._value() == "1234"
        assert (form.percent._value(), form.day._value(), form.name._value()) == ("60", "2026-03-31", "")
        form.amount.data = Decimal("1234.50")
        assert form.amount._value() == "1234.50"
        assert '<option selected value="DK">Denmark</option>' in form.country()

    def test_a_nul_is_shown_as_something_that_can_be_removed(self) -> None:
        assert "a\ufffdb" in send(text="a\x00b").text()

    def test_countries_stand_in_the_order_in_which_they_are_read(self) -> None:
        names = [name for _code, name in send().country.list_options()]
        assert names.index("Albania") - names.index("Åland Islands") == 1
        assert len(names) > 240

    def test_the_owner_of_today_can_stay(self) -> None:
        form = send()
        form.owner_id.set_options([ANN], BOB)
        assert "Bob Tanaka (no longer available)" in form.owner_id()
        form.owner_id.set_options([ANN], ANN)
        assert form.owner_id().count("Ann Keller") == 1

    def test_a_required_field_tells_the_page(self) -> None:
        form = send()
        assert form.name.flags.required
        assert not form.text.flags.required


@pytest.mark.usefixtures("page")
class TestRefusing:
    def test_an_empty_field_says_what_to_do(self) -> None:
        assert send().errors == {"name": ["Enter a name."], "email": ["Enter an email."]}
        assert send(name=" ", email="a@b.example").errors == {"name": ["Enter a name."]}

    def test_a_wrong_text_is_not_called_missing(self) -> None:
        assert send(name="x", email="ann").errors == {"email": ["Enter an email address like name@company.com."]}

    def test_what_an_operation_refused_goes_onto_its_field(self) -> None:
        form = send(name="x", email="a@b.example")
        show_refusal(form, DomainError("Choose another name.", "name"))
        assert form.errors == {"name": ["Choose another name."]}

    @pytest.mark.parametrize("field", [None, "unknown"])
    def test_or_on_top_where_it_is_about_no_field(self, field: str | None) -> None:
        form = send(name="x", email="a@b.example")
        show_refusal(form, DomainError("Not today.", field))
        assert form.form_errors == ["Not today."]
        page = "{% from 'components/forms.html' import error_summary %}{{ error_summary(form) }}"
        assert "Not today." in render_template_string(page, form=form)


@pytest.mark.usefixtures("page")
def test_stored_values_are_columns_with_the_twins_of_phones() -> None:
    values = stored_values(send(name="Ann", phone="(415) 555-2671", version="7"))
    assert values["phone_e164"] == "+14155552671"
    assert values["name"] == "Ann"
    assert values["is_primary"] is False
    assert "version" not in values
    assert stored_values(send())["phone_e164"] is None


def test_a_body_that_is_no_form_is_no_answer(installation: Flask) -> None:
    for body in ('["list"]', '{"name": "Ann"}', "null"):
        with installation.test_request_context(method="POST", data=body, content_type="application/json"):
            assert SampleForm(meta={"csrf": False}).name.data is None


def test_a_page_that_is_only_looked_at_was_not_answered(installation: Flask) -> None:
    with installation.test_request_context("/?name=Ann"):
        assert SampleForm(data={"name": "Bob"}).name.data == "Bob"
