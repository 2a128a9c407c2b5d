"""Several sessions of the database that work side by side, since one keeps only one core busy."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from threading import Condition
from typing import Any, Self

from psycopg2.extensions import QueryCanceledError
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from crm_web.core.extensions import db

Job = Callable[[Cursor], object]

# Each session keeps a core busy by itself.
_SETTINGS = """
SET statement_timeout = 0; SET lock_timeout = 0; SET temp_buffers = '256MB'; SET work_mem = '256MB';
SET maintenance_work_mem = '512MB'; SET max_parallel_maintenance_workers = 0; SET max_parallel_workers_per_gather = 0
"""


class BrokenOff(Exception):
    """Another session failed, so that this one need not go on."""


class Sessions:
    """Connections to the database of the application, each with a thread; closed at the end.

    :param count: how many
    """

    def __init__(self, count: int) -> None:
        self._connections = [_connect() for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()

    def commit(self) -> None:
        """End the transaction of each; from now on each statement is one."""
        for connection in self._connections:
            # Before it is on disk, VACUUM takes no row for visible to all.
            connection.commit()
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit = off")

    def roll_back(self) -> None:
        """Undo the transaction of each."""
        for connection in self._connections:
            connection.rollback()

    def each(self, work: Callable[[Connection], object]) -> None:
        """Let every session do the same work, and end when all have ended.

        :raise Exception: the first error of any of them; the statements of the others are cancelled
        """
        with ThreadPoolExecutor(len(self._connections)) as threads:
            tasks = [threads.submit(work, connection) for connection in self._connections]
            try:
                wait(tasks, return_when=FIRST_EXCEPTION)
            finally:
                if not all(task.done() for task in tasks):
                    self._cancel()
        errors = [error for task in tasks if (error := task.exception())]
        for error in sorted(errors, key=lambda error: isinstance(error, BrokenOff | QueryCanceledError)):
            raise error

    def share(self, jobs: Iterable[Job]) -> None:
        """Do jobs, each by the session that is free next. Call it after ``commit``.

        :param jobs: those that take longest first
        """
        waiting: SimpleQueue[Job] = SimpleQueue()
        for job in jobs:
            waiting.put(job)

        def work(connection: Connection) -> None:
            with connection.cursor() as cursor:
                try:
                    while True:
                        waiting.get_nowait()(cursor)
                except Empty:
                    pass
                except BaseException:
                    while not waiting.empty():
                        waiting.get()
                    raise

        self.each(work)

    def _cancel(self) -> None:
        for connection in self._connections:
            connection.cancel()


class Turns:
    """Numbers that go from one batch to the next, in the order of the batches, whichever session draws them.

    :param start: the last number of each kind that is taken before the first batch
    """

    def __init__(self, start: dict[str, int]) -> None:
        self.now = dict(start)
        self._turn, self._is_over, self._changed = 0, False, Condition()

    def take(self, turn: int, counts: dict[str, int]) -> dict[str, int]:
        """Wait for the batches before, and take so many numbers of each kind.

        :param turn: the place of the batch, from 0
        :param counts: how many of each kind
        :return: the last number of each kind that was taken before
        :raise BrokenOff: if the batches before will never come
        """
        with self._changed:
            self._changed.wait_for(lambda: self._turn == turn or self._is_over)
            if self._is_over:
                raise BrokenOff
            before = self.now
            self.now = {kind: number + counts[kind] for kind, number in before.items()}
            self._turn += 1
            self._changed.notify_all()
            return before

    def end(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


def _connect() -> Any:
    fairy = db.engine.raw_connection()
    connection = fairy.dbapi_connection
    # Closed at the end, with its settings, instead of going back to the pool.
    fairy.detach()
    with connection, connection.cursor() as cursor:  # type: ignore[union-attr]
        cursor.execute(_SETTINGS)
    return connection
