"""Templates escape and call as Jinja does by itself, and URLs are those that Flask builds."""

from enum import StrEnum
from typing import Any

import pytest
from flask import Flask
from flask.templating import Environment
from jinja2 import UndefinedError
from markupsafe import Markup

from crm_web.core.application import Application

HOSTILE = """<b title="it's">&</b>"""


class Word(StrEnum):
    SIGN = "<"


class Drawn:
    def __html__(self) -> str:
        return "<i>drawn</i>"

    def __str__(self) -> str:
        return "not drawn"


class Own(str):
    """A text of a class of its own, which is no safe one."""


VALUES = [HOSTILE, Markup("<b>"), Own("<b>"), Word.SIGN, Drawn(), None, 3, 1.5, True, [HOSTILE], ""]
SOURCES = (
    "{{ value }}",
    "{% autoescape false %}{{ value }}{% endautoescape %}",
    "{% autoescape is_on %}{{ value }}{% endautoescape %}",
    "{% macro show(it, more='<') %}{{ it }}{{ more }}{{ caller() if caller }}{% endmacro %}"
    "{{ show(value) }}{% for n in [1, 2] %}{{ show(value, more=n) }}{% endfor %}"
    "{% call show(value) %}{{ value }}<hr>{% endcall %}",
    "{% macro show(it='<', more=it, end=value) %}{{ it }}{{ more }}{{ end }}{% endmacro %}"
    "{{ show() }}{{ show(value) }}{{ show(1, end=2) }}{{ show(end=3, it=4) }}{{ show(1, 2, 3) }}",
    "{% macro show(it) %}{{ it }}{{ kwargs|length }}{{ varargs|length }}{% endmacro %}{{ show(1, 2, last=value) }}",
    "{% macro show(it) %}{{ it }}{% endmacro %}{% autoescape false %}{{ show(value) }}{% endautoescape %}",
    "{% set kept %}<b>{{ value }}</b>{% endset %}{{ kept }}{{ value ~ '<' }}{{ value if value else missing }}",
    "{% block part %}{{ range(2)|list }}{{ dict(it=value) }}"
    "{% for it in [value] %}{{ say(it) }}{% endfor %}{% endblock %}",
)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_they_put_out_what_jinja_does(installation: Flask, source: str, value: Any) -> None:
    plain = Environment(installation, autoescape=True)
    names: dict[str, Any] = {"value": value, "is_on": True, "say": lambda it: it}
    ours = installation.jinja_env.from_string(source).render(**names)
    assert ours == plain.from_string(source).render(**names)


@pytest.mark.parametrize("call", ["show(1, 2, 3)", "show(1, it=2)", "show(other=1)", "show(1, caller=2)"])
def test_what_a_macro_does_not_take_is_refused(installation: Flask, call: str) -> None:
    source = f"{{% macro show(it, more) %}}{{% endmacro %}}{{{{ {call} }}}}"
    for environment in (installation.jinja_env, Environment(installation, autoescape=True)):
        with pytest.raises(TypeError, match="macro 'show'"):
            environment.from_string(source).render()


def test_what_is_not_there_is_no_function(installation: Flask) -> None:
    with pytest.raises(UndefinedError, match="'missing' is undefined"):
        installation.jinja_env.from_string("{{ missing(1) }}").render()


URLS: list[tuple[str, dict[str, Any]]] = [
    ("leads.list_leads", {}),
    ("leads.list_leads", {"q": "a&b c/ü", "status": ["new", None, "won"], "owner": None, "at": 3}),
    ("leads.list_leads", {"status": []}),
    ("leads.list_leads", {"lead_id": 4}),
    ("leads.list_leads", {"_anchor": "top", "q": "x"}),
    ("leads.list_leads", {"_external": True}),
    (".list_leads", {"q": "x"}),
    ("leads.show_lead", {"lead_id": 5, "q": "x"}),
    ("leads.show_lead", {"lead_id": 5}),
    ("leads.undo_edit", {"lead_id": 5, "version": 3, "next": "/leads/5"}),
    ("activities.finish_task", {"activity_id": 0}),
    ("merging.select_records", {"records": "leads"}),
    ("static", {"filename": "app.js"}),
    ("static", {"filename": "app.js", "w": 1}),
]


@pytest.mark.parametrize(("endpoint", "values"), URLS, ids=repr)
@pytest.mark.parametrize("prefix", ["", "/crm"])
def test_urls_are_those_that_flask_builds(
    installation: Application, endpoint: str, values: dict[str, Any], prefix: str
) -> None:
    with installation.test_request_context("/leads?back=/leads", environ_overrides={"SCRIPT_NAME": prefix}):
        expected = Flask.url_for(installation, endpoint, **values)
        assert [installation.url_for(endpoint, **values) for _ in range(2)] == [expected, expected]
