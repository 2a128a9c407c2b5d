"""The Flask application."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from flask import Flask
from flask.globals import _cv_request
from werkzeug.routing import BuildError

from crm_web.core.security_headers import STATIC_ENDPOINTS
from crm_web.core.templates import TemplateEnvironment

UNQUOTED = "!$'()*,/:;?@"
"""What stands in a query as it is, as Werkzeug has it."""
NAMED = (*STATIC_ENDPOINTS, "help.show_topic")
"""What has a name of ours in its path, and no id."""
STAND_IN = 800_000_000_000_000_000


class Application(Flask):
    """Flask that builds each path only once, and then puts the ids of records into it; a page names a hundred."""

    jinja_environment = TemplateEnvironment

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._arguments: dict[str, frozenset[str]] = {}
        self._paths: dict[tuple[Any, ...], str] = {}

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        asking = _cv_request.get(None)
        if endpoint.startswith(".") or asking is None:
            return super().url_for(endpoint, **values)
        in_path = self._arguments_of(endpoint)
        ids: dict[str, Any] = {}
        asked: dict[str, Any] = {}
        for name, value in values.items():
            if value is None:
                continue
            if name.startswith("_"):
                return super().url_for(endpoint, **values)
            (ids if name in in_path else asked)[name] = value
        path = self._find_path(endpoint, ids, asking.request.environ.get("SCRIPT_NAME"))
        if path is None:
            return super().url_for(endpoint, **values)
        if not ids and not asked:
            return path
        given = ids | asked
        self.inject_url_defaults(endpoint, given)
        query = write_query({name: value for name, value in given.items() if name not in ids})
        return f"{path}?{query}" if query else path

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Take a function as it is: none of ours is asynchronous, and a page calls twenty."""
        return func

    def inject_url_defaults(self, endpoint: str, values: dict[str, Any]) -> None:
        """Add what each address carries along; no blueprint adds anything of its own."""
        for add in self.url_default_functions[None]:
            add(endpoint, values)

    def _arguments_of(self, endpoint: str) -> frozenset[str]:
        """The names of what may stand in the path."""
        if endpoint not in self._arguments:
            rules = [rule for rule in self.url_map.iter_rules() if rule.endpoint == endpoint]
            self._arguments[endpoint] = frozenset().union(*(rule.arguments for rule in rules))
        return self._arguments[endpoint]

    def _find_path(self, endpoint: str, ids: Mapping[str, Any], script_name: str | None) -> str | None:
        """Build a path; ``None`` if something else than ids of records and names of our files stands in it."""
        if not ids:
            key: tuple[Any, ...] = (script_name, endpoint)
        elif endpoint in NAMED:
            key = (script_name, endpoint, *ids.values())
        elif all(type(value) is int and value >= 0 for value in ids.values()):
            key = (script_name, endpoint, *ids)
        else:
            return None
        if key not in self._paths:
            pattern = self._build_pattern(endpoint, ids)
            if pattern is None:
                return None
            self._paths[key] = pattern
        return self._paths[key].format_map(ids) if ids else self._paths[key]

    def _build_pattern(self, endpoint: str, ids: Mapping[str, Any]) -> str | None:
        """Build a path with the names of its ids in braces; ``None`` if there is none."""
        stand_ins = ids if endpoint in NAMED else {name: STAND_IN + place for place, name in enumerate(ids)}
        try:
            path, _, _ = super().url_for(endpoint, **stand_ins).partition("?")
        except BuildError:
            return None
        for name, value in stand_ins.items():
            path = path.replace(str(value), f"{{{name}}}")
        return path


def write_query(values: Mapping[str, Any]) -> str:
    """Write the query of a URL as Werkzeug does.

    :param values: by name, each one value or several; those that are ``None`` are left out
    """
    return "&".join(
        f"{_quote(name)}={_quote(str(it))}"
        for name, value in values.items()
        for it in (value if isinstance(value, (list, tuple, set)) else (value,))
        if it is not None
    )


@lru_cache(maxsize=1024)
def _quote(text: str) -> str:
    return quote_plus(text, safe=UNQUOTED)
