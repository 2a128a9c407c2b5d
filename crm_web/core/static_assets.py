"""Static files: URLs that change with the content, cached for long, and compressed."""

import gzip
import hashlib
import mimetypes
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature
from werkzeug.security import safe_join

from crm_web.core.security_headers import STATIC_ENDPOINTS

ONE_YEAR = 365 * 24 * 60 * 60
COMPRESSED_TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml")
# An import in one of our scripts: import "./js/other.js"; or import { thing } from "./js/other.js";
IMPORT = re.compile(rb'(?:(?<=^import ")|(?<= from "))\./[\w./]+\.js(?=";)', re.M)


def init_app(app: Flask) -> None:
    """Add versions to the URLs of static files, and headers to their responses."""
    app.session_interface = PageSessions()
    app.url_defaults(_add_version)
    app.after_request(_cache_and_compress)


class PageSessions(SecureCookieSessionInterface):
    """Session cookies whose age nobody asks, and none for static files, which everyone shares and can cache."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """Read the cookie whenever it was signed: the database says how long a sign-in lasts, by one clock for all.

        Flask would refuse the cookie of an instance whose clock runs a second ahead of this one.
        """
        signer = self.get_signing_serializer(app)
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        try:
            return self.session_class(signer.loads(cookie) if signer else None)
        except BadSignature:
            return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.endpoint not in STATIC_ENDPOINTS:
            super().save_session(app, session, response)


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint in STATIC_ENDPOINTS and "filename" in values:
        version = find_version(endpoint, values["filename"])
        if version is not None:
            values.setdefault("v", version)


def find_version(endpoint: str, filename: str) -> str | None:
    """Return the version of a static file, which follows from what is in it; ``None`` if there is no such file."""
    path = _place(_folder_of(endpoint), filename)
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
        response.vary.add("Accept-Encoding")
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
    path = _place(_folder_of(endpoint), filename)
    return path if path and path.is_file() else None


def _folder_of(endpoint: str) -> str:
    blueprint, _, _ = endpoint.rpartition(".")
    return (current_app.blueprints[blueprint] if blueprint else current_app).static_folder or ""


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
