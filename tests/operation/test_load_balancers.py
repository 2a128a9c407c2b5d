"""The examples for haproxy and nginx in deploy/: nobody who comes through them notices that instances are replaced.

With the times that they are shipped with:
``BALANCERS_AS_SHIPPED=1 .venv/bin/python -m pytest -s tests/operation/test_load_balancers.py``
"""

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bench.load import put_load
from tests.databases import OwnDatabase
from tests.operation.balancers import balance, find_balancer, find_balancers, make_certificate, write_example
from tests.operation.launch import ROOT, Instance, find_free_port, temporary_folder, wait_and_stop
from tests.operation.traffic import HOST, Entrance, Traffic

pytestmark = pytest.mark.slow
AS_SHIPPED = bool(os.environ.get("BALANCERS_AS_SHIPPED"))
INTERVAL, DRAIN_SECONDS = ("2s", "4") if AS_SHIPPED else ("500ms", "2")
"""How often haproxy checks, and for how long an instance that stops serves on."""


@pytest.mark.parametrize("name", ["haproxy", "nginx"])
def test_the_example_is_accepted(name: str, tmp_path: Path) -> None:
    if find_balancer(name) is None:
        pytest.skip(f"{name} is not installed")
    make_certificate(tmp_path)
    command = write_example(name, tmp_path, [8001, 8002], find_free_port())
    checked = subprocess.run([*command, "-c" if name == "haproxy" else "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr and "[warn]" not in checked.stderr, checked.stderr


@contextmanager
def run_pair(own: OwnDatabase, folder: Path) -> Iterator[list[Instance]]:
    """Two instances with the settings that the examples ask for."""
    settings = {"DATABASE_URL": own.url, "SECRET_KEY": own.app.config["SECRET_KEY"], "HTTPS": "1"}
    settings |= {"TRUSTED_HOSTS": HOST, "TRUSTED_PROXIES": "127.0.0.1", "DRAIN_SECONDS": DRAIN_SECONDS}
    settings |= {"API_REQUESTS_A_MINUTE": "100000"}
    pair = [Instance(folder / name, find_free_port(), ROOT, **settings) for name in ("one", "two")]
    with wait_and_stop(pair):
        yield pair


@pytest.mark.skipif(not find_balancers(), reason="neither haproxy nor nginx is installed")
def test_drill_rolling_restart(own_database: OwnDatabase) -> None:
    traffic = Traffic(own_database)
    with (
        temporary_folder() as folder,
        run_pair(own_database, folder) as pair,
        balance(folder, [instance.port for instance in pair], interval=INTERVAL) as entrances,
    ):
        for entrance in entrances.values():
            _sign_in_wrongly(entrance)
            _ask_for_figures(entrance)
        told = "".join(instance.printed() for instance in pair)
        assert re.findall(r'"sign_in_failed".*"remote_address": "([^"]*)"', told) == ["127.0.0.2"] * len(entrances)
        with traffic.through(*entrances.values()):
            for instance in pair:
                assert instance.stop() == 0
                instance.start()
                instance.wait_until_ready()
        print(f"{dict(traffic.answers)}, longest {traffic.longest}")  # noqa: T201
        traffic.check()
        with ThreadPoolExecutor() as pool:
            list(pool.map(_overload, entrances.values()))


def _sign_in_wrongly(entrance: Entrance) -> None:
    """The instance knows by the balancer that this is HTTPS, under which name, and who asks, whatever they claim."""
    connection = entrance.connect("127.0.0.2")
    _, page, headers = entrance.ask(connection, "GET", "/sign-in")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    cookie = headers["Set-Cookie"]
    assert token and "; Secure" in cookie
    assert "Strict-Transport-Security" in headers
    fields = {"csrf_token": token[1], "email": "nobody@piper.example", "password": "wrong"}
    claimed = {"X_Forwarded_For": "192.0.2.66:4711", "X_Forwarded_Proto": "http", "X_Forwarded_Host": "evil.example"}
    claimed |= {"Content_Type": "application/x-www-form-urlencoded", "Cookie": cookie.partition(";")[0]}
    status, page, _ = entrance.ask(connection, "POST", "/sign-in", urlencode(fields), **claimed)
    connection.close()
    assert status == 422, page


def _ask_for_figures(entrance: Entrance) -> None:
    connection = entrance.connect()
    assert entrance.ask(connection, "GET", "/metrics")[0] == 404
    connection.close()


def _overload(entrance: Entrance) -> None:
    """Health checks get through the balancer while it sends more than can be served."""
    with ThreadPoolExecutor() as pool:
        load = pool.submit(
            put_load, entrance.port, "/sign-in", "", connections=100, seconds=1, host=HOST, tls=entrance.tls
        )
        healthy = []
        while not load.done():
            connection = entrance.connect()
            healthy += [entrance.ask(connection, "GET", path)[0] for path in ("/healthz", "/readyz")]
            connection.close()
    assert set(load.result().statuses) <= {200, 503}
    assert set(healthy) == {200}
