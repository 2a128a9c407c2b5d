"""Where to go on for a record that was deleted for good: its page is gone, but history tells its story."""

from flask import abort, redirect, url_for
from flask.typing import ResponseReturnValue

from crm_web.history.formatting import Record
from crm_web.history.queries import find_end


def go_to_story(kind: str, record_id: int) -> ResponseReturnValue:
    """
    Answer a request for a record that is not there.

    :param kind: what kind of record, such as ``lead``
    :param record_id: its id
    :return: the way to its story
    :raise NotFound: where there never was such a record
    """
    if find_end(Record(kind, record_id)) is None:
        abort(404)
    return redirect(url_for("history.show_story", kind=kind, record_id=record_id), code=303)
