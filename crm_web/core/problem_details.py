"""Errors for API clients as problem details (RFC 9457)."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, g, json, request

PROGRAMS = ("/api/", "/scim/")
"""Where the addresses for programs begin; everything else is for people and answers with pages."""
DETAILS = {
    400: "The request is not valid.",
    404: "Nothing found at this URL.",
    405: "This URL doesn’t support this method. See the Allow header.",
    413: "The body is too large.",
    415: "Send JSON, with Content-Type: application/json.",
    429: "Too many requests. Wait the number of seconds in Retry-After.",
    500: "Something went wrong on our side, and nothing was saved. Give your admin the request_id.",
}
"""What a status means where the view said nothing more."""
MEDIA_TYPE = "application/problem+json"


def is_api_request() -> bool:
    """Return whether the request's path is one for programs, whether or not it exists."""
    return request.path.startswith(PROGRAMS)


def make_problem(
    status: int,
    detail: str,
    *,
    errors: Iterable[Mapping[str, str]] = (),
    headers: Iterable[tuple[str, str]] = (),
    **more: Any,
) -> Response:
    """Build an error response.

    :param detail: what is wrong and what to do about it, as a sentence
    :param errors: name and message for each invalid field; never the value that was sent
    :param more: more members, such as the customers to choose from
    """
    body = describe_problem(status, detail, errors=errors, **more)
    response = Response(json.dumps(body), status, mimetype=MEDIA_TYPE)
    response.headers.extend(dict(headers))
    return response


def describe_problem(
    status: int, detail: str, *, errors: Iterable[Mapping[str, str]] = (), **more: Any
) -> dict[str, Any]:
    """Build the members of a problem, for use inside another response."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": g.get("request_id"),
    }
    if listed := list(errors):
        body["errors"] = listed
    return body | more
