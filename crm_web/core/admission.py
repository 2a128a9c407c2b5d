"""Admission control: under overload, refuse requests at once instead of letting all of them wait.

A process works on a bounded number of requests at a time, and a bounded number waits for a short time. All others are
answered 503 with Retry-After before any work is done on them, so that those that were taken are answered soon. Health
checks always pass: an overloaded process must neither be restarted nor taken for dead.

A large body, such as of an upload, is received before the request takes its turn: slow senders keep nobody out.
"""

import json
import logging
import time
import uuid
from collections import deque
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore, Lock, local
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.wsgi import get_content_length

from crm_web.core.config import Settings
from crm_web.core.problem_details import MEDIA_TYPE, PROGRAMS
from crm_web.core.request_log import WELL_FORMED_ID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

HEALTH_CHECKS = ("/healthz", "/readyz", "/metrics")
"""The paths that are always admitted, and answered under any host name."""
QUEUED = "piper.queued"
"""Where the WSGI environment holds how many seconds a request waited for its turn."""
LONGEST_WAIT = 0.6
"""Seconds a request waits for its turn. With the time of the request itself, the answer comes within a second."""
arrival = local()
"""When the request arrived that a thread works on (``at``, by ``perf_counter``), where the server says so: under
overload requests wait for a thread long before they wait for their turn."""
LARGE_BODY = 64 * 1024
"""Bytes from which a body is received before its turn; smaller ones arrive in one go."""
PIECE = 64 * 1024
RETRY_AFTER = "2"
TITLE = "Piper is busy"
TEXT = "Nothing was saved. Go back and try again in a few seconds; what you typed is still there."
DETAIL = "Too many requests at the same time. Nothing was saved. Wait the number of seconds in Retry-After."
PAGE = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{TITLE}</title></head>
<body><main><h1>{TITLE}</h1><p>{TEXT}</p></main></body>
</html>
"""

requests = logging.getLogger("crm_web.request")


def init_app(app: Flask) -> None:
    """Wrap the application. Middleware that is added later, such as for trusted proxies, runs before it."""
    settings: Settings = app.config["SETTINGS"]
    app.wsgi_app = AdmissionControl(  # type: ignore[method-assign]
        app.wsgi_app, settings.web_requests, settings.web_queue, largest_body=settings.max_upload_mb * 1024 * 1024
    )


class AdmissionControl:
    """WSGI middleware that admits a bounded number of requests.

    :param running: how many requests are worked on at a time
    :param waiting: how many may wait for their turn, and how many large bodies may be received at a time
    :param largest_body: bytes; larger ones are refused without receiving them first
    """

    def __init__(self, wsgi_app: "WSGIApplication", running: int, waiting: int, *, largest_body: int = 0) -> None:
        self._app = wsgi_app
        self._free, self._longest_queue = running, waiting
        self._queue: deque[Lock] = deque()
        self._lock = Lock()
        self._largest_body, self._receiving = largest_body, BoundedSemaphore(max(1, waiting))

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        if environ["PATH_INFO"] in HEALTH_CHECKS:
            return self._app(environ, start_response)
        length = get_content_length(environ) or 0
        if not LARGE_BODY <= length <= self._largest_body:
            return self._answer(environ, start_response, getattr(arrival, "at", None))
        if not self._receiving.acquire(blocking=False):
            return _refuse(environ, start_response)
        try:
            environ["wsgi.input"] = _receive(environ["wsgi.input"], length)
        finally:
            self._receiving.release()
        return self._answer(environ, start_response)

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", arrived_at: float | None = None
    ) -> "Iterable[bytes]":
        began = arrived_at or time.perf_counter()
        if not self._enter(began + LONGEST_WAIT - time.perf_counter()):
            return _refuse(environ, start_response)
        environ[QUEUED] = time.perf_counter() - began
        # A streamed response leaves when its first part is ready: slow readers of long exports keep nobody out.
        try:
            return self._app(environ, start_response)
        finally:
            self._leave()

    def _enter(self, patience: float) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            if len(self._queue) >= self._longest_queue or patience <= 0:
                return False
            turn = Lock()
            turn.acquire()
            self._queue.append(turn)
        if turn.acquire(timeout=patience):
            return True
        with self._lock:
            if turn not in self._queue:  # Its turn came just after it had waited for too long.
                return True
            self._queue.remove(turn)
            return False

    def _leave(self) -> None:
        """Hand the place to whoever has waited longest."""
        with self._lock:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._free += 1


class ReceivedBody(SpooledTemporaryFile[bytes]):
    """A body that has arrived; it goes with its request, whether or not anybody closes that."""

    def __del__(self) -> None:
        self.close()


def _receive(stream: "InputStream", length: int) -> ReceivedBody:
    """Copy the body to a temporary file; one that breaks off stays short, which the application notices."""
    body = ReceivedBody(PIECE)
    while length > 0 and (piece := stream.read(min(PIECE, length))):
        body.write(piece)
        length -= len(piece)
    body.seek(0)
    return body


def _refuse(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
    status = HTTPStatus.SERVICE_UNAVAILABLE
    given, path = environ.get("HTTP_X_REQUEST_ID", ""), environ["PATH_INFO"]
    request_id = given if WELL_FORMED_ID.fullmatch(given) else uuid.uuid4().hex
    mimetype, body = "text/html; charset=utf-8", PAGE
    if path.startswith(PROGRAMS):
        problem = {"type": "about:blank", "title": status.phrase, "status": status, "detail": DETAIL}
        mimetype, body = MEDIA_TYPE, json.dumps(problem | {"request_id": request_id})
    content = body.encode()
    headers = [
        ("Content-Type", mimetype),
        ("Content-Length", str(len(content))),
        ("Retry-After", RETRY_AFTER),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Request-ID", request_id),
    ]
    facts = {"request_id": request_id, "method": environ["REQUEST_METHOD"], "path": path, "status": int(status)}
    requests.info("refused", extra={"facts": facts})
    start_response(f"{int(status)} {status.phrase}", headers)
    return [content]
