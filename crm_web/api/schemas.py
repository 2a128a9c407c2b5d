"""Schemas that all parts of the API share. Class names appear in its documentation."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from werkzeug.datastructures import MultiDict

from crm_web.api.field_types import NOT_BLANK
from crm_web.web.schemas import REQUEST_ID, ResponseModel

MARK = "^[A-Za-z0-9_-]+$"
Item = TypeVar("Item", bound="ResponseModel")


def needs_one_of(*names: str) -> dict[str, Any]:
    """Build the JSON Schema that requires one of some texts."""
    return {
        "anyOf": [
            {"required": [name], "properties": {name: {"type": "string", "minLength": 1, "pattern": NOT_BLANK}}}
            for name in names
        ]
    }


def needs_with(name: str, other: str) -> dict[str, Any]:
    """Build the JSON Schema of a value that requires another one."""
    return {
        "anyOf": [
            {"properties": {name: {"type": "null"}}},
            {"required": [other], "properties": {other: {"type": "string"}}},
        ]
    }


class Sent(BaseModel):
    """The base of all request bodies; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    def values(self) -> dict[str, Any]:
        """Return what was sent, and nothing else, as the operations take it."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class PageOf(ResponseModel, Generic[Item]):
    """The parent of every page of a list: what ``exchange.show_page`` answers."""

    items: Sequence[Item]
    count: int = Field(description="The total number, or a lower bound for very large lists.")
    count_is_exact: bool
    is_in_order: bool = Field(
        description="Whether the list is in the requested order. Lists too large to sort come in the default order."
    )
    next: str | None = Field(
        description="The cursor of the next page. A page of a large filtered list can hold fewer records than its"
        " limit, or none: only null means that no more follow."
    )
    previous: str | None


class FieldError(ResponseModel):
    """An error in one field."""

    field: str = Field(examples=["currency"])
    message: str = Field(examples=["Choose one of the ISO 4217 codes."])


class Saved(ResponseModel):
    """The base of a saved record’s answer."""

    warnings: Sequence[FieldError] = Field(
        (), description="Values that were saved but look wrong, such as an unknown phone number."
    )


class Problem(ResponseModel):
    """Why a request failed (problem details, RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["The record doesn’t exist."])
    request_id: str | None = Field(examples=[REQUEST_ID], description="Give this to your admin if you need help.")
    errors: Sequence[FieldError] | None = None
    likely: Sequence[Mapping[str, Any]] | None = Field(None, description="Possible matches to choose from.")
    obstacles: Sequence[Mapping[str, Any]] | None = Field(None, description="Why the win can’t be undone.")


class FieldsQuery(Sent):
    """The fields to return."""

    fields: Annotated[str, Field(max_length=2000, description="Fields to return, comma-separated.")] | None = None


class PageQuery(FieldsQuery):
    """The page of a list."""

    limit: Annotated[int, Field(ge=1, le=500, description="Records per page.")] = 50
    at: (
        Annotated[str, Field(max_length=2000, pattern=MARK, description="A page’s cursor, from next or previous.")]
        | None
    ) = None


class FilterQuery(Sent):
    """The parent of the queries of lists, whose parameters are the words of the lists in the browser."""

    def as_address(self) -> MultiDict[str, str]:
        """Return the query as the URL of the list in the browser has it."""
        given = {name: value for name in self.model_fields_set if (value := getattr(self, name)) is not None}
        lists = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
        return MultiDict([(name, str(value)) for name, values in lists.items() for value in values])
