"""The OpenAPI document, and Swagger UI for it."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from flask import Response, abort, current_app, json, render_template, send_from_directory
from flask.typing import ResponseReturnValue

from crm_web.api import blueprint
from crm_web.api.docs.openapi import build_document
from crm_web.auth.permissions import public, signed_in

SWAGGER_FILES = ("swagger_bundle.js", "swagger_style.css")


@blueprint.get("/openapi.json")
@public
def show_openapi() -> ResponseReturnValue:
    return Response(json.dumps(build_document(current_app), sort_keys=False), mimetype="application/json")


@blueprint.get("/docs")
@signed_in
def show_docs() -> ResponseReturnValue:
    return render_template("api/show_docs.html")


@blueprint.get("/docs/<name>")
@signed_in
def show_docs_file(name: str) -> ResponseReturnValue:
    if name not in SWAGGER_FILES:
        abort(404)
    return send_from_directory(_find_swagger(), name, max_age=3600)


@cache
def _find_swagger() -> Path:
    """Locate the package without importing it, which would register a page with inline scripts."""
    found = find_spec("offapi")
    if found is None or found.origin is None:
        raise RuntimeError("The package offapi is missing. It provides Swagger UI.")
    return Path(found.origin).parent
