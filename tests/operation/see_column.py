"""A program for a copy of the tree in which leads have a campaign: it goes everywhere where a column is to be seen."""

import csv
import io
import tempfile

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web import create_app
from crm_web.core.extensions import db
from crm_web.models import Employee, Lead
from tests.api.client import Program
from tests.factories import make_sign_in, make_token
from tests.page import Browser, words
from tests.worker.run import run_worker


def see_column() -> None:
    app = create_app()
    with app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        ada = session.query(Employee).filter_by(email="ada@piper.example").one()
        browser, program = Browser(app, make_sign_in(session, ada)), Program(app, make_token(session, ada))
        session.commit()
        lead_id = _see_on_pages(browser)
        _see_in_lists(browser, lead_id)
        _see_in_the_api(program, lead_id)
        _see_in_files(browser, session)
        _see_in_merges_and_erasures(browser, session)
        named = "SELECT 1 FROM pg_constraint WHERE conname = 'ck_leads_campaign_length'"
        assert session.execute(text(named)).one()


def _see_on_pages(browser: Browser) -> int:
    form = browser.get("leads.new_lead").form("new")
    page = form.fill(last_name="Tanaka", campaign="Spring letter").submit().follow()
    told = [words(term.find_next("dd") or term) for term in page.soup.select("dl dt") if words(term) == "Campaign"]
    assert told == ["Spring letter", "to Spring letter"]  # The fact, and how it came there.
    too_long = browser.get("leads.new_lead").form("new").fill(last_name="Tanaka", campaign="x" * 301).submit()
    assert "campaign" in too_long.errors
    return int(page.url.rpartition("/")[2])


def _see_in_lists(browser: Browser, lead_id: int) -> None:
    browser.get("leads.new_lead").form("new").fill(last_name="Berg").submit()
    page = browser.get("leads.list_leads", columns="campaign", sort="-campaign")
    assert [row["Campaign"] for row in page.table] == ["Spring letter", ""]
    page = browser.get("leads.list_leads", columns="campaign", no="campaign")
    assert len(page.table) == 1
    assert "No campaign" in page.text
    change = browser.get("leads.edit_lead", lead_id=lead_id).form().fill(campaign="Autumn letter").submit().follow()
    assert "Campaign" in change.text
    assert "Spring letter" in change.text  # Its history says what it was.


def _see_in_the_api(program: Program, lead_id: int) -> None:
    found = program.get("/leads?no=campaign&sort=campaign&fields=name,campaign").json
    assert found and [lead["campaign"] for lead in found["items"]] == [None]
    changed = program.patch(f"/leads/{lead_id}", {"campaign": "Fair"}, match=2).json
    assert changed and changed.get("campaign") == "Fair", changed


def _see_in_files(browser: Browser, session: Session) -> None:
    file = browser.client.get("/leads.csv").get_data(as_text=True).lstrip("\ufeff")
    rows = list(csv.DictReader(io.StringIO(file)))
    assert {row["Campaign"] for row in rows} == {"Fair", ""}
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as sent:
        sent.write("Last name,Campaign\nOkoro,Winter letter\n")
        sent.flush()
        done = browser.app.test_cli_runner().invoke(args=["leads", "import", sent.name])
    assert done.exit_code == 0, done.output
    assert session.query(Lead.campaign).filter_by(last_name="Okoro").scalar() == "Winter letter"  # type: ignore[attr-defined]


def _see_in_merges_and_erasures(browser: Browser, session: Session) -> None:
    for name in ("Lund", "Holm"):
        browser.get("leads.new_lead").form("new").fill(last_name=name).submit()
    other, kept = session.scalars(select(Lead.id).order_by(Lead.id.desc()).limit(2))
    browser.get("leads.edit_lead", lead_id=other).form().fill(campaign="Summer letter").submit()
    page = browser.get("merging.preview_merge", records="leads", ids=f"{kept},{other}")
    page.form("merge").submit(keep=str(kept))
    campaign = text("SELECT campaign FROM leads WHERE id = :id")
    assert session.execute(campaign, {"id": kept}).scalar() == "Summer letter"
    browser.get("privacy.preview_erasure", kind="lead", record_id=kept).form("erase").submit(confirmed="1")
    run_worker(browser.app)
    assert session.execute(campaign, {"id": kept}).scalar() is None


if __name__ == "__main__":
    see_column()
