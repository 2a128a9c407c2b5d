"""pgbouncer in transaction mode is refused, by commands as well: what a session sets would be others' as well."""

import logging
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from crm_web import create_app
from crm_web.core.config import load_settings

SSL_ASKED = 80877103


@contextmanager
def running_pooler() -> Iterator[int]:
    """As much of pgbouncer as says no to a session that brings settings along; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_answer, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _answer(server: socket.socket) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client:
            told = client.recv(4096)
            if struct.unpack("!ii", told[:8])[1] == SSL_ASKED:
                client.sendall(b"N")
                told = client.recv(4096)
            message = b"unsupported startup parameter: options" if b"\0options\0" in told else b"it goes on"
            fields = b"SFATAL\0C08P01\0M" + message + b"\0\0"
            client.sendall(b"E" + struct.pack("!i", 4 + len(fields)) + fields)


def test_commands_and_instances_say_what_is_wrong(caplog: pytest.LogCaptureFixture) -> None:
    with running_pooler() as port:
        url = f"postgresql://piper@127.0.0.1:{port}/piper?gssencmode=disable"
        app = create_app(load_settings({"DATABASE_URL": url, "SECRET_KEY": "x" * 32}))
        refused = app.test_cli_runner().invoke(args=["db", "upgrade"])
        assert (refused.exit_code, "pooler such as pgbouncer" in refused.output) == (1, True), refused.output
        with caplog.at_level(logging.INFO, "crm_web.event"):
            assert app.test_client().get("/readyz").status_code == 503
    causes = [record.facts["cause"] for record in caplog.records if record.message == "not_ready"]  # type: ignore[attr-defined]
    assert "unsupported startup parameter" in causes[0]
