"""A program that uses the API with a token, or as a browser's page would."""

import re
from functools import cache
from typing import Any

from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.test import TestResponse

from crm_web.api.docs.openapi import build_document


class Program:
    """Another program.

    :param app: the application
    :param secret: the secret of its token; ``None`` for a program that shows none
    """

    def __init__(self, app: Flask, secret: str | None) -> None:
        self.client = app.test_client()
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def get(self, path: str, **options: Any) -> TestResponse:
        """Ask for something."""
        return self.send("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        """Do something."""
        return self.send("POST", path, json={} if json is None else json, **options)

    def patch(self, path: str, json: Any, *, match: int | None = None, **options: Any) -> TestResponse:
        """Change something, from the version that was seen."""
        return self.send("PATCH", path, json=json, headers=_matching(match), **options)

    def delete(self, path: str, *, match: int | None = None, **options: Any) -> TestResponse:
        """Move something to the trash."""
        return self.send("DELETE", path, headers=_matching(match), **options)

    def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        """Send any request below /api/v1."""
        address = path if path.startswith("/api/") else f"/api/v1{path}"
        answer = self.client.open(address, method=method, headers=self.headers | (headers or {}), **options)
        check_documented(self.client.application, method, address, answer)
        return answer


def check_documented(app: Flask, method: str, address: str, answer: TestResponse) -> None:
    """Whatever any test is answered, its status and kind of content have to be in the document."""
    try:
        rule, _ = app.url_map.bind("localhost").match(address.partition("?")[0], method, return_rule=True)
    except (NotFound, MethodNotAllowed):
        return
    path = re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule)
    operation = _document_of(app)["paths"][path].get(method.lower())
    if operation is None:  # HEAD and OPTIONS are those of HTTP.
        return
    told = operation["responses"].get(str(answer.status_code))
    assert told is not None, f"{method} {path} does not say that it may answer {answer.status_code}."
    kinds = told.get("content", {})
    assert answer.mimetype in kinds or not (kinds or answer.data), f"{method} {path} answers with {answer.mimetype}."


@cache
def _document_of(app: Flask) -> dict[str, Any]:
    return build_document(app)


def _matching(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}
