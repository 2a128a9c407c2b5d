"""Imports in each state."""

import io
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm_web.imports.stored.running import ImportRunner
from crm_web.models import Import, ImportState
from crm_web.worker.runner import Job, Worker
from tests.page import Browser

FILE = b"Name,Email,Stage\nAda Byron,ada@engines.example,New\nBea Cole,not an email,New\n"


def run_imports(browser: Browser) -> None:
    """Let the worker do what is due; nothing may fail."""
    assert Worker(browser.app, [Job("imports", ImportRunner().run, every=1)]).run_once() == []


def upload_file(browser: Browser, content: bytes = FILE, name: str = "leads.csv") -> int:
    """Upload a file; gives the import's id."""
    sent: dict[str, Any] = {"file": (io.BytesIO(content), name)}
    location = browser.post("imports.create_import", sent).location
    assert location is not None
    return int(location.split("/")[2])


def make_imports(session: Session, browser: Browser) -> list[int]:
    """An import in each state that waits for somebody, the first one being a draft."""
    draft, checking, checked, importing, imported, failed, undoing = (upload_file(browser) for _ in range(7))
    for import_id in (checked, imported, importing, undoing):
        browser.post("imports.change_columns", import_id=import_id)
    run_imports(browser)
    for import_id in (imported, undoing):
        browser.post("imports.start_import", import_id=import_id)
        run_imports(browser)
    browser.post("imports.start_import", import_id=importing)
    browser.post("imports.undo_import", import_id=undoing)
    browser.post("imports.change_columns", import_id=checking)
    session.execute(update(Import).where(Import.id == failed).values(problem="The file breaks off."))
    session.commit()
    assert session.get_one(Import, checked).state is ImportState.CHECKED
    return [draft, checking, checked, importing, imported, failed, undoing]
