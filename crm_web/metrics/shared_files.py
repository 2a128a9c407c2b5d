"""The files in which the processes of an instance share their figures, one for each process and kind.

Processes are replaced after some thousands of requests. The figures of one that ended are added to those of all that
ended before, so that there are never more files than for the processes that live and one more.
"""

import fcntl
import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

ENDED = "ended"
SUMMED = ("counter", "histogram")
TRIES = 5


class SharedFiles(Collector):
    """The figures of all processes together."""

    def collect(self) -> Collection[Metric]:
        """Add them up, while no file of a process that ended is merged."""
        for _ in range(TRIES - 1):
            # What cleans up temporary files may take one away while it is read.
            with suppress(FileNotFoundError):
                return self._read()
        return self._read()

    def _read(self) -> Collection[Metric]:
        files: Any = MultiProcessCollector(None)  # type: ignore[no-untyped-call]
        with _locked(Path(files._path), fcntl.LOCK_SH):
            return list(files.collect())


def merge_ended(pid: int, folder: Path) -> None:
    """Add the figures of a process that ended to those of the others that did; its gauges count no more."""
    with _locked(folder, fcntl.LOCK_EX):
        mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        for kind in SUMMED:
            one, all_ended = folder / f"{kind}_{pid}.db", folder / f"{kind}_{ENDED}.db"
            if one.exists():
                _write_sums(all_ended, _sum_up([path for path in (all_ended, one) if path.exists()]))
                one.unlink()


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    """Hold a lock on the folder; a process that is killed lets go of it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _sum_up(paths: Collection[Path]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for path in paths:
        read: Any = MmapedDict.read_all_values_from_file
        for key, value, *_ in read(str(path)):
            sums[key] += value
    return sums


def _write_sums(path: Path, sums: dict[str, float]) -> None:
    """Write them beside the file, and put them in its place when they are complete."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    file: Any = MmapedDict(str(new))  # type: ignore[no-untyped-call]
    for key, value in sums.items():
        file.write_value(key, value, 0.0)
    file.close()
    new.replace(path)
