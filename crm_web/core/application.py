"""The Flask application."""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, has_request_context, request
from werkzeug.datastructures import iter_multi_items

from crm_web.core.security_headers import STATIC_ENDPOINTS
from crm_web.core.static_assets import find_version
from crm_web.core.templates import TemplateEnvironment

UNQUOTED = "!$'()*,/:;?@"
"""What stands in a query as it is, as Werkzeug has it."""


class Application(Flask):
    """Flask that builds a path only once where it is the same on each page: those without values, and of static files.

    A page names about sixty of them.
    """

    jinja_environment = TemplateEnvironment

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._urls: dict[tuple[str | None, ...], str] = {}

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        given = {name: value for name, value in values.items() if value is not None}
        is_elsewhere = endpoint.startswith(".") or any(name.startswith("_") for name in given)
        if is_elsewhere or not has_request_context():
            return super().url_for(endpoint, **values)
        file, version = None, None
        if endpoint in STATIC_ENDPOINTS and given.keys() == {"filename"}:
            file = given.pop("filename")
            version = find_version(endpoint, file)
        key = (request.environ.get("SCRIPT_NAME"), endpoint, file, version)
        url = self._urls.get(key)
        if url is None:
            if file is None and any(rule.arguments for rule in self.url_map.iter_rules(endpoint)):
                return super().url_for(endpoint, **values)
            url = self._urls[key] = super().url_for(endpoint, **({"filename": file} if file else {}))
        if not given:
            return url
        self.inject_url_defaults(endpoint, given)
        query = urlencode([pair for pair in iter_multi_items(given) if pair[1] is not None], safe=UNQUOTED)
        return f"{url}?{query}" if query else url
