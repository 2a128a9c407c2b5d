"""How a program is told that something failed: problem details as in RFC 9457, in the words that people read."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, g, json, request

PROGRAMS = "/api/"
"""Where the addresses for programs begin; everything else is for people and answers with pages."""
DETAILS = {
    400: "The request can’t be understood.",
    404: "There is nothing at this address.",
    405: "This address does not take this method; Allow lists those that it takes.",
    413: "The body is too large.",
    415: "Send JSON, with Content-Type: application/json.",
    429: "Too many requests. Wait for the seconds of Retry-After.",
    500: "Something broke on our side, and nothing was saved. Tell your administrator the request_id.",
}
"""What a status means where the view said nothing more."""
MEDIA_TYPE = "application/problem+json"


def is_from_program() -> bool:
    """
    Tell whether the request asks for an address that programs use.

    :return: true below ``/api/``, whether or not there is anything at the address
    """
    return request.path.startswith(PROGRAMS)


def make_problem(
    status: int,
    detail: str,
    *,
    errors: Iterable[Mapping[str, str]] = (),
    headers: Iterable[tuple[str, str]] = (),
    **more: Any,
) -> Response:
    """
    Answer with what went wrong.

    :param status: the HTTP status
    :param detail: what is wrong and what to do about it, as a sentence
    :param errors: for each field that is wrong its name and why; what was sent is never repeated
    :param headers: more headers of the answer
    :param more: more members of the answer, such as the customers to choose from
    :return: the answer
    """
    body = describe_problem(status, detail, errors=errors, **more)
    response = Response(json.dumps(body), status, mimetype=MEDIA_TYPE)
    response.headers.extend(dict(headers))
    return response


def describe_problem(
    status: int, detail: str, *, errors: Iterable[Mapping[str, str]] = (), **more: Any
) -> dict[str, Any]:
    """
    Say what went wrong, as a part of an answer.

    :param status: the HTTP status
    :param detail: what is wrong and what to do about it, as a sentence
    :param errors: for each field that is wrong its name and why
    :param more: more members
    :return: the members of the problem
    """
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
