"""Static files: URLs that change with the content, cached for long, and compressed."""

import gzip
import hashlib
import mimetypes
import os
import re
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature
from werkzeug.security import safe_join

from crm_web.core.keys import list_keys
from crm_web.core.security_headers import STATIC_ENDPOINTS, vary_by

ONE_YEAR = 365 * 24 * 60 * 60
STYLES = tuple(f"{name}.css" for name in ("tokens", "frame", "forms", "lists", "records", "print"))
PAGE_FILES = (
    ("bootstrap.static", "css/bootstrap.min.css"),
    *(("static", name) for name in ("favicon.svg", *STYLES, "app.js")),
)
"""What every page loads; ``templates/components/assets.html`` draws it."""
MOST_COOKIES = 500
"""How many cookies that were read are held at most, with what they say a kilobyte each."""
COMPRESSED_TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml")
# An import in one of our scripts: import "./js/other.js"; or import { thing } from "./js/other.js";
IMPORT = re.compile(rb'(?:(?<=^import ")|(?<= from "))\./[\w./]+\.js(?=";)', re.M)


def init_app(app: Flask) -> None:
    """Add versions to the URLs of static files, and headers to their responses."""
    app.session_interface = PageSessions()
    app.url_defaults(_add_version)
    app.after_request(_cache_and_compress)
    watch_page_files(app)


def watch_page_files(app: Flask) -> None:
    """Let templates tell in which state the files are that every page loads."""
    paths = [os.path.join(_folder_of(app, endpoint), filename) for endpoint, filename in PAGE_FILES]
    app.jinja_env.globals["state_of_assets"] = partial(_find_state, paths)


class PageSessions(SecureCookieSessionInterface):
    """Session cookies whose age nobody asks, and none for static files, which everyone shares and can cache."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, ...], dict[str, Any]] = {}

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """Read the cookie whenever it was signed: the database says how long a sign-in lasts, by one clock for all.

        Flask would refuse the cookie of an instance whose clock runs a second ahead of this one.
        """
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        # A browser sends the same cookie with each request: it is checked and read once.
        key = cookie, *list_keys()
        held = self._read.get(key)
        if held is None:
            signer = self.get_signing_serializer(app)
            try:
                held = signer.loads(cookie) if signer else {}
            except BadSignature:
                return self.session_class()
            if all(isinstance(value, (str, int)) for value in held.values()):
                if len(self._read) >= MOST_COOKIES:
                    self._read.clear()
                self._read[key] = held
        return self.session_class(held)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.endpoint in STATIC_ENDPOINTS:
            return
        if session and not self.should_set_cookie(app, session):
            if session.accessed:
                vary_by(response, "Cookie")
            return
        super().save_session(app, session, response)


class AssetsState(NamedTuple):
    """The state of the files that every page loads: as long as it stays, their URLs stay.

    :param root: below which all URLs are, where a proxy puts the application there
    :param changed: when each of the files was changed
    """

    root: str | None
    changed: tuple[int, ...]
    styles: tuple[str, ...] = STYLES


def _find_state(paths: Iterable[str]) -> AssetsState:
    return AssetsState(request.environ.get("SCRIPT_NAME"), tuple(os.stat(path).st_mtime_ns for path in paths))


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint in STATIC_ENDPOINTS and "filename" in values:
        version = find_version(endpoint, values["filename"])
        if version is not None:
            values.setdefault("v", version)


def find_version(endpoint: str, filename: str) -> str | None:
    """Return the version of a static file, which follows from what is in it; ``None`` if there is no such file."""
    path = _place(_folder_of(current_app, endpoint), filename)
    try:
        return _version(path, os.stat(path).st_mtime_ns) if path else None
    except OSError:
        return None


def _cache_and_compress(response: Response) -> Response:
    if request.endpoint not in STATIC_ENDPOINTS or response.status_code not in (200, 304):
        return response
    path = _find_file(request.endpoint, (request.view_args or {})["filename"])
    if path is None:
        return response
    changed = path.stat().st_mtime_ns
    if request.args.get("v") == _version(path, changed):
        response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR}, immutable"
    else:
        # Without a version in the URL the file is revalidated, mostly with a 304.
        response.headers["Cache-Control"] = "no-cache"
    if (mimetypes.guess_type(path)[0] or "").startswith(COMPRESSED_TYPES):
        vary_by(response, "Accept-Encoding")
        if response.status_code == 200:
            _send_text(response, path, changed)
    return response


def _send_text(response: Response, path: Path, changed: int) -> None:
    is_packed = request.accept_encodings["gzip"] > 0
    etag, _ = response.get_etag()
    response.direct_passthrough = False
    response.close()
    response.set_data((_compressed if is_packed else _content)(path, changed))
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
        # Ranges and strong comparison are about the bytes of the plain file.
        response.headers.pop("Accept-Ranges", None)
        if etag:
            response.set_etag(etag, weak=True)


def _find_file(endpoint: str, filename: str) -> Path | None:
    path = _place(_folder_of(current_app, endpoint), filename)
    return path if path and path.is_file() else None


def _folder_of(app: Flask, endpoint: str) -> str:
    blueprint, _, _ = endpoint.rpartition(".")
    return (app.blueprints[blueprint] if blueprint else app).static_folder or ""


@lru_cache(maxsize=256)
def _place(folder: str, filename: str) -> Path | None:
    path = safe_join(folder, filename)
    return Path(path) if path else None


@lru_cache(maxsize=256)
def _version(path: Path, changed: int) -> str:
    return hashlib.sha256(_content(path, changed)).hexdigest()[:12]


@lru_cache(maxsize=256)
def _content(path: Path, changed: int) -> bytes:
    """Return a file's text; scripts name their imports with versions, so that these are cached as well."""

    def add_version(found: re.Match[bytes]) -> bytes:
        other = path.parent / found[0].decode()
        return found[0] + b"?v=" + _version(other, other.stat().st_mtime_ns).encode()

    return IMPORT.sub(add_version, path.read_bytes())


@lru_cache(maxsize=256)
def _compressed(path: Path, changed: int) -> bytes:
    # The same bytes from every instance: no time of compression in them.
    return gzip.compress(_content(path, changed), 9, mtime=0)
