"""How often a job ran and failed since that was last written down."""

import time
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class Runs:
    """Runs of a job.

    :param failures: how many of them failed
    :param seconds: how long they took together
    :param ran_at: when the last one ended, by ``time.monotonic``
    :param succeeded_at: when the last one that did not fail ended
    """

    count: int = 0
    failures: int = 0
    seconds: float = 0.0
    ran_at: float = 0.0
    succeeded_at: float | None = None


class RunCounter:
    """Counts the runs of one job. The thread of the job counts, that of the heartbeat takes what is there."""

    def __init__(self) -> None:
        self._runs = Runs()
        self._lock = Lock()

    def note(self, seconds: float, *, has_failed: bool) -> None:
        """Count a run that has just ended."""
        now = time.monotonic()
        with self._lock:
            before = self._runs
            self._runs = Runs(
                before.count + 1,
                before.failures + has_failed,
                before.seconds + seconds,
                now,
                before.succeeded_at if has_failed else now,
            )

    def read(self) -> Runs:
        """Return what was counted."""
        return self._runs

    def take_off(self, written: Runs) -> None:
        """Forget what has been written down; what was counted since stays."""
        with self._lock:
            now = self._runs
            self._runs = Runs(
                now.count - written.count,
                now.failures - written.failures,
                now.seconds - written.seconds,
                now.ran_at,
                now.succeeded_at if now.succeeded_at != written.succeeded_at else None,
            )
