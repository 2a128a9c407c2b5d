"""Reading API requests and writing responses: JSON, versions, pages, idempotency keys."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from flask import Response, abort, g, json, request
from flask_login import current_user
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_json

from crm_web.api.schemas import FieldError, Saved
from crm_web.core.keys import is_keyed_digest, keyed_digest
from crm_web.lists.pagination import COUNT_LIMIT, Page
from crm_web.records.phones import list_warnings
from crm_web.web.idempotency import claim_key, find_response, keep_response

Model = TypeVar("Model", bound=BaseModel)
SavedModel = TypeVar("SavedModel", bound=Saved)

MATCHES = r'^(\*|(W/)?"[0-9]{1,18}"(, ?(W/)?"[0-9]{1,18}"){0,9})$'
CHOICES = re.compile(r"\^(?:-\?)?\(([\w|\[\]\-{},]+)\)\$")
AN_ID = "[1-9][0-9]{0,17}"
WORDS = {
    "missing": "This field is required.",
    "extra_forbidden": "Unknown field.",
    "string_type": "Send a string.",
    "string_pattern_mismatch": "Send a string that matches {pattern}",
    "string_too_short": "Send null, not an empty string.",
    "string_too_long": "Shorten this to {max_length:,} characters.",
    "int_type": "Send a whole number.",
    "int_parsing": "Send a whole number.",
    "int_from_float": "Send a whole number.",
    "bool_type": "Send true or false.",
    "bool_parsing": "Send true or false.",
    "list_type": "Send a list.",
    "model_type": "Send a JSON object.",
    "model_attributes_type": "Send a JSON object.",
    "greater_than_equal": "Send {ge:,} or more.",
    "less_than_equal": "Send {le:,} or less.",
    "too_long": "Send at most {max_length:,}.",
    "too_short": "Send at least {min_length:,}.",
    "union_tag_not_found": "Send {discriminator}.",
    "union_tag_invalid": "Choose one of {expected_tags}.",
    "enum": "Choose one of {expected}.",
    "literal_error": "Choose one of {expected}.",
    "date_type": "Send a date like 2026-03-31.",
    "date_from_datetime_parsing": "Send a date like 2026-03-31.",
    "date_parsing": "Send a date like 2026-03-31.",
    "datetime_type": "Send a date and time like 2026-03-31T14:30:00Z.",
    "datetime_from_date_parsing": "Send a date and time like 2026-03-31T14:30:00Z.",
    "datetime_parsing": "Send a date and time like 2026-03-31T14:30:00Z.",
    "timezone_aware": "Send a date and time with its time zone, like 2026-03-31T14:30:00Z.",
}
"""What pydantic finds, in words; what one of our own readers says is in words already."""


class WrongRequest(Exception):
    """The request is invalid.

    :param errors: name and message for each invalid field
    """

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        super().__init__(errors)
        self.errors = errors


def read_body(model: type[Model]) -> Model:
    """Parse and validate the body.

    :raise WrongRequest: if it is invalid
    :raise HTTPException: 415 for anything but JSON, 400 for broken JSON
    """
    if request.mimetype not in ("application/json", "application/merge-patch+json"):
        abort(415, "Send JSON, with Content-Type: application/json.")
    try:
        body = model.model_validate_json(request.get_data(), strict=True)
        json.loads(request.get_data(), object_pairs_hook=_reject_duplicate_keys)
        return body
    except ValidationError as error:
        if any(detail["type"] == "json_invalid" for detail in error.errors(include_url=False)):
            abort(400, "The body is not valid JSON.")
        raise WrongRequest(format_errors(error)) from error


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two members with the same name each program would take another."""
    known = dict(pairs)
    if len(known) < len(pairs):
        abort(400, "The body has a duplicate field.")
    return known


def read_query(model: type[Model]) -> Model:
    """Parse and validate the query string.

    :raise WrongRequest: if a parameter is unknown, invalid, or repeated without being a list
    """
    lists = _name_lists(model)
    values: dict[str, Any] = {}
    for name, given in request.args.lists():
        if len(given) > 1 and name not in lists and name in model.model_fields:
            raise WrongRequest([{"field": name, "message": "Send this parameter once."}])
        values[name] = given if name in lists else given[0]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise WrongRequest(format_errors(error)) from error


@cache
def _name_lists(model: type[BaseModel]) -> frozenset[str]:
    """Name the parameters that take several values."""
    return frozenset(name for name, known in model.model_fields.items() if "Sequence" in str(known.annotation))


def format_errors(error: ValidationError, within: tuple[str | int, ...] = ()) -> list[dict[str, str]]:
    """Return name and message for each invalid field.

    :param within: the path of the validated part within the body
    """
    return [_format_error(detail, within) for detail in error.errors(include_url=False, include_input=False)]


def _name_field(place: Sequence[str | int]) -> str:
    """The part after an item's number is the tag of its model, not a field."""
    before = [None, *place]
    return ".".join(
        str(part)
        for part, last in zip(place, before, strict=False)
        if isinstance(part, int) or not isinstance(last, int)
    )


def _format_error(detail: ErrorDetails, within: tuple[str | int, ...]) -> dict[str, str]:
    context = detail.get("ctx", {})
    said = context.get("error")
    words = WORDS.get(detail["type"])
    if isinstance(said, ValueError):
        message = str(said)
    elif detail["type"] == "string_pattern_mismatch" and (known := CHOICES.fullmatch(context["pattern"])):
        message = f"Choose one of {', '.join(known[1].replace(AN_ID, 'an id').split('|'))}."
    elif words:
        message = words.format(**context)
    else:
        message = detail["msg"]
    return {"field": _name_field((*within, *detail["loc"])), "message": message}


def show(model: type[BaseModel], record: Any, status: int = 200, *, location: str | None = None) -> Response:
    """Answer with a record, or another object, with its version as ETag if it has one.

    :param location: its URL, if it was created
    """
    shown = model.model_validate(record)
    response = Response(shown.model_dump_json(include=read_fields(model)), status, mimetype="application/json")
    version = getattr(shown, "version", None)
    if version is not None:
        response.set_etag(str(version))
    if location:
        response.headers["Location"] = location
    if request.method in ("GET", "HEAD"):
        response.make_conditional(request)
    return response


def show_saved(model: type[SavedModel], record: Any, status: int = 200, *, location: str | None = None) -> Response:
    """Answer with a saved record, and a warning for each phone number that may be wrong.

    :param location: its URL, if it was created
    """
    return show(model, build_saved(model, record), status, location=location)


def build_saved(model: type[SavedModel], record: Any) -> SavedModel:
    """Build the response for a saved record, with a warning for each phone number that may be wrong."""
    saved = model.model_validate(record)
    saved.warnings = [FieldError(field=name, message=doubt) for name, doubt in list_warnings(record, current_user)]
    return saved


def show_page(model: type[BaseModel], page: Page) -> Response:
    """Answer with a page, and links to the pages around it.

    :param model: of its records
    :raise WrongRequest: if the cursor is invalid, or a field unknown
    """
    if not page.starts_at_cursor:
        raise WrongRequest([{"field": "at", "message": "This cursor is not valid for this list."}])
    names = read_fields(model)
    marks = {"next": page.next, "prev": page.previous}
    body = {"items": _list_of(model).validate_python(page.rows), "count": min(page.count, COUNT_LIMIT)}
    body |= {"count_is_exact": page.count_is_exact, "is_in_order": page.is_in_order}
    body |= {"next": page.next, "previous": page.previous}
    shown: Any = None if names is None else dict.fromkeys(body, True) | {"items": {"__all__": names}}
    response = Response(to_json(body, include=shown), mimetype="application/json")
    links = [f'<{_address_at(cursor)}>; rel="{name}"' for name, cursor in marks.items() if cursor]
    if links:
        response.headers["Link"] = ", ".join(links)
    return response


@cache
def _list_of(model: type[BaseModel]) -> TypeAdapter[list[BaseModel]]:
    return TypeAdapter(list[model])  # type: ignore[valid-type]


def _address_at(cursor: str) -> str:
    others = [(name, value) for name, value in request.args.items(multi=True) if name != "at"]
    return f"{request.base_url}?{urlencode([*others, ('at', cursor)])}"


def read_fields(model: type[BaseModel]) -> set[str] | None:
    """Return the names of the requested fields; ``None`` for all.

    :raise WrongRequest: if there is no such field
    """
    wanted = request.args.get("fields")
    if wanted is None or request.method not in ("GET", "HEAD"):
        return None
    names = wanted.split(",")
    if unknown := [name for name in names if name not in model.model_fields]:
        raise WrongRequest([{"field": "fields", "message": f"Unknown field {unknown[0][:50]!r}."}])
    return set(names)


def require_match(version: int) -> None:
    """Require that the client has seen the present version.

    :param version: of the record, whose row is locked or about to be compared under its lock
    :raise HTTPException: 428 without If-Match, 412 for another version
    """
    if "If-Match" not in request.headers:
        abort(428, "Send If-Match with the ETag of the version you read.")
    if not re.fullmatch(MATCHES, request.headers["If-Match"]):
        abort(400, "If-Match must be an ETag in quotation marks.")
    if not request.if_match.contains(str(version)):
        refuse_version()


def refuse_version() -> NoReturn:
    """Refuse a change of a version that the client has not seen.

    :raise HTTPException: 412, always
    """
    abort(412, "The record has changed since you read it. Read it again.")


def replay_response(read_content: Callable[[], bytes] | None = None) -> Response | None:
    """Claim the Idempotency-Key of a request, or return the earlier response to it; waits for a request with the same
    key.

    :param read_content: gives what stands for the body, if that is too large to be kept in memory
    :return: the response to repeat; ``None`` if the request is new
    :raise WrongRequest: if the key is invalid, or was sent before with something else
    """
    key = request.headers.get("Idempotency-Key")
    g.submission_key = None
    if key is None:
        return None
    if not (0 < len(key) <= 255 and key.isascii() and key.isprintable() and " " not in key):
        _refuse_key("Send a key of 1 to 255 printable characters without spaces.")
    # Keyed with the secret of the installation: a first password may be in it, which must not be guessed from it.
    content = (read_content or request.get_data)()
    sent = b"\0".join((request.method.encode(), request.path.encode(), content))
    g.submission_key = uuid5(NAMESPACE_URL, f"api:{key}")
    if claim_key(g.submission_key, keyed_digest(sent)):
        return None
    kept = find_response(g.submission_key)
    if kept is None or kept.answer is None:
        return None
    if not is_keyed_digest(kept.request_hash, sent):
        _refuse_key("This key was already used with a different request. Use a new key for each request.")
    response = Response(kept.answer["body"], kept.answer["status"], mimetype="application/json")
    response.headers.extend(kept.answer["headers"])
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _refuse_key(message: str) -> NoReturn:
    raise WrongRequest([{"field": "Idempotency-Key", "message": message}])


def store_response(response: Response) -> Response:
    """Store the response in the same transaction as its effect."""
    if g.submission_key is not None:
        headers = {name: response.headers[name] for name in ("Location", "ETag") if name in response.headers}
        kept = {"status": response.status_code, "body": response.get_data(as_text=True), "headers": headers}
        keep_response(g.submission_key, kept)
    return response
