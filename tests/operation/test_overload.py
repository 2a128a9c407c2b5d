"""More requests than can be served: some are answered soon, the others refused at once, and health checks pass."""

import io
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from bench.load import put_load
from crm_web.core.admission import LARGE_BODY, AdmissionControl
from tests.databases import OwnDatabase
from tests.operation.launch import Launched, find_free_port, temporary_folder, wait_for


class SlowApp:
    """An application whose requests end when they are told to."""

    def __init__(self, running: int, waiting: int) -> None:
        self.flask = Flask(__name__)
        self.running, self.go_on = Counter[str](), threading.Event()
        self.flask.add_url_rule("/<path:path>", view_func=self._serve, methods=["GET", "POST"])
        self.control = AdmissionControl(self.flask.wsgi_app, running, waiting)
        self.flask.wsgi_app = self.control  # type: ignore[method-assign]

    def _serve(self, path: str) -> str:
        self.running[path] += 1
        if path == "slow":
            assert self.go_on.wait(5)
        return "served"

    def ask(self, path: str, **sent: Any) -> Any:
        return self.flask.test_client().get(path, **sent)

    @contextmanager
    def busy_with(self, requests: int) -> Iterator[list[int]]:
        statuses: list[int] = []
        asking = [
            threading.Thread(target=lambda: statuses.append(self.ask("/slow").status_code)) for _ in range(requests)
        ]
        for thread in asking:
            thread.start()
        yield statuses
        self.go_on.set()
        for thread in asking:
            thread.join()


def test_too_much_is_refused_at_once_and_health_checks_pass() -> None:
    app = SlowApp(running=2, waiting=0)
    with app.busy_with(2) as statuses:
        wait_for(lambda: app.running["slow"] == 2)
        page, problem = app.ask("/leads", headers={"X-Request-ID": "from-a-proxy"}), app.ask("/api/v1/leads")
        health = [app.ask(path).text for path in ("/healthz", "/readyz")]

    assert statuses == [200, 200]
    assert health == ["served", "served"]
    assert (page.status_code, page.mimetype, problem.mimetype) == (503, "text/html", "application/problem+json")
    assert "Piper is busy" in page.text
    assert page.headers["X-Request-ID"] == "from-a-proxy"
    assert problem.json["status"] == 503
    assert "Retry-After" in problem.json["detail"]
    assert page.headers["Retry-After"] == problem.headers["Retry-After"] == "2"
    assert app.ask("/leads").text == "served"


def test_those_who_wait_are_served_in_turn() -> None:
    app = SlowApp(running=1, waiting=2)
    with app.busy_with(3) as statuses:
        wait_for(lambda: len(app.control._queue) == 2)
        assert app.ask("/leads").status_code == 503

    assert statuses == [200] * 3
    assert app.ask("/leads").text == "served"


def test_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_web.core.admission.LONGEST_WAIT", 0.05)
    app = SlowApp(running=1, waiting=1)
    with app.busy_with(1):
        wait_for(lambda: app.running["slow"] == 1)
        assert app.ask("/leads").status_code == 503
    assert app.ask("/leads").text == "served"


def test_slow_senders_keep_nobody_out() -> None:
    app = SlowApp(running=1, waiting=1)
    app.control._largest_body = LARGE_BODY
    arrives = threading.Event()

    class SlowBody(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert arrives.wait(5)
            return super().read(size)

    def send() -> int:
        body = SlowBody(b"x" * LARGE_BODY)
        return (
            app.flask.test_client()
            .post("/upload", input_stream=body, content_length=LARGE_BODY, buffered=True)
            .status_code
        )

    with ThreadPoolExecutor() as pool:
        upload = pool.submit(send)
        wait_for(lambda: app.control._receiving._value == 0)
        assert (app.ask("/leads").status_code, send()) == (200, 503)
        arrives.set()
        assert upload.result() == 200


@pytest.mark.slow
def test_drill_300_connections_at_once(own_database: OwnDatabase) -> None:
    settings = {"DATABASE_URL": own_database.url, "SECRET_KEY": own_database.app.config["SECRET_KEY"]}
    with temporary_folder() as folder:
        server = Launched(folder / "var", find_free_port(), **settings)
        healthy: list[int] = []
        try:
            server.wait_until_ready()
            with ThreadPoolExecutor() as pool:
                load = pool.submit(put_load, server.port, "/sign-in", "", connections=300, seconds=2)
                while not load.done():
                    healthy += [server.get(path)[0] for path in ("/healthz", "/readyz")]
                    time.sleep(0.1)
        finally:
            server.stop()
    assert set(load.result().statuses) == {200, 503}
    assert set(healthy) == {200}
    # On a machine that runs other tests as well: far from the 8 seconds of before.
    assert load.result().within(0.9) < 4
