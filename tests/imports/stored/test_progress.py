"""What the page says while the worker is at an import."""

import pytest

from crm_web.imports import operations
from crm_web.imports.stored.progress import ProgressNotes
from tests.imports.stored.conftest import Upload, Work
from tests.imports.stored.test_import_in_browser import LEADS


def test_it_is_said_what_goes_on_before_rows_are_read(
    upload: Upload, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large file is read twice: its columns are looked at as a whole first."""
    noted: list[tuple[str, bool]] = []
    note = ProgressNotes.__call__

    def listen(self: ProgressNotes, stage: str, done: int, total: int) -> None:
        noted.append((stage, done > 0))
        note(self, stage, done, total)

    monkeypatch.setattr(ProgressNotes, "__call__", listen)
    monkeypatch.setattr(operations, "ROWS_TOLD", 1)
    upload(LEADS).form("/file").submit().follow().form("/columns").submit()
    work()
    assert noted[:2] == [("Opening the file", False), ("Finding columns", True)]
    assert ("Reading", True) in noted
