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
    """The search query."""

    q: FewWords = Field(
        min_length=1, max_length=LONGEST_TYPED, description="Up to 8 words, a number, an email or a phone number."
    )
    kind: Annotated[str, Field(pattern=among(KINDS), description="Only this type.")] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 20


class SearchHit(ResponseModel):
    """A search result."""

    kind: str = Field(examples=["lead"], pattern=among(KINDS))
    id: int
    name: str = Field(examples=["Mei Tanaka"])
    detail: str | None = Field(
        examples=["Tanaka KK"], description="A detail that identifies it, as shown in the app’s search."
    )
    url: str = Field(examples=["/api/v1/leads/1"], description="The URL of the record.")


class SearchAnswer(ResponseModel):
    """Search results, best matches first."""

    items: Sequence[SearchHit]
    is_all: bool = Field(description="Whether these are all results.")
