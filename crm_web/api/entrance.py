"""What happens to every request of a program before and after its view."""

from flask import Response, abort, current_app, g, request
from flask.typing import ResponseReturnValue
from psycopg2.errors import ExclusionViolation, ForeignKeyViolation, UniqueViolation
from sqlalchemy.exc import IntegrityError

from crm_web.api import blueprint
from crm_web.api.exchange import WrongRequest
from crm_web.customers.contact_operations import ContactInTrash
from crm_web.customers.conversion_operations import AnotherCustomer
from crm_web.customers.operations import CustomerInTrash, ParentNotPossible
from crm_web.employees.operations import (
    EmailTaken,
    EmployeeChangedMeanwhile,
    LastAdministrator,
    LeadsThemselves,
    ManagerNotThere,
    SuccessorNeeded,
    SuccessorNotEntitled,
)
from crm_web.errors import DomainError
from crm_web.extensions import csrf, db
from crm_web.leads.operations import CustomerNotThere, LeadInTrash, StatusChangedMeanwhile, WinStands
from crm_web.models import Scope
from crm_web.observe import log_event
from crm_web.problems import make_problem
from crm_web.records import ChangedMeanwhile, OwnerNotEntitled
from crm_web.tokens.operations import WINDOW
from crm_web.webhooks.operations import BeingSent, TooManyWebhooks, WebhookChangedMeanwhile

READING = ("GET", "HEAD", "OPTIONS")
LARGEST_BODY = 4 * 1024 * 1024
CONFLICTS = (
    AnotherCustomer,
    ChangedMeanwhile,
    ContactInTrash,
    CustomerInTrash,
    CustomerNotThere,
    EmailTaken,
    EmployeeChangedMeanwhile,
    LastAdministrator,
    LeadsThemselves,
    ManagerNotThere,
    SuccessorNeeded,
    SuccessorNotEntitled,
    LeadInTrash,
    OwnerNotEntitled,
    ParentNotPossible,
    BeingSent,
    StatusChangedMeanwhile,
    TooManyWebhooks,
    WebhookChangedMeanwhile,
    WinStands,
)
"""Refusals that another moment would not have made; any other one is about what was sent."""

# Who comes with a token sends no cookie that a stranger's page could make use of; the rest is checked below.
csrf.exempt(blueprint)


@blueprint.before_request
def let_in() -> None:
    """Tokens are counted, and hold their scope; sessions of browsers need their CSRF token."""
    request.max_content_length = LARGEST_BODY
    if request.method == "OPTIONS":
        return
    if g.get("api_token") is None:
        if request.method not in READING:
            csrf.protect()
        return
    if g.token_use.requests > _most_requests():
        abort(429, "This token made too many requests in this minute. Wait for the seconds of Retry-After.")
    if g.api_token.scope is Scope.READ and request.method not in READING:
        abort(403, "This token may only read. Make one that may write.")


@blueprint.after_app_request
def tell_rate(response: Response) -> Response:
    """Say how many requests the token has left."""
    use, limit = g.get("token_use"), _most_requests()
    if use is None:
        return response
    response.headers["RateLimit-Policy"] = f'"minute";q={limit};w={int(WINDOW.total_seconds())}'
    response.headers["RateLimit"] = f'"minute";r={max(0, limit - use.requests)};t={use.seconds}'
    if response.status_code == 429:
        response.headers["Retry-After"] = str(use.seconds)
    return response


def _most_requests() -> int:
    return int(current_app.config["API_REQUESTS_A_MINUTE"])


@blueprint.errorhandler(WrongRequest)
def refuse_request(error: WrongRequest) -> ResponseReturnValue:
    """Say which fields are wrong."""
    return make_problem(422, "Something in the request needs mending; see errors.", errors=error.errors)


@blueprint.errorhandler(DomainError)
def refuse_deed(error: DomainError) -> ResponseReturnValue:
    """Say which rule said no; nothing that was done before it stays."""
    db.session.rollback()
    errors = [{"field": error.field, "message": error.message}] if error.field else []
    # A change was checked by itself before: what no rule lets pass then is what it would make of the record.
    is_conflict = isinstance(error, CONFLICTS) or request.method == "PATCH"
    return make_problem(409 if is_conflict else 422, error.message, errors=errors)


@blueprint.errorhandler(IntegrityError)
def refuse_broken(error: IntegrityError) -> ResponseReturnValue:
    """Say what the database refused that no rule had seen, mostly because somebody else was quicker."""
    db.session.rollback()
    cause = error.orig
    is_conflict = isinstance(cause, UniqueViolation | ForeignKeyViolation | ExclusionViolation)
    name = getattr(getattr(cause, "diag", None), "constraint_name", None)
    log_event("constraint_held", constraint=name)
    words = "Another record stands against this; read again, then retry." if is_conflict else "This can’t be kept."
    return make_problem(409 if is_conflict else 422, f"{words} The database names the rule {name}.")
