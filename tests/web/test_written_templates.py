"""A template that is written for what is known before puts out what one does that asks for it at each turn."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemLoader
from markupsafe import Markup

from crm_web.core.templates import TemplateEnvironment

WRITING = """
{#!- Cells of the values of a row. !#}
{#%- macro cells() -%#}
{#% for place, kind in columns -%#}
{% set value = values.{#= place =#} %}<td>{#= place =#}
{#%- if kind == "pair" %#}{% set first, second = value %}{{ first }}-{{ second }}
{#%- elif kind == "if any" %#}{% if value %}{{ value }}{% else %}none{% endif %}
{#%- else %#}{{ value }}{#% endif %#}</td>
{#%- endfor %#}
{#%- endmacro -%#}
{%- for name, values in given %}<tr title="{{ name }}">{#= cells() =#}</tr>{% endfor %}
"""
ASKING = """
{%- for name, values in given %}<tr title="{{ name }}">{% for place, kind in columns -%}
{% set value = values[place] %}<td>{{ place }}
{%- if kind == "pair" %}{% set first, second = value %}{{ first }}-{{ second }}
{%- elif kind == "if any" %}{% if value %}{{ value }}{% else %}none{% endif %}
{%- else %}{{ value }}{% endif %}</td>
{%- endfor %}</tr>{% endfor %}
"""
HOSTILE = """<b title="it's">&</b>{{ 7 * 7 }}{#= 7 * 7 =#}"""
COLUMNS: list[tuple[tuple[int, str], ...]] = [
    ((0, "pair"), (1, "if any"), (2, "other")),
    ((0, "other"), (1, "if any"), (2, "if any")),
    (),
]
VALUES = [((HOSTILE, 1), HOSTILE, Markup("<i>")), ((2, 3), "", 5)]


@pytest.fixture
def environment(installation: Flask, tmp_path: Path) -> Iterator[TemplateEnvironment]:
    (tmp_path / "rows.html").write_text(WRITING)
    (tmp_path / "asking.html").write_text(ASKING)
    yield TemplateEnvironment(installation, loader=FileSystemLoader(tmp_path), autoescape=True)


@pytest.mark.parametrize("columns", COLUMNS, ids=len)
def test_it_puts_out_the_same(environment: TemplateEnvironment, columns: tuple[tuple[Any, ...], ...]) -> None:
    given = [(HOSTILE, values) for values in VALUES]
    expected = environment.get_template("asking.html").render(columns=columns, given=given)
    assert environment.write_for("rows.html", columns=columns).render(given=given) == expected
    assert HOSTILE not in expected
    assert "&lt;b title=" in expected


def test_nothing_is_left_to_ask(environment: TemplateEnvironment) -> None:
    code = environment.write_for("rows.html", columns=COLUMNS[0]).root_render_func.__code__
    assert "none" in repr(code.co_consts)
    assert "if any" not in repr(code.co_consts)


def test_it_is_compiled_once_for_the_same_columns(environment: TemplateEnvironment) -> None:
    first = environment.write_for("rows.html", columns=COLUMNS[0])
    assert environment.write_for("rows.html", columns=COLUMNS[0]) is first
    assert environment.write_for("rows.html", columns=COLUMNS[1]) is not first


def test_a_file_that_changes_is_read_again(environment: TemplateEnvironment, tmp_path: Path) -> None:
    environment.auto_reload = True
    environment.write_for("rows.html", columns=())
    (tmp_path / "rows.html").write_text("now longer")
    found = environment.write_for("rows.html", columns=())
    assert found.is_up_to_date
    environment.auto_reload = False
