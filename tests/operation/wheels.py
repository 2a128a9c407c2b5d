"""The files of all packages that a lock holds, as a registry has them: downloaded once, as that takes half a minute.

``make check`` downloads them while it checks the code: ``python -m tests.operation.wheels``.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from crm_web.core.config import ROOT

LOCK = ROOT / "requirements-dev.txt"
KEPT = ROOT / "var" / "wheels"
LOCKED = ("--no-deps", "--require-hashes", "--only-binary=:all:", "-r")


def fetch_wheels() -> Path:
    """Give the folder that holds them."""
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder, unfinished = KEPT / digest, KEPT / "unfinished"
    if not folder.exists():
        # Those of other locks.
        shutil.rmtree(KEPT, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "-d", str(unfinished), *LOCKED, str(LOCK)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        unfinished.rename(folder)
    return folder


if __name__ == "__main__":
    fetch_wheels()
