"""A process of the web server: when its requests arrived, and how it stops: out of the load balancer first, then the
door, then what is under way.
"""

import ctypes
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from types import FrameType
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from crm_web.core import admission, draining

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
BPF_RETURN = 6


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # Gunicorn has no types.
    """A gunicorn worker that serves on for DRAIN_SECONDS after SIGTERM while ``/readyz`` answers 503.

    Then it closes its socket at once, so that who connects now is refused and asks another instance. Gunicorn keeps the
    socket open, unread, until the last request has ended: whoever connects meanwhile waits and is then reset.
    """

    drain_seconds = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        if draining.begun.is_set():
            return
        draining.begun.set()
        if not self.drain_seconds:
            super().handle_exit(sig, frame)
            return
        timer = Timer(self.drain_seconds, super().handle_exit, (sig, frame))
        timer.daemon = True
        timer.start()

    def enqueue_req(self, conn: Any) -> None:
        """Note when a request arrives: it may wait for a thread."""
        conn.arrived_at = time.perf_counter()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Answer a request, in a thread."""
        admission.arrival.at = conn.arrived_at
        return super().handle(conn)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections, or no more; when stopping, close the socket behind the last one that waits."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                with _nobody_connects(listener):
                    self._accept_waiting(listener)
                listener.close()

    def _accept_waiting(self, listener: Any) -> None:
        before = -1
        while self.nr_conns != before:
            before = self.nr_conns
            self.accept(listener)


@contextmanager
def _nobody_connects(listener: Any) -> Iterator[None]:
    """Drop attempts to connect, which are tried again a second later: by then the socket is closed, and refuses.

    While other threads are busy, this one may get its next turn long after it has found nobody waiting. Whoever had
    connected by then would be reset together with their request. Workers share the socket, and others may go on.
    """
    if sys.platform != "linux" or not draining.begun.is_set():
        yield
        return
    dropping_all = ctypes.create_string_buffer(struct.pack("HBBI", BPF_RETURN, 0, 0, 0))
    # Some sandboxes have no filters.
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(dropping_all)))
    try:
        yield
    finally:
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
