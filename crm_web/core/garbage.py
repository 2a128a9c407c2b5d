"""When Python looks for garbage: not while a program starts, nor as it ends."""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

# At its end a process would go through all that it holds, though the system takes back its memory at once.
atexit.register(gc.freeze)


@contextmanager
def not_collecting() -> Iterator[None]:
    """Import modules, of which nothing is garbage: to go through them again and again takes a fifth of a start."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            # What came first is most, and stays: no later look goes through it.
            gc.freeze()
        if was_collecting:
            gc.enable()
