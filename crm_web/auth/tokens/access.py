"""What requests with a token may do, for every interface that takes tokens."""

from flask import abort, g, request

from crm_web.models import Scope

READING = ("GET", "HEAD", "OPTIONS")
LARGEST_BODY = 4 * 1024 * 1024


def require_scope() -> None:
    """Refuse to change anything with a token that is read-only.

    :raise HTTPException: 403 with the reason
    """
    if g.api_token.scope is Scope.READ and request.method not in READING:
        abort(403, "This token is read-only. Create one with read and write access.")
