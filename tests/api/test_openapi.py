"""The documentation says everything, and is valid."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from pydantic import BaseModel
from sqlalchemy import inspect

from crm_web.api.activities import schemas as activity_schemas
from crm_web.api.customers import schemas
from crm_web.api.docs.openapi import build_document
from crm_web.api.employees import schemas as employee_schemas
from crm_web.api.files import schemas as file_schemas
from crm_web.api.leads import schemas as lead_schemas
from crm_web.models import Activity, Contact, Customer, Employee, File, Lead
from tests.page import Browser

# What programs never see of a record. The same text once more, folded for sorting, searching and matching:
FOLDED = {"email_normalised", "search_text", "sort_name"}
LEFT_OUT = {
    # Who threw a record away is in history; how far a lead ever came is what reports count; the board loads due dates.
    Lead: FOLDED | {"deleted_by_id", "furthest_status", "next_due_on"},
    Customer: FOLDED | {"deleted_by_id"},
    Contact: FOLDED | {"deleted_by_id"},
    Activity: set(),
    File: {"deleted_by_id"},
    # A secret, what concerns the person alone, and what is in history.
    Employee: FOLDED
    | {"password_hash", "theme", "uses_keys", "chosen_start_page", "must_change_password", "has_second_factor"}
    | {"created_by_id", "updated_by_id"},
}
SHOWN: dict[type[Any], type[BaseModel]] = {
    Lead: lead_schemas.Lead,
    Customer: schemas.Customer,
    Contact: schemas.Contact,
    Activity: activity_schemas.Activity,
    File: file_schemas.File,
    Employee: employee_schemas.Employee,
}


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    """The document."""
    return build_document(app)


def _list_operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _list_contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, answer in operation["responses"].items():
        for media, content in answer.get("content", {}).items():
            yield f"{status} {media}", content
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"body {media}", content


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_anybody_can_read_it(visitor: Browser) -> None:
    answer = visitor.client.get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.get_json()["openapi"] == "3.1.0"


def test_every_endpoint_is_described(app: Flask) -> None:
    silent = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and not hasattr(app.view_functions[rule.endpoint], "description")
    ]
    assert silent == []


def test_every_operation_says_all_there_is_to_say(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    for name, operation in _list_operations(document):
        assert operation["summary"], name
        assert operation.get("description"), f"{name} has no docstring"
        assert set(operation["tags"]) <= tags, name
        assert {"401", "429", "503"} <= operation["responses"].keys(), name
    assert document["security"] == [{"token": []}, {"session": []}]


def test_every_body_and_answer_has_an_example_that_fits(document: dict[str, Any]) -> None:
    wrong = []
    for name, operation in _list_operations(document):
        for place, content in _list_contents(operation):
            if "json" not in place or "ndjson" in place:
                continue
            if "example" not in content:
                wrong.append(f"{name} {place}: no example")
                continue
            validator = Draft202012Validator({**content["schema"], "components": document["components"]})
            wrong += [f"{name} {place}: {error.message}" for error in validator.iter_errors(content["example"])]
    assert wrong == []


def test_schemas_have_clean_names(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if not name.isalnum()] == []


@pytest.mark.parametrize("model", SHOWN)
def test_every_column_is_in_the_document_or_left_out_on_purpose(model: type[Any]) -> None:
    columns = {column.key for column in inspect(model).column_attrs}
    shown = set(SHOWN[model].model_fields)
    assert columns - shown == LEFT_OUT[model]


@pytest.mark.parametrize(
    ("whole", "change"),
    [
        (lead_schemas.NewLead, lead_schemas.LeadChange),
        (schemas.NewCustomer, schemas.CustomerChange),
        (schemas.NewContact, schemas.ContactChange),
    ],
)
def test_what_can_be_entered_can_be_changed(whole: Any, change: Any) -> None:
    assert set(change.model_fields) >= set(whole.model_fields) - {"customer_id"}
