"""Locks on files; the kernel releases them when the last process that holds them ends."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from click import ClickException


class CannotWrite(ClickException):
    """This user can't write to a folder; the message is one line for the console."""


def make_folder(folder: Path) -> None:
    """Create a folder and its parents if they are missing.

    :raise CannotWrite: if that is not allowed
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"Cannot make the folder {folder}: {error.strerror}.") from error


def open_lock(path: Path) -> int:
    """Open a lock file; child processes inherit it only if it is passed to them.

    :raise CannotWrite: if that is not allowed
    """
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotWrite(
            f"Cannot write {path}: {error.strerror}. Make {path.parent} writable for this user or set DATABASE_URL."
        ) from error
    owner = path.parent.stat()
    if os.geteuid() == 0 and os.fstat(lock).st_uid != owner.st_uid:
        # What root makes in the folder of somebody else must not lock them out of it later.
        os.fchown(lock, owner.st_uid, owner.st_gid)
    return lock


def try_lock(lock: int) -> bool:
    """Take a lock if it is free."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_free(path: Path) -> bool:
    """Return whether nobody holds a lock, shared or exclusive."""
    lock = open_lock(path)
    try:
        return try_lock(lock)
    finally:
        os.close(lock)


def wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Poll until a condition is true."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
