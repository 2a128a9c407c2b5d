"""URLs: record ids in paths, and where a request may be redirected to."""

import re
from typing import Any

from flask import url_for
from werkzeug.routing import IntegerConverter

# A path of ours: browsers read "//", a backslash or a tab behind the first slash as the start of another host.
OWN_PAGE = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*(?:\?[^\s\\#\x00-\x1f\x7f]*)?")


class RecordId(IntegerConverter):
    """A number in an address that surely fits a bigint; any longer one is simply not there (404), by any method."""

    regex = "[0-9]{1,18}"


def safe_redirect_target(wanted: str | None) -> str | None:
    """
    Take an address that a request names as the place to go on to.

    :param wanted: the address, which anybody may have written
    :return: the same where it is a page of this site; ``None`` for anything else
    """
    return wanted if wanted and OWN_PAGE.fullmatch(wanted) else None


def url_before_id(endpoint: str, id_name: str) -> str:
    """
    Give what the addresses of all records of a kind begin with: a list needs it fifty times.

    :param endpoint: a view whose address ends in the id
    :param id_name: how the view calls the id
    :return: such as ``/leads/``
    """
    first: dict[str, Any] = {id_name: 0}
    return url_for(endpoint, **first).removesuffix("0")
