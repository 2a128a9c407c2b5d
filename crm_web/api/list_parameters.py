"""The query parameters of lists and their documentation, which follow from the filters and orders of each list."""

from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch
from typing import Annotated, Any, TypeVar

from pydantic import Field, create_model

from crm_web.api.field_types import AskedAmount, CountryOrNone, Currency, Day, FewWords, Many, RecordId, Word, among
from crm_web.api.schemas import FilterQuery
from crm_web.leads.listing.filters import AmountFilter
from crm_web.lists import filters as known
from crm_web.lists.date_ranges import WORDS
from crm_web.lists.spec import ListSpec

Q = TypeVar("Q", bound=FilterQuery)
Parameter = tuple[Any, Any]
"""The type of a parameter, and what stands where it is not given."""
LONGEST_SEARCH = 300


def with_filters(filters: Sequence[known.Filter], spec: ListSpec) -> Callable[[type[Q]], type[Q]]:
    """Add the parameters of a list to a query."""
    fields: dict[str, Any] = {name: parameter for it in filters for name, parameter in parameters_of(it).items()}
    word = Annotated[str, Field(pattern=f"^-?({'|'.join(spec.sorts)})$")]
    fields["sort"] = _one(word, "A minus sign sorts descending.")

    def add(query: type[Q]) -> type[Q]:
        return create_model(
            query.__name__, __base__=query, __module__=query.__module__, __doc__=query.__doc__, **fields
        )

    return add


@singledispatch
def parameters_of(it: known.Filter) -> Mapping[str, Parameter]:
    """The parameters of a filter: the type of each, with its documentation."""
    raise NotImplementedError(type(it))


def _one(kind: Any, description: str = "") -> Parameter:
    return Annotated[kind, Field(description=description or None)] | None, None


def _many(kind: Any, description: str) -> Parameter:
    return Annotated[Many[kind], Field(description=description or None)], ()


@parameters_of.register
def _(it: known.SearchFilter) -> Mapping[str, Parameter]:
    return {it.name: _one(Annotated[FewWords, Field(max_length=LONGEST_SEARCH)], it.help)}


@parameters_of.register
def _(it: known.ChoiceFilter) -> Mapping[str, Parameter]:
    kind: Any = type(it.words[0])
    if len(it.words) < len(kind):
        kind = Annotated[str, Field(pattern=among(it.words))]
    return {it.name: _one(kind, it.help) if it.is_single else _many(kind, it.help)}


@parameters_of.register
def _(it: known.PeopleFilter) -> Mapping[str, Parameter]:
    kind = Annotated[str, Field(pattern=f"^({'|'.join(it.words)}|[1-9][0-9]{{0,17}})$")]
    return {it.name: _many(kind, it.help or f"Employee ids, or {', '.join(it.words)}.")}


@parameters_of.register
def _(it: known.WordFilter) -> Mapping[str, Parameter]:
    return {it.name: _many(Word, it.help or f"{it.title}, or {known.NOTHING_GIVEN}.")}


@parameters_of.register
def _(it: known.CountryFilter) -> Mapping[str, Parameter]:
    return {it.name: _many(CountryOrNone, f"ISO 3166-1 codes, or {known.NOTHING_GIVEN}.")}


@parameters_of.register
def _(it: known.DatesFilter) -> Mapping[str, Parameter]:
    word = Annotated[str, Field(pattern=among((*it.others, *WORDS)))]
    others = "".join(f", or {label.lower()}" for label in it.others.values())
    first, after = it.days
    days = {first: _one(Day, f"{it.title} on this day or later."), after: _one(Day, f"{it.title} before this day.")}
    named = {it.name: _one(word, f"{it.title} in this period, in your time zone{others}.")}
    return {**named, **days} if it.offered else days


@parameters_of.register
def _(it: known.UntouchedFilter) -> Mapping[str, Parameter]:
    days = Annotated[int, Field(ge=1, le=known.LONGEST_REST)]
    return {it.name: _one(days, "At least so many days without activity.")}


@parameters_of.register
def _(it: known.MissingFilter) -> Mapping[str, Parameter]:
    return {it.name: _many(Annotated[str, Field(pattern=among(it.words))], "Records without a value in these fields.")}


@parameters_of.register
def _(it: known.RecordIdFilter) -> Mapping[str, Parameter]:
    return {it.name: _one(RecordId, f"The id of a {it.title.lower()}.")}


@parameters_of.register
def _(it: AmountFilter) -> Mapping[str, Parameter]:
    first, last = it.sides
    least = _one(AskedAmount, "In any currency, or in the one given.")
    return {"currency": _one(Currency), first: least, last: _one(AskedAmount)}
