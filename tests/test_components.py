"""The components keep what pages rely on: labels, errors tied to their field, forms with a token, escaped text."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, get_flashed_messages
from flask_wtf import FlaskForm
from jinja2 import nodes
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # Newer than its types.
from wtforms.validators import InputRequired, Length

from crm_web.models import LeadStatus
from crm_web.web.flash import flash_message
from tests.architecture import parse_templates
from tests.markup import Tag, parse
from tests.page import words

Render = Callable[..., Tag]
BEGIN = "<!doctype html><html lang=en><head><title>x</title></head><body>"
HOSTILE = '<script>alert("x")</script>'


class Thing(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types.
    name = StringField("Name", [InputRequired("Enter a name"), Length(max=3)])
    email = EmailField("Email")
    kind = SelectField("Kind", choices=[SelectChoice("a", "A"), SelectChoice("b", "B")])
    rating = RadioField("Rating", choices=[SelectChoice("hot", "Hot"), SelectChoice("cold", "Cold")], default="hot")
    is_new = BooleanField("New")
    version = HiddenField(default="3")


class Move(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types.
    lost_reason = SelectField("Reason", choices=[SelectChoice("price", "Price too high")])
    lost_note = TextAreaField("Note")
    version = HiddenField(default="3")


@pytest.fixture
def render(installation: Flask) -> Iterator[Render]:
    """Render a piece of template; the HTML has to be valid."""

    def render(source: str, **values: Any) -> Tag:
        html = installation.jinja_env.from_string(source).render(**values)
        soup, errors = parse(f"{BEGIN}{html}</body></html>")
        assert not errors
        return soup

    with installation.test_request_context("/", method="POST"):
        yield render


def test_every_empty_state_has_an_action_and_a_drawing_and_every_drawing_its_place(installation: Flask) -> None:
    drawings = installation.jinja_env.get_template("components/drawings.html").module.drawings  # type: ignore[attr-defined]
    calls = [
        call
        for tree in parse_templates().values()
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == "empty_state"
    ]
    assert {len(call.args) for call in calls} == {5}
    assert {call.args[4].as_const() for call in calls} == set(drawings)


FIELD = (
    '{% from "components/forms.html" import field %}{{ field(form.name, help="As on the card.", autocomplete="name") }}'
)


def test_a_field_has_its_label_help_and_attributes(render: Render) -> None:
    soup = render(FIELD, form=Thing())
    control = soup.select_one("input#name")
    assert control is not None
    assert (control["autocomplete"], control["aria-describedby"]) == ("name", "name-help")
    assert words(soup.select_one('label[for="name"]')) == "Name"  # type: ignore[arg-type]
    # What is too long is refused in words, never cut off while it is pasted.
    assert not control.has_attr("maxlength")


def test_a_wrong_field_says_so_beside_itself(render: Render) -> None:
    form = Thing()
    assert not form.validate()
    soup = render(FIELD, form=form)
    control = soup.select_one("input#name")
    assert control is not None
    assert (control["aria-invalid"], control["aria-describedby"]) == ("true", "name-help name-error")
    assert words(soup.select_one("#name-error")) == "Enter a name"  # type: ignore[arg-type]


def test_required_fields_are_marked_and_optional_ones_are_not(render: Render) -> None:
    fields = '{% from "components/forms.html" import field %}{% for f in form %}{{ field(f) }}{% endfor %}'
    soup = render(fields, form=Thing(meta={"csrf": False}))
    marked = {words(label) for label in soup.select(".form-label.required")}
    assert marked == {"Name"}
    assert len(soup.select("fieldset#rating input[type=radio]")) == 2


def test_the_frame_of_a_form_brings_token_version_and_summary(render: Render) -> None:
    form = Thing()
    form.validate()
    form.form_errors.append("Nothing fits")
    frame = (
        '{% from "components/forms.html" import form_frame %}{% call form_frame(form, cancel_url="/x") %}{% endcall %}'
    )
    soup = render(frame, form=form)
    assert {field["name"] for field in soup.select("form[method=post][novalidate] input[type=hidden]")} == {
        "csrf_token",
        "version",
    }
    assert not soup.select("input[type=hidden][id]")
    summary = soup.select_one(".error-summary[autofocus][tabindex]")
    assert summary is not None
    assert words(summary.select("li")[0]) == "Nothing fits"
    assert summary.select_one('a[href="#name"]') is not None


def test_a_post_button_is_a_form_with_a_token(render: Render) -> None:
    button = '{% from "components/page.html" import post_button %}{{ post_button("Undo", "/undo", fields={"id": id}) }}'
    soup = render(button, id='"><b>')
    assert soup.select_one('form[method=post][action="/undo"] input[name=csrf_token][value]') is not None
    assert soup.select_one("input[name=id]")["value"] == '"><b>'  # type: ignore[index]


def test_messages_carry_their_link_and_their_undo(render: Render) -> None:
    flash_message(f"Won {HOSTILE}", link=("See it", "/customers/1"), undo=("Undo", "/undo"))
    flash_message("Look out", kind="warning")
    shown = '{% from "components/frame.html" import messages %}{{ messages(flashed) }}'
    soup = render(shown, flashed=[*get_flashed_messages(with_categories=True), ("message", "plain")])
    assert [words(message) for message in soup.select(".message")] == [
        f"Won {HOSTILE} See it Undo",
        "Look out",
        "plain",
    ]
    assert soup.select_one('.message-success form[method=post][action="/undo"] input[name=csrf_token]') is not None
    assert soup.select_one('.message-success a[href="/customers/1"]') is not None
    assert soup.select_one(".message-warning") is not None


STEPS = '{% from "components/status.html" import status_steps %}{{ status_steps(status, form, "/leads/1/status") }}'


@pytest.mark.parametrize("status", LeadStatus)
def test_every_other_status_can_be_chosen_from_the_steps(render: Render, status: LeadStatus) -> None:
    soup = render(STEPS, status=status, form=Move())
    offered = {button["value"] for button in soup.select("button[name=status]")}
    lost = {"lost", "disqualified"}
    assert offered == {word for word in LeadStatus if word is not status} - (lost if status in lost else set())
    assert status.label in [words(step) for step in soup.select("[aria-current=step]")]
    for form in soup.select("form"):
        assert form.select_one("input[name=csrf_token]") is not None
        assert form.select_one("input[name=version]")["value"] == "3"  # type: ignore[index]


def test_steps_without_a_form_only_show(render: Render) -> None:
    soup = render(STEPS, status=LeadStatus.PROPOSAL, form=None)
    assert not soup.select("button, form")
    assert words(soup.select_one("[aria-current=step]")) == "Proposal"  # type: ignore[arg-type]


def test_a_chart_is_a_table_with_bars(render: Render) -> None:
    chart = '{% from "components/chart.html" import bar_chart %}{{ bar_chart("By status", rows, "Leads") }}'
    rows = [
        SimpleNamespace(label="New", value=30, href="/leads"),
        SimpleNamespace(label="Won", value=10, display="ten"),
    ]
    soup = render(chart, rows=rows)
    assert [words(row) for row in soup.select("tbody tr")] == ["New 75% of all 30", "Won 25% of all ten"]
    assert [bar["width"] for bar in soup.select("rect.bar-value")] == ["100.0%", "33.33%"]
    assert not render(chart, rows=[]).select("tbody tr")


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ({"rows": [1, 2], "count": 2, "next": None, "previous": None, "count_is_exact": True}, "2 leads"),
        ({"rows": [1] * 50, "count": 1234, "next": "n", "previous": None, "count_is_exact": True}, "50 of 1,234 leads"),
        (
            {"rows": [1] * 50, "count": 10001, "next": "n", "previous": "p", "count_is_exact": False},
            "50 of more than 10,000 leads",
        ),
    ],
)
def test_the_pager_says_how_much_there_is(render: Render, page: dict[str, Any], says: str) -> None:
    view = SimpleNamespace(url_for_next=lambda page: "/n", url_for_previous=lambda page: "/p")
    pager = '{% from "components/table.html" import pager %}{{ pager(page, view, "lead") }}'
    soup = render(pager, page=SimpleNamespace(**page), view=view)
    assert words(soup.select_one(".pager p")) == says  # type: ignore[arg-type]
    assert [link["rel"] for link in soup.select(".pager a")] == [
        [word] for word in ("prev", "next") if page[{"prev": "previous"}.get(word, word)]
    ]


def test_what_people_typed_stays_text(render: Render) -> None:
    source = """{% from "components/page.html" import page_header %}
        {% from "components/facts.html" import facts, fact %}
        {% from "components/table.html" import name_cell %}{{ page_header(text, text, back=(text, "/")) }}
        {% call facts() %}{{ fact("Note", text, lines=True) }}{{ fact("Empty", None) }}
        {{ fact("Zero", 0) }}{% endcall %}
        <table><tbody><tr>{{ name_cell(text, "/leads/1", text) }}</tr></tbody></table>"""
    soup = render(source, text=HOSTILE)
    assert not soup.has("script")
    assert soup.get_text().count(HOSTILE) == 6
    assert [words(term) for term in soup.select(".facts dt")] == ["Note", "Zero"]


def test_every_icon_that_is_asked_for_is_drawn(render: Render) -> None:
    source = """{% from "components/icons.html" import icon, mark, status_icon, shapes %}{{ mark() }}
        {% for name in shapes %}{{ icon(name, label=name) }}{% endfor %}
        {% for s in statuses %}{{ status_icon(s) }}{% endfor %}"""
    soup = render(source, statuses=list(LeadStatus))
    assert len(soup.select("svg path[d]")) > len(LeadStatus)
