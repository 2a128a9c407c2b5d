"""Sending one message: to the address that was looked at, with the name's certificate, and never for long."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from crm_web.webhooks import ssrf_guard
from crm_web.webhooks.delivery import http_client
from tests.webhooks.receiver import receiving


@contextmanager
def listening(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does with a connection whatever it likes; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    line, _ = server.accept()
                    with line, suppress(OSError):
                        talk(line)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def _names(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let each question to the resolver have the next of these answers; gives the names that were asked for."""
    asked: list[str] = []

    def answer(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        address = host
        if not host[0].isdigit():
            asked.append(host)
            address = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


def _post(url: str, *, allow_private: bool = True) -> http_client.Outcome:
    return http_client.post(url, {}, b"{}", allow_private=allow_private)


def test_the_name_is_asked_for_once_and_the_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        asked = _names(monkeypatch, "127.0.0.1", "192.0.2.1")
        port = receiver.server.server_port
        assert _post(f"http://hooks.example.com:{port}/").status == 204
        assert receiver.heard[0].headers["host"] == f"hooks.example.com:{port}"
    assert asked == ["hooks.example.com"]


def test_a_name_that_means_a_machine_inside_by_now_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        _names(monkeypatch, "127.0.0.1")
        outcome = _post(f"https://hooks.example.com:{receiver.server.server_port}/", allow_private=False)
    assert outcome.status is None
    assert outcome.error == ssrf_guard.INSIDE
    assert receiver.heard == []


def test_an_answer_that_comes_letter_by_letter_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "DEADLINE_SECONDS", 0.3)

    def drip(line: socket.socket) -> None:
        line.recv(1000)
        for _ in range(600):
            line.sendall(b"H")
            time.sleep(0.05)

    begun = time.monotonic()
    with listening(drip) as port:
        outcome = _post(f"http://127.0.0.1:{port}/")
    assert outcome.error == "The server didn’t answer in time."
    assert time.monotonic() - begun < 20, "all letters take half a minute"


def test_an_answer_without_end_is_not_read() -> None:
    def flood(line: socket.socket) -> None:
        line.recv(1000)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            line.sendall(b"x" * 65536)

    with listening(flood) as port:
        assert _post(f"http://127.0.0.1:{port}/").status == 200


@pytest.mark.parametrize("nonsense", [b"", b"hello\r\n\r\n", b"HTTP/1.1 ok\r\n\r\n", b"x" * 100_000])
def test_an_answer_that_is_no_http(nonsense: bytes) -> None:
    def talk(line: socket.socket) -> None:
        line.recv(1000)
        line.sendall(nonsense)

    with listening(talk) as port:
        assert _post(f"http://127.0.0.1:{port}/").error == "The connection broke off or the answer was not HTTP."


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert _post("https://nobody.example.com/").error == "Host name not found."


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of hooks.example.com, signed by itself, with its key in one file."""
    file = tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-subj", "/CN=hooks.example.com", "-addext", "subjectAltName=DNS:hooks.example.com", "-days", "2"]
        + ["-keyout", str(tmp_path / "key.pem"), "-out", str(file)],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + (tmp_path / "key.pem").read_text())
    return file


@pytest.mark.slow
def test_the_certificate_has_to_be_that_of_the_name(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def talk(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as safe:
            safe.recv(1000)
            safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with listening(talk) as port:
        _names(monkeypatch, "127.0.0.1")
        unknown = _post(f"https://hooks.example.com:{port}/")
        assert "certificate is not valid" in (unknown.error or "")
        monkeypatch.setattr(http_client, "_trust", lambda: ssl.create_default_context(cafile=str(certificate)))
        assert _post(f"https://hooks.example.com:{port}/").status == 200
        other = _post(f"https://other.example.com:{port}/")
        assert "certificate is not valid" in (other.error or "")
