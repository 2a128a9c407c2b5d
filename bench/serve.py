"""Web servers to measure: gunicorn as in production, with one worker where nothing else is said."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.fill import SECRET, Database
from bench.options import FOLDER, ROOT


class Server:
    """One gunicorn.

    :param database: what it serves
    :param app: its WSGI application
    :param workers: how many processes answer
    """

    def __init__(self, database: Database, app: str = "wsgi:app", *, workers: int = 1) -> None:
        self.database = database
        self.port = _find_free_port()
        self.log = FOLDER / f"{app.partition(':')[0]}-{database.name}-{workers}.log"
        environment = os.environ | {
            "DATABASE_URL": database.url,
            "SECRET_KEY": SECRET,
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(workers),
            "VAR_FOLDER": str(FOLDER),
            "LOG_LEVEL": "INFO",
        }
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", app],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        for _ in range(600):
            if self._process.poll() is not None:
                break
            if self._answers():
                return
            time.sleep(0.1)
        raise SystemExit(f"The web server did not start: see {self.log}.")

    def _answers(self) -> bool:
        """Whether it says anything: the port is open before there is a worker."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("GET", "/healthz")
            return line.getresponse().status > 0
        except (OSError, HTTPException):
            return False
        finally:
            line.close()

    def read_lines(self) -> dict[str, dict[str, object]]:
        """The lines of its requests, by their ids."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return {line["request_id"]: line for line in lines if "request_id" in line and "queries" in line}

    def megabytes(self) -> float:
        """The memory of its worker that is really there (RSS)."""
        return max(read_memory(worker, "status", "VmRSS") for worker in self._list_workers())

    def shared_megabytes(self) -> float:
        """The memory of all its processes, what some share counted once (PSS)."""
        processes = [self._process.pid, *self._list_workers()]
        return sum(read_memory(process, "smaps_rollup", "Pss") for process in processes)

    def _list_workers(self) -> list[int]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(child) for child in children.read_text().split()]

    def stop(self) -> None:
        """End it and wait for it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def read_memory(process: int, file: str, line: str) -> float:
    """Read megabytes that the kernel tells of a process, such as ``VmRSS`` of its ``status``."""
    lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
    return next(int(text.split()[1]) / 1024 for text in lines if text.startswith(f"{line}:"))


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
