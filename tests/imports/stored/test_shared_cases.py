"""The inputs that once failed, by the command and through the pages: both save the same, and say the same of a row."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.config import ROOT
from crm_web.core.extensions import db
from crm_web.imports.stored.hints import hint_at_pages
from crm_web.models import Contact, Customer, Employee, Import, ImportResult, Lead
from tests.imports.stored.conftest import Upload, Work
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]

CASES = ROOT.parent / "shared" / "cases" / "imports"
FILES = sorted(CASES.glob("*.csv"))
NAMES = sorted({path.name.split(".")[0] for path in FILES}) or ["none"]
OF_ONE_RUN = {"id", "number", "customer_id", "created_from_lead_id", "parent_id", "owner_id", "search_text"}
Said = list[tuple[int, str, str]]

pytestmark = pytest.mark.skipif(not FILES, reason="no ../shared/cases beside the repository")


def plain(value: Any) -> Any:
    """A value without what differs from run to run: what happened just now happened now."""
    is_now = isinstance(value, datetime) and abs(datetime.now(UTC) - value) < timedelta(hours=1)
    return "now" if is_now else value


def list_saved(session: Session) -> dict[str, list[dict[str, Any]]]:
    """All leads, customers and contacts, with the names of those whom they belong to."""
    session.expire_all()
    found = {}
    for model in (Lead, Customer, Contact):
        found[model.__name__] = [
            {c.name: plain(getattr(it, c.name)) for c in model.__table__.columns if c.name not in OF_ONE_RUN}
            | {name: getattr(getattr(it, name, None), "name", None) for name in ("customer", "owner", "parent")}
            for it in session.scalars(select(model).order_by(model.id))
        ]
    return found


def without_ids(text: str) -> str:
    return re.sub(r"\b(lead|customer|contact) \d+", r"\1", text)


def by_command(app: Flask, paths: list[Path], email: str, report: Path) -> tuple[int, list[Said]]:
    """How it ended, and what was said of each row of each file."""
    said: list[Said] = []
    for path in paths:
        options = ("--as", email, "--report", str(report))
        result = app.test_cli_runner().invoke(args=["import", str(path), *options])
        if result.exit_code == 1:
            return 1, said
        rows = list(csv.reader(io.StringIO(report.read_text("utf-8-sig"), newline="")))[1:]
        said.append([(int(row[0]), row[1], without_ids(hint_at_pages(row[-1]))) for row in rows])
    return 0, said


def by_pages(
    session: Session, browser: Browser, upload: Upload, work: Work, paths: list[Path]
) -> tuple[str, list[Said]]:
    """Where it stopped, if it did, and what was said of each row of each file."""
    said: list[Said] = []
    for path in paths:
        page = upload(path.read_bytes(), path.name, by=browser)
        for form in ("/file", "/columns"):
            page = page if page.status == 422 else page.form(form).submit()
            if page.status == 422:
                return page.text, said
            page = page.follow()
        work()
        page = browser.open(page.url)
        if "Every row has been checked" not in page.text:
            return page.text, said
        for button in page.soup.select("form[action$='/import'] button"):
            page.button(button.get_text(strip=True))
        work()
        record = session.scalars(select(Import).order_by(Import.id.desc()).limit(1)).one()
        rows = session.scalars(select(ImportResult).where(ImportResult.import_id == record.id).order_by("line"))
        said.append([(row.line, row.outcome.label, without_ids(row.reason or "")) for row in rows])
    return "", said


@pytest.mark.parametrize("name", NAMES)
def test_pages_and_command_do_the_same(
    app: Flask,
    session: Session,
    browser_as: BrowserAs,
    upload: Upload,
    work: Work,
    ada: Employee,
    tmp_path: Path,
    name: str,
) -> None:
    paths = [path for path in FILES if path.name.startswith(f"{name}.")]
    with app.app_context():
        ground = db.engines[None]
    way = ground.begin_nested()  # type: ignore[attr-defined]
    code, said = by_command(app, paths, ada.email, tmp_path / "report.csv")
    with Session(ground, join_transaction_mode="create_savepoint") as own:
        saved = list_saved(own)
    way.rollback()
    stopped, told = by_pages(session, browser_as(ada), upload, work, paths)
    assert told == said
    assert list_saved(session) == saved
    assert bool(code) == bool(stopped), stopped
    if code:
        assert saved == {"Lead": [], "Customer": [], "Contact": []}
