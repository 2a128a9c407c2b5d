"""The documentation says everything, and is valid."""

from flask import Flask
from openapi_spec_validator import validate

from crm_web.api.openapi import build_document


def test_the_document_is_valid(app: Flask) -> None:
    validate(build_document(app))


def test_every_endpoint_is_described(app: Flask) -> None:
    silent = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and not hasattr(app.view_functions[rule.endpoint], "description")
    ]
    assert silent == []
