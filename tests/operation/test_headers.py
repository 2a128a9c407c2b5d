"""What each answer tells the browser."""

import pytest

from crm_web import create_app
from crm_web.core.config import load_settings
from tests.page import Browser

SETTINGS = {"DATABASE_URL": "postgresql://db/x", "SECRET_KEY": "x" * 32}


@pytest.mark.parametrize("path", ["/sign-in", "/nowhere", "/healthz", "/static/tokens.css", "/"])
def test_every_answer_has_the_headers(visitor: Browser, path: str) -> None:
    response = visitor.open(path).response
    headers = response.headers
    response.close()

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_pages_are_not_kept(visitor: Browser) -> None:
    assert visitor.open("/sign-in").response.headers["Cache-Control"] == "no-store"


def test_https_is_remembered_only_where_it_is_used() -> None:
    plain = create_app(load_settings(SETTINGS)).test_client().get("/healthz")
    secure = create_app(load_settings(SETTINGS | {"HTTPS": "1"})).test_client().get("/healthz")

    assert "Strict-Transport-Security" not in plain.headers
    assert "max-age=63072000" in secure.headers["Strict-Transport-Security"]
