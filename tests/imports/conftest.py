"""A file and the command that imports it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

ImportFile = Callable[..., Result]


@pytest.fixture
def import_file(app: Flask, tmp_path: Path) -> ImportFile:
    """Import a text, bytes or an existing file with the command and its options."""

    def run(content: str | bytes | Path, *options: str) -> Result:
        path = content if isinstance(content, Path) else tmp_path / "leads.csv"
        if not isinstance(content, Path):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        result: Result = app.test_cli_runner().invoke(args=["leads", "import", str(path), *options])
        return result

    return run
