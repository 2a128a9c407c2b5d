"""People and programs who read and write all the time, and remember what they were answered."""

import json
import random
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import count
from pathlib import Path
from threading import Event, Lock
from typing import Any

from sqlalchemy import text

from tests.databases import OwnDatabase
from tests.factories import make_token
from tests.operation.windows import Window

HOST = "crm.example.com"
PAUSE = 0.1
"""Seconds in which somebody does nothing: what is tried is not how much can be served."""
PAGES = ("/leads", "/", "/leads/{id}", "/customers", "/search?q=traffic", "/leads/{id}/edit")


class Entrance:
    """Where requests go in: a load balancer, or instances, of which another one is asked where one refuses.

    :param ports: on this machine
    :param certificate: its own, if it speaks TLS
    """

    def __init__(self, *ports: int, certificate: Path | None = None) -> None:
        self.ports, self.port = ports, ports[0]
        self.tls = ssl.create_default_context(cafile=str(certificate)) if certificate else None
        self.headers = {"Host": f"{HOST}:{self.port}", "Referer": f"https://{HOST}:{self.port}/"}
        if len(ports) > 1:
            # As the examples in deploy/ do: each request finds an instance that accepts connections.
            self.headers["Connection"] = "close"

    def connect(self, source: str = "127.0.0.1") -> HTTPConnection:
        """A connection, which is kept for many requests.

        :param source: the client's address
        """
        if self.tls is None:
            connection = HTTPConnection(HOST, timeout=30)
        else:
            connection = HTTPSConnection(HOST, timeout=30, context=self.tls)
        # The name, which is that of the certificate, resolves nowhere.
        vars(connection)["_create_connection"] = lambda *_: self._reach(source)
        return connection

    def _reach(self, source: str) -> socket.socket:
        for port in random.sample(self.ports, len(self.ports)):
            try:
                return socket.create_connection(("127.0.0.1", port), 30, (source, 0))
            except ConnectionRefusedError as error:
                refused = error
        raise refused

    def ask(
        self, connection: HTTPConnection, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, str, Message]:
        """Send one request; gives status, text and headers of the answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, self.headers | named)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers


class Traffic:
    """Programs that create, change and win leads, and people who look at pages, through each entrance.

    :param own: the database
    """

    def __init__(self, own: OwnDatabase) -> None:
        with own.session() as session:
            self.secret = make_token(session, own.find(session, "ann"))
        self.own, self.cookie = own, Window(own, "ann").cookie
        self.versions: dict[int, int] = {}
        self.answers, self.failures = Counter[str](), list[str]()
        self.longest = (0.0, "")
        self._end, self._lock, self._names = Event(), Lock(), count(1)

    @contextmanager
    def through(self, *entrances: Entrance) -> Iterator[None]:
        """Let it begin, and end it behind the block."""
        with ThreadPoolExecutor(3 * len(entrances)) as pool:
            work = [
                pool.submit(one, entrance) for entrance in entrances for one in (self._write, self._write, self._read)
            ]
            try:
                yield
            finally:
                self._end.set()
        for one in work:
            one.result()

    def check(self) -> None:
        """No request failed, what was answered is there, and nothing else is."""
        assert not self.failures, (len(self.failures), self.failures[:5], self.answers)
        statement = text("SELECT id, version FROM leads WHERE source = 'Traffic'")
        with self.own.engine.connect() as connection:
            found = {row.id: row.version for row in connection.execute(statement)}
        assert found == self.versions
        assert self.answers["POST 201"] and self.answers["PATCH 200"] and self.answers["GET 200"], self.answers

    def _write(self, entrance: Entrance) -> None:
        connection = entrance.connect()
        while not self._end.is_set():
            number = next(self._names)
            fields = {"last_name": f"Traffic {number}", "company": f"Traffic {number} AS", "source": "Traffic"}
            lead = self._send(entrance, connection, "POST", "/api/v1/leads", fields)
            self._end.wait(PAUSE)
            if lead is None:
                continue
            address = f"/api/v1/leads/{lead['id']}"
            match = {"If_Match": f'"{lead["version"]}"'}
            self._send(entrance, connection, "PATCH", address, {"next_step": "Call"}, **match)
            if number % 4 == 0:
                self._send(entrance, connection, "POST", f"{address}/status", {"status": "won", "create": True})
        connection.close()

    def _send(
        self, entrance: Entrance, connection: HTTPConnection, method: str, path: str, fields: Any, **headers: str
    ) -> Any:
        kind = {"Authorization": f"Bearer {self.secret}", "Content_Type": "application/json"}
        told = self._ask(entrance, connection, method, path, json.dumps(fields), **(kind | headers))
        lead = json.loads(told) if told is not None else None
        if lead is not None:
            with self._lock:
                self.versions[lead["id"]] = lead["version"]
        return lead

    def _read(self, entrance: Entrance) -> None:
        for page in self._until_the_end():
            # A browser that has just been started, each time.
            connection = entrance.connect()
            self._ask(entrance, connection, "GET", page.format(id=next(iter(self.versions))), Cookie=self.cookie)
            connection.close()
            self._end.wait(PAUSE)

    def _until_the_end(self) -> Iterator[str]:
        for number in count():
            if self._end.is_set():
                return
            if self.versions:
                yield PAGES[number % len(PAGES)]
            else:
                time.sleep(0.05)

    def _ask(
        self, entrance: Entrance, connection: HTTPConnection, method: str, path: str, *body: str, **headers: str
    ) -> str | None:
        began = time.monotonic()
        try:
            status, told, _ = entrance.ask(connection, method, path, *body, **headers)
        except (OSError, HTTPException) as error:
            connection.close()
            status, told = 0, repr(error)
        seconds = time.monotonic() - began
        with self._lock:
            self.longest = max(self.longest, (seconds, f"{method} {path}"))
            self.answers[f"{method} {status}"] += 1
            if status not in (200, 201):
                self.failures.append(f"{method} {path} after {seconds:.2f} s: {status} {told[:300]}")
        return told if status in (200, 201) else None
