"""Redirects from a record that was deleted permanently to its history."""

from flask import abort, redirect, url_for
from flask.typing import ResponseReturnValue

from crm_web.history.formatting import RecordRef
from crm_web.history.queries import find_end


def redirect_to_history(kind: str, record_id: int) -> ResponseReturnValue:
    """Redirect to the history of a record that is gone.

    :param kind: such as ``lead``
    :raise NotFound: if there never was such a record
    """
    if find_end(RecordRef(kind, record_id)) is None:
        abort(404)
    return redirect(url_for("history.show_story", kind=kind, record_id=record_id), code=303)
