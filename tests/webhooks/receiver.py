"""Another program, which gets the messages of webhooks: a small server on this machine."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One message as it came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        """The message, read."""
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """The server, and what it has heard.

    :param answer: gives the status for the how manieth message
    """

    def __init__(self, answer: Callable[[int], int]) -> None:
        self.heard: list[Heard] = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver._lock:
                    receiver.heard.append(Heard({k.lower(): v for k, v in self.headers.items()}, body))
                    number = len(receiver.heard)
                status = answer(number)
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", receiver.url + "elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@contextmanager
def receiving(answer: Callable[[int], int] = lambda number: 204) -> Iterator[Receiver]:
    """A receiver that answers for as long as the block runs."""
    receiver = Receiver(answer)
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join(5)
