"""The moment in an address: ``?as_of=``."""

from datetime import datetime

from flask import abort, request

from crm_web.records.date_input import EARLIEST, LATEST
from crm_web.web.template_filters import current_user_locale


def read_as_of() -> datetime | None:
    """
    Read from the address of which moment a page is asked for.

    :return: the moment, one without a zone taken in the reader's; ``None`` for today
    :raise NotFound: where it is no moment, or out of the range of a working life
    """
    typed = request.args.get("as_of")
    if typed is None:
        return None
    try:
        # A plus sign that somebody typed into the address arrives as a blank.
        moment = datetime.fromisoformat(typed.replace(" ", "+") if "T" in typed else typed)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=current_user_locale().zone)
        moment.timestamp()
    except (ValueError, OverflowError):
        abort(404)
    # Beyond these no reader's clock could show it.
    return moment if EARLIEST.year <= moment.year <= LATEST.year else abort(404)
