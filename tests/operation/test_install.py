"""`deploy/install` sets up exactly what the locks hold, with any pip that Python brings and whatever a registry has."""

import ensurepip
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from crm_web.core.config import ROOT
from tests.operation.launch import temporary_folder
from tests.operation.wheels import LOCKED, fetch_wheels

LOCKS = ("requirements.txt", "requirements-dev.txt")
OLDEST_PIP = {(3, 11): "22.3", (3, 12): "23.2.1", (3, 13): "24.2"}
"""The pip that the first release of each Python brought; each runs on its own Python only."""


def read_pins(lock: str) -> dict[str, str]:
    """The packages of a lock that this Python and system need, extras left out, with their versions."""
    lines = re.findall(r"^(\S+==[^\\\n]+)", (ROOT / lock).read_text(), re.M)
    needed = [pin for pin in map(Requirement, lines) if pin.marker is None or pin.marker.evaluate()]
    return {canonicalize_name(pin.name): str(pin.specifier) for pin in needed}


def run(*command: str | Path, **settings: str) -> str:
    """Run a program with settings of pip in its environment, and give what it printed."""
    done = subprocess.run(
        list(map(str, command)), env=os.environ | settings, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder() -> Iterator[Path]:
    with temporary_folder() as path:
        yield path


@pytest.mark.slow
def test_locks_are_complete_for_the_oldest_pip_without_an_index(folder: Path) -> None:
    pip = f"pip=={OLDEST_PIP.get(sys.version_info[:2], ensurepip.version())}"
    wheels = fetch_wheels()
    run(sys.executable, "-m", "pip", "download", "--quiet", "-d", folder, "--no-deps", "--only-binary=:all:", pip)
    # From here on there is no registry, and no settings of this machine.
    alone = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull, "PIP_NO_COMPILE": "1"}
    (folder / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/install", folder / "deploy")
    python = folder / ".venv/bin/python"
    run(sys.executable, "-m", "venv", "--without-pip", folder / ".venv")
    (wheel,) = folder.glob("pip-*.whl")
    run(python, wheel / "pip", "install", "--quiet", wheel, **alone)
    shutil.copy(ROOT / "requirements.txt", folder)
    run(folder / "deploy/install", "requirements.txt", sys.executable, **alone)
    run(python, "-m", "pip", "check", **alone)
    installed = metadata.distributions(path=[str(next(folder.glob(".venv/lib/*/site-packages")))])
    versions = {canonicalize_name(found.name): f"=={found.version}" for found in installed}
    assert versions == read_pins("requirements.txt") | {"pip": pip.removeprefix("pip")}
    # These tests themselves run on what the other lock holds; to unpack all of it again takes half a minute.
    dry = run(python, "-m", "pip", "install", "--dry-run", *LOCKED, ROOT / "requirements-dev.txt", **alone)
    wanted = re.search(r"^Would install (.*)$", dry, re.M)
    assert wanted and len(wanted[1].split()) == len(read_pins("requirements-dev.txt").keys() - versions.keys())
    run(sys.executable, "-m", "pip", "check")


def test_development_has_all_of_production_in_the_same_versions() -> None:
    production, development = map(read_pins, LOCKS)
    assert production.items() <= development.items()


def test_locks_keep_the_extras_that_packages_ask_for() -> None:
    asked = re.search(r"^pydantic\[email\]==", (ROOT / "requirements-dev.txt").read_text(), re.M)
    assert asked, "scim2-models asks for pydantic[email]: make the locks by `make lock`"


def test_nothing_is_installed_but_what_a_lock_holds() -> None:
    """Each `pip install` of the set-up takes a lock by its hashes; nothing is resolved or built on the day."""
    for name in ("deploy/install", "Dockerfile"):
        (command,) = re.findall(r"pip install (.*)", (ROOT / name).read_text())
        assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(command.split()), name
