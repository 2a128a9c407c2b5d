"""Sends a message, and returns what came of it."""

import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from http.client import HTTPException
from threading import Timer

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from crm_web.webhooks.ssrf_guard import NotAllowed, Target, read_target, resolve

CONNECT_SECONDS = 5.0
DEADLINE_SECONDS = 15.0
MOST_ADDRESSES = 2
AGENT = "Piper-CRM-Webhooks/1"


@dataclass(frozen=True)
class Outcome:
    """The result of sending a message.

    :param status: the HTTP status; ``None`` without a response
    :param error: why it does not count as delivered, as a sentence; ``None`` if it does
    """

    status: int | None
    error: str | None
    took_ms: int


def post(url: str, headers: Mapping[str, str], body: bytes, *, allow_private: bool) -> Outcome:
    """Send a message. No error on the way is raised; it is part of the result.

    Only the status of the response counts: its body is not read, and redirects are not followed.

    :param headers: with the signature
    :param body: JSON
    :param allow_private: allow private addresses, and http
    """
    begun = time.monotonic()
    try:
        target = read_target(url, allow_private=allow_private)
        addresses = resolve(target, allow_private=allow_private)
        status = _send(target, addresses[:MOST_ADDRESSES], dict(headers), body, begun + DEADLINE_SECONDS)
        error = _failure_of(status)
    except (NotAllowed, OSError, HTTPError, HTTPException, ValueError) as failure:
        status, error = None, _explain(failure)
    return Outcome(status, error, round((time.monotonic() - begun) * 1000))


def _send(target: Target, addresses: list[str], headers: dict[str, str], body: bytes, deadline: float) -> int:
    connection = _connect(target, addresses)
    # A receiver that answers a letter a second would never run into a time-out of its socket.
    guard = Timer(max(0.1, deadline - time.monotonic()), _hang_up, (connection,))
    guard.daemon = True
    guard.start()
    try:
        headers |= {"Host": target.authority, "Content-Type": "application/json", "User-Agent": AGENT}
        connection.request("POST", target.path, body=body, headers=headers, preload_content=False)
        return connection.getresponse().status
    except (OSError, HTTPError, HTTPException) as error:
        if time.monotonic() >= deadline:
            raise TimeoutError from error
        raise
    finally:
        guard.cancel()
        connection.close()


def _connect(target: Target, addresses: list[str]) -> HTTPConnection:
    """Connect to the first checked address that answers."""
    *others, last = addresses
    for address in others:
        with suppress(NewConnectionError, ConnectTimeoutError):
            return _connect_to(target, address)
    return _connect_to(target, last)


def _connect_to(target: Target, address: str) -> HTTPConnection:
    connection = _make_connection(target, address)
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    if connection.sock is not None:
        connection.sock.settimeout(DEADLINE_SECONDS)
    return connection


def _make_connection(target: Target, address: str) -> HTTPConnection:
    """Connect to the checked IP address, with the certificate and Host header for the name."""
    if target.scheme == "http":
        return HTTPConnection(address, target.port, timeout=CONNECT_SECONDS)
    return HTTPSConnection(
        address,
        target.port,
        timeout=CONNECT_SECONDS,
        server_hostname=target.host,
        cert_reqs="CERT_REQUIRED",
        ssl_context=_trust(),
    )


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _hang_up(connection: HTTPConnection) -> None:
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)


def _failure_of(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return "The server redirected. Redirects are not followed; enter the final URL."
    if status == HTTPStatus.GONE:
        return "The server answered 410 Gone and wants no more messages."
    return f"The server answered {status}; expected 2xx."


REASONS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "Host name not found."),
    (ssl.SSLError, "The server doesn’t support a secure TLS version."),
    (ConnectTimeoutError, f"Couldn’t connect within {CONNECT_SECONDS:.0f} seconds."),
    (NewConnectionError, "Couldn’t connect."),
    (ReadTimeoutError, "The server didn’t answer in time."),
    (TimeoutError, "The server didn’t answer in time."),
)


def _explain(failure: Exception) -> str:
    if isinstance(failure, NotAllowed):
        return str(failure)
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"The certificate is not valid: {failure.verify_message}."[:300]
    if isinstance(failure.__cause__, ConnectionRefusedError):
        return "The server refused the connection."
    broke_off = "The connection broke off or the answer was not HTTP."
    return next((reason for kind, reason in REASONS if isinstance(failure, kind)), broke_off)
