"""URLs: record ids in paths, and safe redirect targets."""

import re
from collections.abc import Callable
from typing import Any

from flask import request, url_for
from werkzeug.routing import IntegerConverter

# A path of ours: browsers read "//", a backslash or a tab behind the first slash as the start of another host.
OWN_PAGE = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*(?:\?[^\s\\#\x00-\x1f\x7f]*)?")

STAND_IN = 900_000_000_000_000_000
"""The id of no record."""


class RecordId(IntegerConverter):
    """A record id in a path; one that does not fit a bigint is a 404."""

    regex = "[0-9]{1,18}"


def safe_redirect_target(wanted: str | None) -> str | None:
    """Return a redirect target that a request names if it is a page of this site, else ``None``."""
    return wanted if wanted and OWN_PAGE.fullmatch(wanted) else None


def next_url(default: str) -> str:
    """Return the page that the request names as the next one, else ``default``."""
    return safe_redirect_target(request.values.get("next")) or default


def url_as_asked(endpoint: str, **ids: Any) -> str:
    """Return the URL of the form of another record, for the same fields and with the same way on as this request."""
    asked: dict[str, Any] = {name: request.args.get(name) for name in ("fields", "next")}
    return url_for(endpoint, **asked, **ids)


def urls_of_fields(endpoint: str, **ids: Any) -> Callable[[str], str]:
    """Return what gives the URL of a record's form for some of its fields; the page of a record names thirty."""
    form = url_for(endpoint, **ids)
    before = f"{form}{'&' if '?' in form else '?'}fields="
    return lambda names: f"{before}{names}"


def urls_by_id(endpoint: str, id_name: str, **asked: Any) -> Callable[[int], str]:
    """Return what gives the URLs of many records of a kind, such as ``/activities/5/edit?next=/today``."""
    stand_in: dict[str, Any] = {id_name: STAND_IN}
    before, after = url_for(endpoint, **stand_in, **asked).split(str(STAND_IN))
    return lambda record_id: f"{before}{record_id}{after}"


def url_before_id(endpoint: str, id_name: str) -> str:
    """Return what the URLs of all records of a kind begin with, such as ``/leads/``, for lists with many links."""
    first: dict[str, Any] = {id_name: 0}
    return url_for(endpoint, **first).removesuffix("0")
