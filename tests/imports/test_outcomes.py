"""What became of each row can be read, in the report, in a file and by the pages."""

import csv
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.imports.operations import Options, Report, import_leads, open_leads
from crm_web.imports.outcomes import RowOutcome, list_outcomes
from crm_web.models import Employee, ImportOutcome, Lead, LeadStatus
from tests.factories import make_lead

ImportFile = Callable[..., Result]


def run(app: Flask, content: str, by: Employee) -> tuple[Report, list[RowOutcome]]:
    """Import a text and return the report and every row's outcome."""
    with app.app_context():
        report = start(content, by)
        rows = list(list_outcomes())
        db.session.commit()
    assert [row.line for row in rows] == sorted(row.line for row in rows)
    assert len(rows) == report.read == sum(getattr(report, outcome) for outcome in ImportOutcome)
    return report, rows


def start(content: str, by: Employee) -> Report:
    options = Options(currency="USD", region="US")
    file = open_leads(BytesIO(content.encode()), options)
    return import_leads(file, options, by=db.session.get_one(Employee, by.id))


def test_every_row_has_an_outcome_with_its_record(app: Flask, session: Session, ada: Employee) -> None:
    known = make_lead(session, last_name="Quist", external_system="lead_id", external_id="7")
    session.commit()
    content = "Lead ID,Last Name,Email,Status,Shoe size\n7,Quist,,Won,40\n8,Lee,,,41\n\n9,Ray,nobody,,\n8,Lee,,,\n"
    report, (won, created, refused, same) = run(app, content, ada)
    assert (report.left_out, report.closed) == (["Shoe size"], 1)
    assert (won.outcome, won.lead_id) == (ImportOutcome.UPDATED, known.id)
    lead = session.get_one(Lead, created.lead_id)
    assert (created.outcome, lead.last_name, created.reasons) == (ImportOutcome.CREATED, "Lee", [])
    assert (refused.line, refused.outcome, refused.lead_id) == (5, ImportOutcome.REFUSED, None)
    assert [str(note) for note in refused.notes] == ["Email “nobody”: Enter an email address like name@company.com."]
    assert (same.line, same.outcome) == (6, ImportOutcome.SAME)
    session.refresh(known)
    assert (known.status, won.customer_id) == (LeadStatus.WON, known.customer_id)


def test_outcomes_are_listed_by_kind_and_by_page(app: Flask, ada: Employee) -> None:
    run(app, "Lead ID,Last Name\n1,Lee\n", ada)
    with app.app_context():
        start("Lead ID,Last Name,Phone\n1,Lee,\n20,Ray,1234567890\n21,Ray,1\n22,Fay,\n", ada)
        assert [row.line for row in list_outcomes(ImportOutcome.REFUSED)] == [4]
        assert [row.line for row in list_outcomes(to_review=True)] == [2, 3]
        assert [row.line for row in list_outcomes(after=2, limit=2)] == [3, 4]


def test_the_files_name_each_row_and_are_safe_in_a_spreadsheet(import_file: ImportFile, tmp_path: Path) -> None:
    refused, report = tmp_path / "refused.csv", tmp_path / "report.csv"
    content = "Last Name,Company,Email\n=1+1,+SUM(A1),not-an-email\nQuist,Quist Paper,\n"
    result = import_file(content, "--refused", str(refused), "--report", str(report))
    assert f"The result of each row is in {report}." in result.stdout
    with refused.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1][2:] == ["'=1+1", "'+SUM(A1)", "not-an-email"]
    with report.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[:2] for row in rows] == [["Line", "Result"], ["2", "Refused"], ["3", "Created"]]
    assert "Enter an email address" in rows[1][5]
