"""The Flask application."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask, has_request_context, request
from werkzeug.datastructures import iter_multi_items
from werkzeug.routing import BuildError

from crm_web.core.security_headers import STATIC_ENDPOINTS
from crm_web.core.templates import TemplateEnvironment

UNQUOTED = "!$'()*,/:;?@"
"""What stands in a query as it is, as Werkzeug has it."""
STAND_IN = 800_000_000_000_000_000


class Application(Flask):
    """Flask that builds each path only once, and then puts the ids of records into it; a page names a hundred."""

    jinja_environment = TemplateEnvironment

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._arguments: dict[str, frozenset[str]] = {}
        self._paths: dict[tuple[Any, ...], str] = {}

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        given = {name: value for name, value in values.items() if value is not None}
        if endpoint.startswith(".") or any(name.startswith("_") for name in given) or not has_request_context():
            return super().url_for(endpoint, **values)
        ids = {name: given[name] for name in self._arguments_of(endpoint) if name in given}
        path = self._find_path(endpoint, ids)
        if path is None:
            return super().url_for(endpoint, **values)
        if given:
            self.inject_url_defaults(endpoint, given)
        asked = [(name, it) for name, it in iter_multi_items(given) if name not in ids and it is not None]
        return f"{path}?{urlencode(asked, safe=UNQUOTED)}" if asked else path

    def _arguments_of(self, endpoint: str) -> frozenset[str]:
        """The names of what may stand in the path."""
        if endpoint not in self._arguments:
            rules = [rule for rule in self.url_map.iter_rules() if rule.endpoint == endpoint]
            self._arguments[endpoint] = frozenset().union(*(rule.arguments for rule in rules))
        return self._arguments[endpoint]

    def _find_path(self, endpoint: str, ids: Mapping[str, Any]) -> str | None:
        """Build a path; ``None`` if something else than ids of records and names of our files stands in it."""
        is_file = endpoint in STATIC_ENDPOINTS
        if not is_file and any(type(value) is not int or value < 0 for value in ids.values()):
            return None
        key = (request.environ.get("SCRIPT_NAME"), endpoint, *(ids.values() if is_file else ids))
        if key not in self._paths:
            stand_ins = ids if is_file else {name: STAND_IN + place for place, name in enumerate(ids)}
            try:
                path, _, _ = super().url_for(endpoint, **stand_ins).partition("?")
            except BuildError:
                return None
            for name, value in stand_ins.items():
                path = path.replace(str(value), f"{{{name}}}")
            self._paths[key] = path
        return self._paths[key].format_map(ids)
