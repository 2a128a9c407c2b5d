"""The Flask application."""

from typing import Any

from flask import Flask, has_request_context, request

from crm_web.core.security_headers import STATIC_ENDPOINTS
from crm_web.core.static_assets import find_version


class Application(Flask):
    """Flask that builds a URL only once where it is the same on each page: those without values, and of static files.

    A page names about fifty of them in its frame.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._urls: dict[tuple[str | None, ...], str] = {}

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        given = {name: value for name, value in values.items() if value is not None or not name.startswith("_")}
        is_file = endpoint in STATIC_ENDPOINTS and given.keys() == {"filename"}
        if not has_request_context() or endpoint.startswith(".") or (given and not is_file):
            return super().url_for(endpoint, **values)
        version = find_version(endpoint, given["filename"]) if is_file else None
        key = (request.environ.get("SCRIPT_NAME"), endpoint, given.get("filename"), version)
        if key not in self._urls:
            self._urls[key] = super().url_for(endpoint, **values)
        return self._urls[key]
