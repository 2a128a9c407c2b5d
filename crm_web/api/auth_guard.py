"""What happens before and after each API request: authentication, rate limits, error responses."""

from flask import Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import RequestEntityTooLarge

from crm_web.api import blueprint
from crm_web.api.endpoint_docs import Description
from crm_web.api.http import WrongRequest
from crm_web.api.problem_mapping import build_refusal
from crm_web.auth.tokens.access import LARGEST_BODY, READING, require_scope
from crm_web.auth.tokens.operations import RateLimitUse
from crm_web.core.errors import DomainError
from crm_web.core.extensions import csrf, db
from crm_web.core.problem_details import make_problem
from crm_web.web.uploads import read_to_end

# Who comes with a token sends no cookie that a stranger's page could make use of; the rest is checked below.
csrf.exempt(blueprint)


@blueprint.before_request
def guard_request() -> None:
    """Count the request of a token and check its scope; check the CSRF token of a browser's session."""
    description: Description | None = getattr(current_app.view_functions[str(request.endpoint)], "description", None)
    if description is None or description.upload is None:
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


@blueprint.errorhandler(RequestEntityTooLarge)
def refuse_large_body(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Answer once the rest was read: most programs listen only then."""
    read_to_end(request.environ["wsgi.input"])
    return build_refusal(error).to_response()


@blueprint.errorhandler(DomainError)
@blueprint.errorhandler(IntegrityError)
def refuse_action(error: DomainError | IntegrityError) -> ResponseReturnValue:
    """Answer a refusal by a rule or a constraint, and roll back."""
    db.session.rollback()
    return build_refusal(error).to_response()
