"""Security and cache headers of every response."""

from functools import lru_cache

from flask import Flask, Response, make_response, request
from werkzeug.http import parse_set_header

from crm_web.core.config import current_settings

STATIC_ENDPOINTS = ("static", "bootstrap.static")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
TWO_YEARS = 2 * 365 * 24 * 60 * 60


def init_app(app: Flask) -> None:
    """Add the headers to every response."""
    app.after_request(_add_headers)


def send_secret(page: str) -> Response:
    """Send a page that shows a secret, without caching or compression.

    The compressed size of a page that also holds text by others would give the secret away (BREACH).
    """
    return hide_secret(make_response(page))


def hide_secret(response: Response) -> Response:
    """Mark a response that shows a secret as neither cached nor compressed."""
    response.headers["Cache-Control"] = "no-store, no-transform"
    return response


def _add_headers(response: Response) -> Response:
    headers = response.headers
    # Looked through once: to ask for each of them by its name would do so nine times.
    given = {name.lower() for name, _ in headers}
    for name, value in HEADERS.items():
        if name.lower() not in given:
            headers.add(name, value)
    if current_settings().https:
        headers["Strict-Transport-Security"] = f"max-age={TWO_YEARS}; includeSubDomains"
    if "cache-control" not in given and request.endpoint not in STATIC_ENDPOINTS:
        # Pages are personal: neither a proxy nor the next user of the computer may get them from a cache.
        headers.add("Cache-Control", "no-store")
    return response


def vary_by(response: Response, header: str) -> None:
    """Say that a response depends on a header of its request."""
    response.headers["Vary"] = _add_to(response.headers.get("Vary"), header)


@lru_cache(maxsize=64)
def _add_to(vary: str | None, header: str) -> str:
    headers = parse_set_header(vary)
    headers.add(header)
    return headers.to_header()
