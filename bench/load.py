"""Many connections at once that ask for one page again and again: how many answers a second, and how soon."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from ssl import SSLContext

from bench.measure import percentile

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@dataclass
class Load:
    """What came of it.

    :param seconds: how long it went on
    :param times: of each answer that was not refused, in seconds
    :param refusals: the same of each 503
    :param statuses: how many answers had each status
    """

    seconds: float
    times: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers a second, refusals not counted."""
        return len(self.times) / self.seconds

    def within(self, share: float) -> float:
        """The seconds in which a share of the answers came, refusals not counted."""
        return percentile(self.times, share)


def put_load(
    port: int,
    path: str,
    cookie: str,
    *,
    connections: int,
    seconds: float,
    host: str = "x",
    tls: SSLContext | None = None,
) -> Load:
    """Ask for one page over many connections at once.

    :param port: of the web server on this machine
    :param path: the page
    :param cookie: the header of who is signed in
    :param connections: how many people ask, each again as soon as there is an answer
    :param seconds: for how long
    :param host: the name of the server
    :param tls: how to trust its certificate, if it speaks TLS
    :return: what came of it
    """
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n"
    connect = partial(
        asyncio.open_connection, "127.0.0.1", port, limit=1 << 20, ssl=tls, server_hostname=host if tls else None
    )
    return asyncio.run(_put_load(connect, request.encode(), connections, seconds))


async def _put_load(connect: Connect, request: bytes, connections: int, seconds: float) -> Load:
    load, ends = Load(seconds), time.perf_counter() + seconds
    await asyncio.gather(*(_ask(connect, request, load, ends) for _ in range(connections)))
    return load


async def _ask(connect: Connect, request: bytes, load: Load, ends: float) -> None:
    reader, writer = await connect()
    while time.perf_counter() < ends:
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status, length = int(head[9:12]), _length_of(head)
        await reader.readexactly(length)
        load.statuses[status] += 1
        (load.refusals if status == 503 else load.times).append(time.perf_counter() - started)
        if b"connection: close" in head.lower():
            writer.transport.abort()
            reader, writer = await connect()
    # Nobody waits for the server's farewell, which a TLS connection would.
    writer.transport.abort()


def _length_of(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
