"""Pytest's plug-in that measures what a run of several workers covers, says it, and fails a run that covers too little.

It is asked for by ``-p tests.measuring.plugin``.
"""

import io
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from slipcover import merge_coverage, print_coverage

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "coverage"
LEAST = 95.0
"""The percentage of lines and branches that a run must cover."""
ONLY_IN_PROGRAMS = "crm_web.launcher,crm_web.worker,crm_web.core,crm_web.cli"
"""What runs in the programs that tests start, and partly nowhere else."""
FOUND = pytest.StashKey[dict[str, Any]]()


def pytest_configure(config: pytest.Config) -> None:
    """Have all Python programs that begin from now on measured: the workers, and what these start."""
    if hasattr(config, "workerinput"):
        os.environ["COVERAGE_ROOMS"] = ONLY_IN_PROGRAMS
        return
    assert config.getoption("numprocesses"), "Only workers are measured: add -n 3."
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    os.environ |= {"COVERAGE_FOLDER": str(FOLDER), "PYTHONPATH": str(Path(__file__).parent)}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Put together what the workers noted, of which each has told before it says that it has finished."""
    if hasattr(session.config, "workerinput"):
        sys.modules["sitecustomize"].note()
        return
    noted = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    assert noted, "No worker has noted what it ran."
    found = noted[0]
    for other in noted[1:]:
        merge_coverage(found, other)
    session.config.stash[FOUND] = found
    if session.exitstatus == pytest.ExitCode.OK and _percent(found) < LEAST:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which lines and branches no test runs."""
    if found := config.stash.get(FOUND, None):
        text = io.StringIO()
        print_coverage(found, outfile=text, skip_covered=True, missing_width=60)
        terminalreporter.section("coverage")
        terminalreporter.write_line(text.getvalue())
        verdict = "reached" if _percent(found) >= LEAST else "NOT REACHED"
        terminalreporter.write_line(f"Required coverage of {LEAST}% {verdict}: {_percent(found):.2f}%")


def _percent(found: dict[str, Any]) -> float:
    return float(found["summary"]["percent_covered"])
