"""Builds the OpenAPI document from the endpoints' descriptions."""

import json
import re
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Flask
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from crm_web.api import schemas
from crm_web.api.endpoint_docs import TAGS, Description, Model
from crm_web.api.http import MATCHES
from crm_web.auth.permissions import Action

VERSION = "1.0.0"
ABOUT = (
    "Use Piper CRM from your own apps. Each request acts as the employee who owns the token and can do what that "
    "employee can do.\n\n"
    "The number of requests per minute is limited. The RateLimit header shows how many are left; after a 429, wait the "
    "number of seconds in Retry-After. Requests with an invalid token are counted by IP address. Unknown URLs and "
    "methods are answered without a token, and are not counted."
)
METHODS = ("get", "post", "put", "patch", "delete")
REFERENCE = "#/components/schemas/{model}"
SUCCESSES = {200: "Done.", 201: "Created.", 204: "Done. No content."}
REFUSALS = {
    400: "The request is not valid: malformed JSON or header, unknown host, or missing CSRF token.",
    401: "The token is missing, unknown, revoked or expired.",
    403: "The employee or token doesn’t have access. See detail.",
    404: "The record doesn’t exist.",
    409: "The current state doesn’t allow this. See detail.",
    412: "The record has changed since. Read it again.",
    413: "The body is too large.",
    414: "The URL is too long. Use fewer or shorter filters. This answer is not JSON.",
    415: "The body is not JSON.",
    422: "The request is not valid. Each error names its field.",
    428: "If-Match is missing. Send the ETag of the version you read.",
    429: "Too many requests this minute, or too many invalid tokens from this address in the last 15 minutes.",
    503: "The database or file store is unavailable or too busy. Try again after the seconds in Retry-After.",
}
SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token from your account page."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "piper_session",
        "description": "Your browser session; if you are signed in, there is nothing to enter here. Requests that "
        "change data need its CSRF token in X-CSRFToken.",
    },
}
MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the version you read. It prevents overwriting someone else’s change.",
    "schema": {"type": "string", "pattern": MATCHES},
    "example": '"7"',
}
UNLESS = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of your copy. If it is still current, the answer is 304 without a body.",
    "schema": {"type": "string"},
    "example": '"7"',
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    # Without an example: Swagger UI would fill it in, and the second deed would be answered with the first one.
    "description": "A unique key for each request, such as a UUID. A request repeated with the same key within 7 days "
    "gets the same answer, marked with Idempotent-Replayed. Stored answers contain no secrets.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
ETAG = {"description": "The version of the record, for If-Match.", "schema": {"type": "string"}}
LIMITS = {
    "RateLimit-Policy": {
        "description": "The request limit and its window in seconds.",
        "schema": {"type": "string"},
    },
    "RateLimit": {"description": "The remaining requests and the seconds until reset.", "schema": {"type": "string"}},
}
PLAIN = {"boolean": True, "date-time": "2026-03-31T14:30:00Z", "integer": 1, "object": {}}
"""The examples of fields that have none of their own; a text needs one."""

OF_REFUSALS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "Retry-After": (
        (429, 503),
        {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
    ),
    "WWW-Authenticate": ((401,), {"description": "How to authenticate.", "schema": {"type": "string"}}),
}


def build_document(app: Flask) -> dict[str, Any]:
    """Build the OpenAPI 3.1 document of the API."""
    endpoints = sorted(_list_endpoints(app), key=lambda endpoint: (endpoint[1], METHODS.index(endpoint[0])))
    known = _list_schemas(description for *_, description in endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for method, path, rule, view, description in endpoints:
        operation = _describe(rule, view, description, known)
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Piper CRM",
            "version": VERSION,
            "description": ABOUT,
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in known.items() if not name.endswith("Query")},
            "securitySchemes": SECURITY,
        },
    }


def _list_endpoints(app: Flask) -> Iterator[tuple[str, str, Rule, Any, Description]]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        description = getattr(view, "description", None)
        if description is not None:
            path = re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule)
            for method in METHODS:
                if method.upper() in (rule.methods or ()):
                    yield method, path, rule, view, description


def _describe(rule: Rule, view: Any, description: Description, known: dict[str, Any]) -> dict[str, Any]:
    answers = {**_list_answers(rule, description, known), **_list_refusals(rule, view, description, known)}
    operation: dict[str, Any] = {
        "operationId": view.__name__,
        "summary": description.summary,
        "tags": [description.tag],
        "parameters": [*_list_parameters(rule, description, known)],
        "responses": answers,
    }
    if view.__doc__:
        operation["description"] = " ".join(view.__doc__.split())
    if description.body:
        operation["requestBody"] = {"required": True, "content": _describe_content(description.body, known)}
    if description.file:
        schema = {"type": "string", "format": "import-file"}
        content = {"application/octet-stream": {"schema": schema, "example": description.file}}
        operation["requestBody"] = {"required": True, "content": content}
    if description.upload:
        parts = {"$ref": REFERENCE.format(model=description.upload.__name__)}
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": parts}}}
    return operation


def _list_parameters(rule: Rule, description: Description, known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in sorted(rule.arguments):
        schema = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema, "example": 1}
    if description.query:
        asked = known[description.query.__name__]
        for name, schema in asked["properties"].items():
            parameter = _describe_parameter(schema)
            if name == "fields":
                parameter["schema"]["pattern"] = _fields_of(description)
            yield {"name": name, "in": "query", "required": name in asked.get("required", ()), **parameter}
    if _has_version(rule, description):
        yield UNLESS
    if description.needs_match:
        yield MATCH
    if description.is_once:
        yield KEY


def _describe_parameter(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter can be omitted, but not null."""
    chosen = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    kept = {name: value for name, value in chosen.items() if name not in ("default", "description")}
    description = schema.get("description") or chosen.get("description")
    return {"schema": kept, **({"description": description} if description else {})}


def _fields_of(description: Description) -> str:
    """The names that ``fields`` may choose from, each once or more."""
    answers = (*description.answers.values(), description.lines)
    models = [_item_of(model) or model for model in answers if isinstance(model, type)]
    names = "|".join(sorted({name for model in models for name in model.model_fields}))
    return f"^({names})(,({names}))*$"


def _has_version(rule: Rule, description: Description) -> bool:
    model = description.answers.get(200)
    return "GET" in (rule.methods or ()) and isinstance(model, type) and "version" in model.model_fields


def _describe_content(model: Model, known: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(model=model.__name__)}
    return {"application/json": {"schema": schema, "example": _compose_example(schema, known)}}


def _describe_problem(status: int, known: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(model="Problem")}
    example = _compose_example(schema, known)
    example |= {"title": HTTPStatus(status).phrase, "status": status, "detail": REFUSALS[status]}
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        example["errors"] = [_compose_example(known["FieldError"], known)]
    return {"application/problem+json": {"schema": schema, "example": example}}


def _compose_example(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    """Compose an example from those of the fields; what is null by default and has none is left out."""
    schema = _resolve(schema, known)
    if "examples" in schema:
        return schema["examples"][0]
    if "properties" in schema:
        fields = {name: (field, _compose_example(field, known)) for name, field in schema["properties"].items()}
        return {name: value for name, (field, value) in fields.items() if value is not None or "default" not in field}
    if "anyOf" in schema:
        option = _resolve(schema["anyOf"][0], known)
        return _compose_example(option, known) if {"examples", "properties"} & option.keys() else None
    if "default" in schema:
        return schema["default"]
    if "items" in schema:
        return [_compose_example(schema["items"], known)]
    return schema["enum"][0] if "enum" in schema else PLAIN[schema.get("format", schema["type"])]


def _resolve(schema: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    return known[schema["$ref"].removeprefix(REFERENCE.format(model=""))] | schema if "$ref" in schema else schema


def _list_answers(rule: Rule, description: Description, known: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    if _has_version(rule, description):
        answers["304"] = {"description": "Not modified. Your copy is current.", "headers": {**LIMITS, "ETag": ETAG}}
    for status, model in description.answers.items():
        answer: dict[str, Any] = {"description": SUCCESSES[status], "headers": dict(LIMITS)}
        if isinstance(model, str):
            answer["content"] = {model: _describe_lines(description.lines, known) if description.lines else {}}
        elif model is not None:
            answer["content"] = _describe_content(model, known)
            if "version" in model.model_fields:
                answer["headers"]["ETag"] = ETAG
        answers[str(status)] = answer
    return answers


def _describe_lines(model: Model, known: dict[str, Any]) -> dict[str, Any]:
    line = json.dumps(_compose_example(known[model.__name__], known))
    return {"schema": {"type": "string"}, "example": f"{line}\n"}


def _list_refusals(rule: Rule, view: Any, description: Description, known: dict[str, Any]) -> dict[str, Any]:
    statuses = {400, 401, 403, 429, 503}
    statuses |= {404} if rule.arguments else set()
    statuses |= {422} if description.query or description.body or description.is_once else set()
    statuses |= {414} if description.query else set()
    statuses |= {413, 415} if description.body or description.upload else {413, 422} if description.file else set()
    statuses |= {412, 428} if description.needs_match else set()
    words = {status: REFUSALS[status] for status in statuses} | dict(description.refuses)
    if description.upload:
        words[415] = "The body is not multipart/form-data."
    # Anyone may read, but a token that only reads may not write.
    if "GET" in (rule.methods or ()) and getattr(view, "access", None) in (Action.READ, "signed in"):
        words.pop(403, None)
    return {
        str(status): {
            "description": words[status] or HTTPStatus(status).phrase,
            "headers": _list_headers(status),
            **({} if status == HTTPStatus.REQUEST_URI_TOO_LONG else {"content": _describe_problem(status, known)}),
        }
        for status in sorted(words)
    }


def _list_headers(status: int) -> dict[str, Any]:
    # The web server says 414, and the database may be away before anybody has asked it for the token.
    limits = {} if status in (414, 503) else LIMITS
    return limits | {name: header for name, (codes, header) in OF_REFUSALS.items() if status in codes}


@cache
def _schemas_of(models: tuple[Model, ...], chosen: tuple[str, ...]) -> dict[str, Any]:
    # By the names of the fields, which are published, and not of what they are read from.
    _, known = models_json_schema([(model, "validation") for model in models], by_alias=False, ref_template=REFERENCE)
    schemas_by_name = dict(sorted(_without_titles(known.get("$defs", {})).items()))
    for name in chosen:
        schemas_by_name[name].pop("required", None)
        schemas_by_name[name]["description"] += " All fields are present unless you ask for some with fields."
    return schemas_by_name


def _without_titles(schema: Any) -> Any:
    """Drop the titles that Pydantic derives from field names."""
    if isinstance(schema, dict):
        return {key: _without_titles(value) for key, value in schema.items() if key != "title" or type(value) is dict}
    return [_without_titles(value) for value in schema] if isinstance(schema, list) else schema


def _list_schemas(descriptions: Iterator[Description]) -> dict[str, Any]:
    models: set[Model] = {schemas.Problem}
    chosen: set[str] = set()
    for description in descriptions:
        of_it = (description.query, description.body, description.upload, *description.answers.values())
        models |= {model for model in of_it if isinstance(model, type)}
        if description.query and "fields" in description.query.model_fields:
            answers = [model for model in description.answers.values() if isinstance(model, type)]
            chosen |= {(_item_of(model) or model).__name__ for model in answers}
    return _schemas_of(tuple(sorted(models, key=lambda model: model.__name__)), tuple(sorted(chosen)))


def _item_of(model: Model) -> Model | None:
    """Return the model of a page's records; ``None`` for anything but a page."""
    items = model.model_fields.get("items")
    found: Model | None = items.annotation.__args__[0] if items and items.annotation else None
    return found
