"""The release before this one, from the history of this repository."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.operation.launch import ROOT, temporary_folder

NEXT_MIGRATION = "060"
"""While no release is a tag: the one before this migration, the first that goes on serving on a newer schema."""


def find_last_release() -> str | None:
    """Its commit: that of the last tag, or else the one before ``NEXT_MIGRATION``.

    :return: ``None`` where the history doesn't reach back to it
    """
    added = _git("log", "-1", "--diff-filter=A", "--format=%H", "--", f"migrations/versions/{NEXT_MIGRATION}_*.py")
    tag = _git("describe", "--tags", "--abbrev=0", "HEAD^")
    return _git("rev-parse", "--verify", "--quiet", f"{tag or added + '^'}^{{commit}}") or None


@contextmanager
def check_out(commit: str) -> Iterator[Path]:
    """Write its files to a folder."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
    with temporary_folder() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        yield folder


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
