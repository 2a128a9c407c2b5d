"""From a record to the next or the previous one of its list, which is found only when somebody goes there."""

from collections.abc import Callable

from flask import redirect
from flask.typing import ResponseReturnValue

from crm_web.lists.record_params import SpecListParams
from crm_web.web.flash import flash_message


def go_to_neighbor(
    view: SpecListParams, record_id: int, *, forward: bool, url_of: Callable[[int], str]
) -> ResponseReturnValue:
    """Redirect to the next or previous record; at the end of the list, say so and stay.

    :param url_of: gives the page of a record
    """
    found = view.find_neighbor(record_id, forward=forward)
    if found is None:
        flash_message(f"This is the {'last' if forward else 'first'} one in the list.", kind="info")
    return redirect(url_of(record_id if found is None else found), code=303)
