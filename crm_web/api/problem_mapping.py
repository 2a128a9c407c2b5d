"""Maps errors to problem details: status, message and fields."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import Response
from psycopg2.errors import ExclusionViolation, ForeignKeyViolation, UniqueViolation
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from crm_web.core.errors import Conflict, DomainError, RecordGone
from crm_web.core.problem_details import describe_problem, make_problem
from crm_web.core.request_log import log_event
from crm_web.files.operations import FileTooLarge
from crm_web.files.storage.bucket import FilesUnreachable
from crm_web.web.error_pages import PAGES
from crm_web.winning.operations import WinStands


class CustomerNotChosen(Conflict):
    """A lead being won may be an existing customer, and the client has not said which.

    :param likely: the customers to choose from, as in the response
    """

    def __init__(self, likely: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("Choose a customer or create a new one.")
        self.likely = likely


class NothingLeft(Conflict):
    """A change would remove something that the record requires."""


STANDS_AGAINST: Mapping[type[Exception], str] = {
    UniqueViolation: "Another record already has this value.",
    ForeignKeyViolation: "A related record was added or deleted at the same time.",
    ExclusionViolation: "Another record conflicts with this change.",
}
"""What else the database has that refuses a row, in words."""


@dataclass(frozen=True)
class Refusal:
    """Why something was refused.

    :param detail: what is wrong and what to do about it, as a sentence
    :param errors: name and message for each invalid field
    :param more: more members, such as the customers to choose from
    """

    status: int
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def problem(self) -> dict[str, Any]:
        """The same as part of a response."""
        return describe_problem(self.status, self.detail, errors=self.errors, **self.more)

    def to_response(self) -> Response:
        headers = [("Retry-After", "5")] if self.status == 503 else []
        return make_problem(self.status, self.detail, errors=self.errors, headers=headers, **self.more)


def build_refusal(error: DomainError | HTTPException | RecordGone | IntegrityError) -> Refusal:
    """Map an error: a refusal by a rule, a missing or forbidden record, or a broken constraint."""
    if isinstance(error, IntegrityError):
        return _explain_constraint(error)
    if isinstance(error, RecordGone):
        return Refusal(410, PAGES[410][1])
    if isinstance(error, HTTPException):
        own = error.description if error.description != type(error).description else None
        code = error.code or 500
        return Refusal(code, own or PAGES[code][1])
    if isinstance(error, FileTooLarge):
        return Refusal(413, error.message)
    if isinstance(error, FilesUnreachable):
        return Refusal(503, error.message)
    errors = [{"field": error.field, "message": error.message}] if error.field else []
    more: dict[str, Any] = {}
    if isinstance(error, CustomerNotChosen):
        more["likely"] = error.likely
    if isinstance(error, WinStands):
        more["obstacles"] = [asdict(obstacle) for obstacle in error.obstacles]
    return Refusal(409 if isinstance(error, Conflict) else 422, error.message, errors, more)


def _explain_constraint(error: IntegrityError) -> Refusal:
    """The log names the constraint beside the request id. Usually somebody else was faster."""
    log_event("constraint_held", constraint=getattr(getattr(error.orig, "diag", None), "constraint_name", None))
    for kind, words in STANDS_AGAINST.items():
        if isinstance(error.orig, kind):
            return Refusal(409, f"{words} Read it again, then retry.")
    return Refusal(422, "The database refused a value. Give your admin the request_id.")
