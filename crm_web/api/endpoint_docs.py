"""Documentation of an endpoint, declared where the endpoint is.

@blueprint.patch("/api/v1/leads/<int:lead_id>")
@allowed(Action.CHANGE_OWN)
@describe("Update a lead", "leads", body=schemas.LeadChange, answers={200: schemas.Lead}, needs_match=True)
def change_lead(lead_id: int) -> ResponseReturnValue:
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

View = TypeVar("View", bound=Callable[..., Any])
Model = type[BaseModel]


@dataclass(frozen=True)
class Description:
    """One endpoint, as programs know it; its view's docstring says more.

    :param upload: the parts of a body of multipart/form-data, for which the limit of files counts
    :param answers: what it answers by status; a text is the media type of a stream
    :param needs_match: whether ``If-Match`` has to name the version that the program saw
    :param is_once: whether it takes an ``Idempotency-Key``
    :param file: an example of the body if that is a file
    """

    summary: str
    tag: str
    _: KW_ONLY
    query: Model | None = None
    body: Model | None = None
    upload: Model | None = None
    answers: Mapping[int, Model | str | None]
    refuses: Mapping[int, str] = field(default_factory=dict)
    needs_match: bool = False
    is_once: bool = False
    lines: Model | None = None
    file: str = ""

    def __call__(self, view: View) -> View:
        """Mark the view of the endpoint with it."""
        view.description = self  # type: ignore[attr-defined]
        return view


describe = Description
MERGED = {409: "It was merged into another record. Undo the merge instead."}

TAGS: Sequence[tuple[str, str]] = (
    ("leads", "Sales opportunities, from first contact to Won or Lost."),
    ("winning", "Win a lead and create or link its customer, with preview and undo."),
    ("customers", "Companies and people who buy from you."),
    ("contacts", "The people at a customer."),
    ("activities", "Notes, calls, meetings, emails and tasks on leads and customers."),
    ("files", "Files on leads, customers and activities."),
    ("notifications", "What happened that concerns you."),
    ("imports", "Import files of leads, customers, contacts and activities, and undo imports."),
    ("employees", "The people who use the CRM."),
    ("history", "Who changed what, when and how, and all conversions of leads to customers."),
    ("webhooks", "Send changes to other apps as they happen, signed as Standard Webhooks."),
    ("search", "Search all records."),
)
