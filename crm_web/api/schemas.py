"""What everything that goes in and out of the API shares; the names of the classes are those of the documentation."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from werkzeug.datastructures import MultiDict

from crm_web.api.field_types import NOT_BLANK, CountryOrNone, Day, DayWord, FewWords, Many, Word
from crm_web.lists.record_params import LONGEST_REST
from crm_web.web.schemas import ResponseModel

MARK = "^[A-Za-z0-9_-]+$"
Item = TypeVar("Item", bound="ResponseModel")


def needs_one_of(*names: str) -> dict[str, Any]:
    """Say in JSON Schema that one of some texts has to be there, and not blank."""
    return {
        "anyOf": [
            {"required": [name], "properties": {name: {"type": "string", "minLength": 1, "pattern": NOT_BLANK}}}
            for name in names
        ]
    }


def needs_with(name: str, other: str) -> dict[str, Any]:
    """Say in JSON Schema that a value has to come with another."""
    return {
        "anyOf": [
            {"properties": {name: {"type": "null"}}},
            {"required": [other], "properties": {other: {"type": "string"}}},
        ]
    }


class Sent(BaseModel):
    """The parent of everything that programs send: nothing unknown is let pass."""

    model_config = ConfigDict(extra="forbid")

    def values(self) -> dict[str, Any]:
        """Return what was sent, and nothing else, as the operations take it."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class PageOf(ResponseModel, Generic[Item]):
    """The parent of every page of a list: what ``exchange.show_page`` answers."""

    items: Sequence[Item]
    count: int = Field(description="How many there are in all; of very many only that there are more.")
    count_is_exact: bool
    is_in_order: bool = Field(
        description="Whether this is the order asked for: too many to be sorted come in the usual one."
    )
    next: str | None
    previous: str | None


class FieldError(ResponseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Saved(ResponseModel):
    """The parent of a record as the request that saved it is answered."""

    warnings: Sequence[FieldError] = Field(
        (), description="What was saved though it may be wrong, such as a phone number that is not known to be in use."
    )


class Problem(ResponseModel):
    """Why a request failed: problem details as in RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = Field(description="What to tell an administrator.")
    errors: Sequence[FieldError] | None = None
    likely: Sequence[Mapping[str, Any]] | None = Field(None, description="Customers to choose from.")
    obstacles: Sequence[Mapping[str, Any]] | None = Field(None, description="Why the win can’t be undone.")


class FieldsQuery(Sent):
    """Which fields are wanted."""

    fields: Annotated[str, Field(max_length=2000, description="Names of the fields wanted, with commas.")] | None = None


class PageQuery(FieldsQuery):
    """Where one stands in a list."""

    limit: Annotated[int, Field(ge=1, le=500, description="Records a page.")] = 50
    at: (
        Annotated[str, Field(max_length=2000, pattern=MARK, description="The mark of a page, from next or previous.")]
        | None
    ) = None


class FilterQuery(Sent):
    """The filters that all lists of records have, by the words of the lists in the browser."""

    q: (
        Annotated[
            FewWords,
            Field(
                max_length=300,
                description="Words in what names and reaches it, at most eight. Typing errors are not corrected.",
            ),
        ]
        | None
    ) = None
    industry: Annotated[Many[Word], Field(description="Industries, or (none).")] = ()
    country: Annotated[Many[CountryOrNone], Field(description="ISO 3166-1 codes, or (none).")] = ()
    created: Annotated[DayWord, Field(description="Entered in these days, in your time zone.")] | None = None
    created_from: Day | None = None
    created_to: Annotated[Day, Field(description="Before this day.")] | None = None
    active_from: Day | None = None
    active_to: Annotated[Day, Field(description="Last activity before this day.")] | None = None
    untouched: Annotated[int, Field(ge=1, le=LONGEST_REST, description="For so many days at least.")] | None = None

    def as_address(self) -> MultiDict[str, str]:
        """Say the same as the address of the list in the browser would; nothing in it means anything else there."""
        given = {name: value for name in self.model_fields_set if (value := getattr(self, name)) is not None}
        lists = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
        return MultiDict([(name, str(value)) for name, values in lists.items() for value in values])
