"""The figures of processes that ended stay, in one file, and a scrape in between counts each once."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.multiprocess import MultiProcessCollector

from crm_web.metrics import shared_files
from crm_web.metrics.shared_files import SharedFiles, merge_ended
from tests.databases import OwnDatabase
from tests.operation.launch import ROOT, Instance, find_free_port, wait_for

TOKEN = "prometheus-may-read-this"
GAUGES = ("piper_http_running", "piper_database_connections")
PROCESS = """
import os
from crm_web.metrics.measures import REFUSED, REQUESTS, RUNNING, SECONDS
REFUSED.inc(3)
RUNNING.inc()
REQUESTS.labels("GET", "leads.show_lead", "200").inc()
SECONDS.labels("leads.show_lead").observe(0.03)
SECONDS.labels("leads.show_lead").observe(3)
print(os.getpid())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    yield tmp_path


def count_in_process() -> int:
    """Let a process count and end; gives its number."""
    done = subprocess.run([sys.executable, "-c", PROCESS], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def read() -> dict[str, float]:
    return {
        f"{sample.name}{sample.labels.get('le', '')}": sample.value
        for metric in SharedFiles().collect()
        for sample in metric.samples
    }


def test_what_ended_processes_counted_stays_in_one_file(folder: Path) -> None:
    pids = [count_in_process() for _ in range(2)]
    before = read()
    assert (before["piper_http_refused_total"], before["piper_http_running"]) == (6, 2)
    for pid in pids:
        merge_ended(pid, folder)
    merge_ended(pids[0], folder)
    assert read() == {name: value for name, value in before.items() if name not in GAUGES}
    assert before["piper_http_request_seconds_bucket0.05"] == 2
    assert before["piper_http_request_seconds_bucket+Inf"] == 4
    assert sorted(path.name for path in folder.iterdir()) == ["counter_ended.db", "histogram_ended.db"]


def test_scrapes_meanwhile_see_each_count_once(folder: Path) -> None:
    pid = count_in_process()
    files = {path.name: path.read_bytes() for path in folder.glob("[ch]*.db")}
    ended, seen = range(1_000_000, 1_000_060), []
    for one in ended:
        for name, content in files.items():
            (folder / name.replace(str(pid), str(one))).write_bytes(content)
    expected = read()

    def merge_all() -> None:
        for one in ended:
            merge_ended(one, folder)

    with ThreadPoolExecutor() as pool:
        merging = pool.submit(merge_all)
        while not merging.done():
            seen.append(read())
    merging.result()
    assert len(seen) > 3
    assert all(one == expected for one in [*seen, read()])
    assert len(list(folder.glob("counter_*"))) == 2


def test_a_scrape_that_meets_a_file_that_vanished_reads_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid, tries = count_in_process(), []
    reading = MultiProcessCollector.collect

    def collect(self: MultiProcessCollector) -> object:
        tries.append(1)
        if len(tries) == 1:
            return self.merge([str(folder / "counter_4711.db")])  # type: ignore[no-untyped-call]
        return reading(self)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(MultiProcessCollector, "collect", collect)
    assert read()["piper_http_refused_total"] == 3
    assert len(tries) == 2
    monkeypatch.setattr(shared_files, "TRIES", 1)
    tries.clear()
    with pytest.raises(FileNotFoundError):
        read()
    assert os.path.exists(folder / f"counter_{pid}.db")


@pytest.mark.slow
def test_figures_never_fall_when_processes_are_replaced(own_database: OwnDatabase, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": own_database.url, "SECRET_KEY": own_database.app.config["SECRET_KEY"]}
    settings |= {"METRICS_TOKEN": TOKEN, "WEB_CONCURRENCY": "2"}
    instance = Instance(tmp_path / "one", find_free_port(), ROOT, **settings)
    seen = []
    try:
        instance.wait_until_ready()
        for end in (signal.SIGTERM, signal.SIGKILL) * 2:
            for _ in range(10):
                assert instance.get("/sign-in")[0] == 200
            seen.append(scrape(instance.port))
            replace_process(instance, end)
            # Prometheus asks again and again.
            seen += [scrape(instance.port) for _ in range(5)]
    finally:
        assert instance.stop() == 0
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (10, 40)


def replace_process(instance: Instance, end: signal.Signals) -> None:
    before = booted(instance)
    os.kill(before[-1], end)
    wait_for(lambda: len(booted(instance)) > len(before))


def booted(instance: Instance) -> list[int]:
    """The processes that were started, the last one last."""
    told = [str(line["event"]) for line in instance.lines()]
    return [int(event.split()[-1]) for event in told if "Booting worker" in event]


def scrape(port: int) -> float:
    """How often the sign-in page was shown."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310
        text = answer.read().decode()
    found = re.search(r'^piper_http_requests_total\{.*route="auth.show_sign_in",status="200"} (\S+)$', text, re.M)
    assert found, text
    return float(found[1])
