"""What happens before and after each API request: authentication, rate limits, error responses."""

from flask import Response, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from crm_web.api import blueprint
from crm_web.api.http import WrongRequest
from crm_web.api.problem_mapping import build_refusal
from crm_web.auth.tokens.access import LARGEST_BODY, READING, require_scope
from crm_web.auth.tokens.operations import RateLimitUse
from crm_web.core.errors import DomainError
from crm_web.core.extensions import csrf, db
from crm_web.core.problem_details import make_problem

# Who comes with a token sends no cookie that a stranger's page could make use of; the rest is checked below.
csrf.exempt(blueprint)


@blueprint.before_request
def guard_request() -> None:
    """Count the request of a token and check its scope; check the CSRF token of a browser's session."""
    request.max_content_length = LARGEST_BODY
    if request.method == "OPTIONS":
        return
    if g.get("api_token") is None:
        if request.method not in READING:
            csrf.protect()
        return
    require_scope()


@blueprint.after_app_request
def add_rate_limit_headers(response: Response) -> Response:
    """Add headers with the rest of the rate limit."""
    use: RateLimitUse | None = g.get("token_use")
    if use is None:
        return response
    response.headers["RateLimit-Policy"] = f'"{use.what}";q={use.most};w={int(use.window.total_seconds())}'
    response.headers["RateLimit"] = f'"{use.what}";r={max(0, use.most - use.requests)};t={use.seconds}'
    if response.status_code == 429:
        response.headers["Retry-After"] = str(use.seconds)
    return response


@blueprint.errorhandler(WrongRequest)
def refuse_request(error: WrongRequest) -> ResponseReturnValue:
    """Answer a request with invalid fields."""
    return make_problem(422, "The request is not valid. See errors.", errors=error.errors)


@blueprint.errorhandler(DomainError)
@blueprint.errorhandler(IntegrityError)
def refuse_action(error: DomainError | IntegrityError) -> ResponseReturnValue:
    """Answer a refusal by a rule or a constraint, and roll back."""
    db.session.rollback()
    return build_refusal(error).to_response()
