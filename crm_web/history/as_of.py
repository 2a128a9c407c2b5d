"""The URL parameter ``as_of``: the time at which a page shows a record."""

from datetime import datetime

from flask import abort, request

from crm_web.records.date_input import EARLIEST, LATEST
from crm_web.web.template_filters import current_user_locale


def read_as_of() -> datetime | None:
    """Read the time a page is asked for; one without a zone is in the user's time zone.

    :return: ``None`` for the present
    :raise NotFound: if it is no time, or out of range
    """
    typed = request.args.get("as_of")
    if typed is None:
        return None
    try:
        # A plus sign typed into the URL arrives as a blank.
        moment = datetime.fromisoformat(typed.replace(" ", "+") if "T" in typed else typed)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=current_user_locale().zone)
        moment.timestamp()
    except (ValueError, OverflowError):
        abort(404)
    # Conversion to some time zone would overflow beyond these.
    return moment if EARLIEST.year <= moment.year <= LATEST.year else abort(404)
