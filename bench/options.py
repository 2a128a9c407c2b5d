"""What a run is told by the environment: how big, how long, and which parts."""

import os
import platform
import sys
import sysconfig
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "bench"
FIVE_MILLION = 5_000_000
PARTS = ("pages", "limits", "wal", "memory", "crowd", "peers", "duplicates")


@dataclass(frozen=True)
class Options:
    """One run.

    :param leads: how many leads the large database holds
    :param small: how many the small one holds
    :param rounds: how often each page is asked for, on each side, after the first ones that do not count
    :param requests: how many requests a worker answers between two looks at its memory
    :param parts: what is measured, of ``PARTS``
    :param keeps: whether a large database that is there is used again
    :param has_history: whether the records of the large database have a history; without it far more of them fit
    """

    leads: int = 1_000_000
    small: int = 1_000
    rounds: int = 30
    requests: int = 10_000
    parts: tuple[str, ...] = PARTS
    keeps: bool = False
    has_history: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether it measures all there is, at full size: such a run is what others are compared with."""
        is_full = self.leads >= 1_000_000 and self.has_history
        return is_full and self.parts == PARTS and self.rounds >= 30 and self.requests >= 10_000

    @property
    def is_of_pages_at_five_million(self) -> bool:
        """Whether it measures only the pages, with so many leads that whatever grows with them is seen."""
        return self.leads >= FIVE_MILLION and self.parts == ("pages",) and self.rounds >= 30


def read_options() -> Options:
    """Read the environment.

    :return: what this run is to do
    """
    told = os.environ.get
    parts = tuple(part for part in PARTS if part in told("BENCH_ONLY", ",".join(PARTS)).split(","))
    if not parts:
        raise SystemExit(f"BENCH_ONLY names no part: choose from {', '.join(PARTS)}.")
    return Options(
        leads=int(told("BENCH_LEADS", "1000000")),
        rounds=max(1, int(told("BENCH_ROUNDS", "30"))),
        requests=int(told("BENCH_REQUESTS", "10000")),
        parts=parts,
        keeps=told("BENCH_KEEP", "") not in ("", "0"),
        has_history=told("BENCH_HISTORY", "1") not in ("", "0"),
    )


def describe_machine() -> str:
    """Say what was measured on, without a name or a path.

    :return: processor, cores, memory, system, and Python with how it was built
    """
    processor = next(
        (line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = next((int(line.split()[1]) // 1024**2 for line in _read("/proc/meminfo") if "MemTotal" in line), 0)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"Python {platform.python_version()} ({describe_build()})"
    return f"{processor}, {cores} cores, {memory} GB, {platform.system()}, {python}"


def describe_build() -> str:
    """Say how Python was built, on which figures depend: with optimizations, bare code takes about a sixth less time.

    :return: in a few words
    """
    # Distributions optimize theirs in other ways, and don't say so here.
    if Path(sys.base_prefix) == Path("/usr"):
        return "the system's own"
    told = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    if "--enable-optimizations" not in told:
        return "built without --enable-optimizations"
    return "built with --enable-optimizations" + (" and LTO" if "--with-lto" in told else "")


def measured_on() -> str:
    """Tell the day.

    :return: as it is written in the report
    """
    return date.today().isoformat()


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
