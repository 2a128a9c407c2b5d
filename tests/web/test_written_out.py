"""A template that is written out for what is known puts out what it does with loops and conditions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemLoader
from markupsafe import Markup

from crm_web.core.templates import TemplateEnvironment

TEMPLATE = """
{%- macro cells(values, end="<hr>", link=None) -%}
{% for (place, kind, class), value in zip(columns, values) -%}
<td{% if class %} class="{{ class }}"{% endif %}>
{%- if kind == "pair" %}{% set first, second = value %}{{ first }}-{{ second }}
{%- elif kind == "if any" %}{% if value %}{{ value }}{% else %}none{% endif %}
{%- elif kind in ("list", "set") %}{% for each in value %}{{ loop.index }}{{ each }}{% endfor %}
{%- else %}{{ place }}{{ value }}{% endif %}
{%- if link %}<a href="{{ link }}">{{ place }}</a>{% endif %}</td>
{%- endfor %}{{ end }}
{%- endmacro -%}
{% macro rows(all) -%}
{% for (id, name), values in all %}<tr id="{{ id }}">{{ name }}: {{ cells(values, name, id) }}</tr>{% endfor %}
{%- endmacro -%}
{{ rows(given) }}{% for _, values in given %}{{ cells(values) }}{% endfor %}
"""
HOSTILE = """<b title="it's">&</b>"""
COLUMNS: list[tuple[tuple[int, str, str], ...]] = [
    ((0, "pair", ""), (1, "if any", "wide"), (2, "list", HOSTILE), (3, "other", "")),
    ((0, "other", "a"), (1, "other", "b"), (2, "set", ""), (3, "if any", "")),
    (),
]
VALUES = [((HOSTILE, 1), HOSTILE, [HOSTILE, Markup("<i>")], 5), ((2, 3), "", [], Markup("<i>"))]


@pytest.fixture
def environment(installation: Flask, tmp_path: Path) -> Iterator[TemplateEnvironment]:
    (tmp_path / "rows.html").write_text(TEMPLATE)
    yield TemplateEnvironment(installation, loader=FileSystemLoader(tmp_path), autoescape=True)


@pytest.mark.parametrize("columns", COLUMNS, ids=len)
def test_it_puts_out_the_same(environment: TemplateEnvironment, columns: tuple[tuple[Any, ...], ...]) -> None:
    given = [((number, HOSTILE), values[: len(columns)]) for number, values in enumerate(VALUES)]
    expected = environment.get_template("rows.html").render(columns=columns, given=given)
    assert environment.write_out("rows.html", columns=columns).render(given=given) == expected
    assert (HOSTILE in expected) is False
    assert "&lt;b title=" in expected


def test_nothing_is_left_to_ask(environment: TemplateEnvironment) -> None:
    code = environment.write_out("rows.html", columns=COLUMNS[0]).root_render_func.__code__
    assert "if any" not in repr(code.co_consts)


def test_it_is_compiled_once_for_the_same_columns(environment: TemplateEnvironment) -> None:
    first = environment.write_out("rows.html", columns=COLUMNS[0])
    assert environment.write_out("rows.html", columns=COLUMNS[0]) is first
    assert environment.write_out("rows.html", columns=COLUMNS[1]) is not first


def test_a_file_that_changes_is_read_again(environment: TemplateEnvironment, tmp_path: Path) -> None:
    environment.auto_reload = True
    environment.write_out("rows.html", columns=())
    (tmp_path / "rows.html").write_text("now longer")
    found = environment.write_out("rows.html", columns=())
    assert found.is_up_to_date
    environment.auto_reload = False
