"""Locks on files, which the kernel drops with the last process that holds them, however that one ends."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from click import ClickException


class CannotWrite(ClickException):
    """A folder does not let this user write; the message is one line for the person at the console."""


def make_folder(folder: Path) -> None:
    """
    Make a folder, and those above it, unless it is there.

    :param folder: its path
    :raise CannotWrite: where that is not allowed
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"Cannot make the folder {folder}: {error.strerror}.") from error


def open_lock(path: Path) -> int:
    """
    Open the file that a lock is taken on; children inherit it only if they are given it.

    :param path: the file, made when missing
    :return: its descriptor
    :raise CannotWrite: where that is not allowed
    """
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotWrite(
            f"Cannot write {path}: {error.strerror}. Let this user write in {path.parent}, or set DATABASE_URL."
        ) from error
    owner = path.parent.stat()
    if os.geteuid() == 0 and os.fstat(lock).st_uid != owner.st_uid:
        # What root makes in the folder of somebody else must not lock them out of it later.
        os.fchown(lock, owner.st_uid, owner.st_gid)
    return lock


def try_lock(lock: int) -> bool:
    """
    Take a lock if nobody has it.

    :param lock: the descriptor
    :return: whether it is held now
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_free(path: Path) -> bool:
    """
    Tell whether nobody holds a lock, shared or not.

    :param path: the file
    :return: true where it could be taken
    """
    lock = open_lock(path)
    try:
        return try_lock(lock)
    finally:
        os.close(lock)


def wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    """
    Wait for something to become true.

    :param is_so: tells whether it is
    :param seconds: how long to wait
    :return: false where time ran out
    """
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
