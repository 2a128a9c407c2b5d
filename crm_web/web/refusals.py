"""What a page answers if an operation refuses, where no form can show the reason."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import abort, make_response

from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.web.idempotency import Answer


@contextmanager
def refusals_shown_at(place: str) -> Iterator[None]:
    """Roll back and redirect with the reason if an operation inside the block refuses.

    :param place: the URL to redirect to
    """
    try:
        yield
    except DomainError as error:
        db.session.rollback()
        abort(make_response(Answer(error.message, place, kind="warning").give()))
