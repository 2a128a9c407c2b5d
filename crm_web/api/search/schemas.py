"""What of the search goes in and out of the API."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from crm_web.api.field_types import FewWords, among
from crm_web.api.schemas import Sent
from crm_web.search.queries import MOST_HITS
from crm_web.search.results import KINDS
from crm_web.search.words import LONGEST_TYPED
from crm_web.web.schemas import ResponseModel


class SearchQuery(Sent):
    """What is looked for."""

    q: FewWords = Field(
        min_length=1, max_length=LONGEST_TYPED, description="Words, eight at most; a number, an e-mail, a telephone."
    )
    kind: Annotated[str, Field(pattern=among(KINDS), description="Of this kind alone.")] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 20


class SearchHit(ResponseModel):
    """One record that was found."""

    kind: str = Field(pattern=among(KINDS))
    id: int
    name: str
    detail: str | None = Field(description="What tells it from others, as the search in the browser shows it.")
    url: str = Field(description="Where the record is read.")


class SearchAnswer(ResponseModel):
    """What was found, the best first."""

    items: Sequence[SearchHit]
    is_all: bool = Field(description="Whether there is no more to find.")
