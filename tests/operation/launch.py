"""Starting the product as a person does, in a folder and on a port of its own."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.databases import OwnDatabase

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Not pytest's: that one forbids passing through it at every start, which would lock out a server run by root."""
    folder = Path(tempfile.mkdtemp(prefix="piper-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def find_free_port() -> int:
    """A port that nobody uses, and none of those from which a connection of another program could take it meanwhile."""
    range_file = Path("/proc/sys/net/ipv4/ip_local_port_range")
    end = int(range_file.read_text().split()[0]) if range_file.exists() else 32_768
    while True:
        # The system's own numbers, since Hypothesis gives each process the same ones of `random`.
        port = end - 1 - secrets.randbelow(20_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def clean_environment(**settings: str) -> dict[str, str]:
    """The variables of this process without any setting of ours, then those given."""
    from crm_web.core.config import VARIABLES

    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return inherited | {"WEB_CONCURRENCY": "1"} | settings


def wait_for(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


class Launched:
    """One run of the launcher; its output goes to a file."""

    module: tuple[str, ...] = ("crm_web.launcher.run",)
    tree = ROOT

    def __init__(
        self,
        folder: Path,
        port: int,
        *arguments: str,
        output: Path | None = None,
        **settings: str,
    ) -> None:
        self.folder, self.port, self.arguments = folder, port, arguments
        self.output = output or folder.parent / f"{folder.name}-{time.monotonic_ns()}.log"
        self.environment = clean_environment(VAR_FOLDER=str(folder), PORT=str(port), **settings)
        self.start()

    def start(self) -> None:
        """Run it, again if it has stopped."""
        with self.output.open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.module, *self.arguments],
                cwd=self.tree,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )

    def get(self, path: str, timeout: float = 5.0) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def wait_until_ready(self, seconds: float = 60.0) -> None:
        def is_ready() -> bool:
            assert self.process.poll() is None, f"{self.process.returncode}: {self.printed()}"
            return self.get("/readyz")[0] == 200 and self.is_announced()

        wait_for(is_ready, seconds)

    def is_announced(self) -> bool:
        """Whether it has told the person who started it."""
        return "is ready" in self.printed()

    def printed(self) -> str:
        return self.output.read_text()

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.printed().splitlines() if line.startswith("{")]

    def web_pid(self) -> int:
        return int((self.folder / f"web-{self.port}.lock").read_text())

    def worker_pid(self) -> int:
        return next(int(str(line["event"]).split()[-1]) for line in self.lines() if "Booting" in str(line["event"]))

    def postgres_pid(self) -> int:
        return int((self.folder / "postgres" / "postmaster.pid").read_text().split("\n")[0])

    def stop(self, request: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(request)
        return self.process.wait(40)


class Instance(Launched):
    """What a server in production runs: gunicorn, on a database that is there, migrated.

    :param tree: the release that runs
    """

    module = ("gunicorn", "--config", "deploy/gunicorn.conf.py", "wsgi:app")

    def __init__(self, folder: Path, port: int, tree: Path, /, **settings: str) -> None:
        self.tree = tree
        super().__init__(folder, port, output=None, **settings)

    def is_announced(self) -> bool:
        return True


@contextmanager
def wait_and_stop(servers: Sequence[Launched]) -> Iterator[None]:
    """Wait until servers are ready, and stop them in the end."""
    try:
        for server in servers:
            server.wait_until_ready()
        yield
    finally:
        # All are told first, so that they end at the same time.
        for server in servers:
            server.process.terminate()
        for server in servers:
            server.process.wait(40)


@contextmanager
def launch_pair(own: OwnDatabase) -> Iterator[list[Launched]]:
    """Two web servers on one database, ready."""
    settings = {"DATABASE_URL": own.url, "SECRET_KEY": own.app.config["SECRET_KEY"]}
    # Whoever waits for a lock on a machine that is busy with other tests waits longer.
    settings |= {"LOCK_TIMEOUT": "30", "STATEMENT_TIMEOUT": "30", "WEB_REQUESTS": "40"}
    with temporary_folder() as folder:
        pair = [Launched(folder / name, find_free_port(), **settings) for name in ("one", "two")]
        with wait_and_stop(pair):
            yield pair


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A child that nobody has asked for yet is dead all the same.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return not state.startswith("Z") and state != ""
