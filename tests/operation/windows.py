"""Browsers without a screen that talk to real servers over HTTP."""

from http.client import HTTPConnection
from urllib.parse import urlencode

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from crm_web.core.csrf import NOBODY, make_secret, mask
from tests.databases import OwnDatabase
from tests.factories import make_sign_in
from tests.operation.launch import Launched


class Window:
    """A browser in which somebody is signed in.

    :param own: the database
    :param first_name: who of the cast
    """

    def __init__(self, own: OwnDatabase, first_name: str) -> None:
        with own.session() as session:
            token = make_sign_in(session, own.find(session, first_name))
        with own.app.app_context():
            secret = make_secret(NOBODY)
        self.cookie = _sign_cookie(own.app, {"sign_in": token, "csrf_token": secret})
        self.csrf_token = mask(secret)

    def get(self, server: Launched, path: str, cookie: str | None = None) -> tuple[int, dict[str, str], str]:
        """Open a page; gives status, headers and text."""
        return self._ask(server, "GET", path, None, {"Cookie": cookie or self.cookie})

    def post(
        self, server: Launched, path: str, fields: dict[str, str] | list[tuple[str, str]], **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Send a form, with its CSRF token."""
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        body = urlencode([("csrf_token", self.csrf_token), *pairs])
        kind = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask(server, "POST", path, body, kind | headers)

    def _ask(
        self, server: Launched, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], str]:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()


def _sign_cookie(app: Flask, values: dict[str, str]) -> str:
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(values)}"
