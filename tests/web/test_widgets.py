"""Our widgets write the HTML of WTForms, whatever stands in a field, and no option that is not offered any more."""

from enum import StrEnum
from typing import Any

import pytest
import wtforms.widgets
from flask import Flask
from markupsafe import Markup
from wtforms import Form

from crm_web.web import widgets
from crm_web.web.form_fields import ChoiceField, OwnerField, TextBlock, TextLine
from tests.markup import parse

HOSTILE = [
    "",
    "plain",
    "a \"b\" 'c' <d> &e",
    "</textarea><script>",
    "{0} {x!r} %s",
    "\r\n",
    "日本語",
    Markup('<b class="x">'),
]
SAME: list[tuple[Any, Any]] = [
    (widgets.TextInput(), wtforms.widgets.TextInput()),
    (widgets.HiddenInput(), wtforms.widgets.HiddenInput()),
    (widgets.TelInput(), wtforms.widgets.TelInput()),
    (widgets.TextArea(), wtforms.widgets.TextArea()),
]


class Color(StrEnum):
    RED = "red"
    BLUE = 'b"l&ue'


class ExampleForm(Form):
    line = TextLine("Line", 50, render_kw={"autocomplete": "off", "data_x": "1"})
    text = TextBlock("Text", 50)
    choice = ChoiceField("Choice", [(Color.RED, "Red <1>"), (Color.BLUE, "Blue & “2”")])
    number = ChoiceField("Number", [(1, "One"), (2, "Two")], empty=None)
    owner = OwnerField()


@pytest.mark.parametrize("value", HOSTILE)
def test_fields_are_drawn_as_wtforms_draws_them(app: Flask, value: str) -> None:
    with app.test_request_context():
        form = ExampleForm(data={"line": value, "text": value})
        attributes: dict[str, Any] = {"class": value, "aria_describedby": value or False, "required": True}
        for ours, theirs in SAME:
            for field in (form.line, form.text):
                assert ours(field, **attributes) == theirs(field, **attributes)


@pytest.mark.parametrize("chosen", [None, Color.RED, "red", Color.BLUE, "green", *HOSTILE])
def test_selects_are_drawn_as_wtforms_draws_them(chosen: str | None) -> None:
    form = ExampleForm(data={"choice": chosen, "number": 2})
    for field in (form.choice, form.number):
        assert widgets.Select()(field, id="x", required=True) == wtforms.widgets.Select()(field, id="x", required=True)


def test_a_select_follows_its_options() -> None:
    form = ExampleForm(data={"owner": 2})
    for names in (["Ann", "Bob"], ["Ann", "Robert"], ["Robert"]):
        form.owner.options = list(enumerate(names, start=1))
        options = parse(form.owner())[0].select("option")
        assert [option.get_text() for option in options] == ["Unassigned", *names]
        assert [option.get_text() for option in options if option.has_attr("selected")] == names[1:2]
