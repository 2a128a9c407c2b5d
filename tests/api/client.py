"""A program that uses the API with a token, or as a browser's page would."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse


class Program:
    """
    Another program.

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
        return self.client.open(address, method=method, headers=self.headers | (headers or {}), **options)


def _matching(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}
