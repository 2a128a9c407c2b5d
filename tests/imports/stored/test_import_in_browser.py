"""From a file to its leads, through the pages alone."""

import csv
import io

import pytest
import xlsxwriter
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.imports import tables
from crm_web.imports.stored import preview
from crm_web.imports.stored.words import MOST_WORDS
from crm_web.imports.tables import SAMPLE_ROWS
from crm_web.models import (
    Change,
    Contact,
    Customer,
    Employee,
    Import,
    ImportChunk,
    ImportState,
    Lead,
    LeadSource,
    RecordKind,
)
from crm_web.privacy.operations import erase_person, request_erasure
from tests.factories import make_customer, make_employee
from tests.imports.stored.conftest import BrowserAs, Upload, Work
from tests.page import Browser
from tests.rows import count

LEADS = """Id,Name,Company,Email,Stage
1,Ada Byron,Engines Ltd,ada@engines.example,Qualified
2,Bea Cole,Looms Ltd,bea@looms.example,New
3,Cy Dorn,Mills Ltd,not an email,New
"""


def test_a_file_becomes_leads_and_every_row_is_answered_for(
    session: Session, upload: Upload, work: Work, max: Employee
) -> None:
    page = upload(LEADS)
    assert page.h1 == "leads.csv"
    assert page.table[0]["Company"] == "Engines Ltd"
    page = page.form("/file").submit().follow()
    assert {row["Column"]: row["Values"] for row in page.table}["Company"] == "Engines Ltd · Looms Ltd · Mills Ltd"
    page = page.form("/columns").submit().follow()
    assert "No worker is running" in page.text
    work()
    page = page.browser.open(page.url)
    assert page.facts == {
        "Rows in the file": "3",
        "Refused": "1",
        "Will be created": "2",
        "Will be updated": "0",
        "Will be filled in": "0",
        "Nothing new": "0",
    }
    assert "Email" in page.table[0]["Reason"] and page.table[0]["Line"] == "Fix line 4"
    assert count(session, Lead) == 0
    page = page.button("Import 2 leads").follow()
    assert "Waiting for the worker" in page.text
    work()
    page = page.browser.open(page.url)
    assert page.facts["Created"] == "2" and page.facts["Refused"] == "1"
    assert [row["Lead"] for row in page.table] == ["Ada Byron", "Bea Cole"]
    assert page.click("Ada Byron").h1 == "Ada Byron"
    lead = session.scalars(select(Lead).where(Lead.company == "Engines Ltd")).one()
    change = session.scalars(select(Change).where(Change.entity == "lead", Change.entity_id == lead.id)).one()
    assert (change.source, change.actor_id, lead.status) == ("import", max.id, "qualified")
    record = session.scalars(select(Import)).one()
    assert (record.xact, record.state) == (change.xact, ImportState.IMPORTED)
    report = list(csv.reader(io.StringIO(page.click("Download report").body.lstrip("\ufeff"))))
    assert [row[:2] for row in report[1:]] == [["2", "created"], ["3", "created"], ["4", "refused"]]
    refused = page.click("Download refused rows").body
    assert "Cy Dorn" in refused and "Ada Byron" not in refused
    assert page.browser.get("imports.list_imports").table[0]["Status"] == "Imported"


def test_a_columns_field_can_be_changed_and_is_remembered(session: Session, upload: Upload, work: Work) -> None:
    content = "Kontakt,Firma,Notizen\nAda Byron,Engines Ltd,Call\n"
    page = upload(content).form("/file").submit().follow()
    columns = {row["Column"]: at for at, row in enumerate(page.table)}
    choice = {f"field-{columns['Kontakt']}": "full_name", f"field-{columns['Notizen']}": ""}
    page = page.form("/columns").submit(**choice).follow()
    work()
    page.browser.open(page.url).button("Import 1 lead")
    work()
    lead = session.scalars(select(Lead)).one()
    assert (lead.first_name, lead.last_name, lead.description) == ("Ada", "Byron", None)
    page = upload(content).form("/file").submit().follow()
    assert "as in the last import" in page.text
    assert page.form("/columns")["field-0"] == "full_name"


def test_a_word_for_a_status_can_be_given_its_meaning(session: Session, upload: Upload, work: Work) -> None:
    page = upload("Name,Stage\nAda Byron,Teatime\n").form("/file").submit().follow()
    page = page.form("/columns").submit(**{"status:Teatime": "proposal"}).follow()
    work()
    page.browser.open(page.url).button("Import 1 lead")
    work()
    assert session.scalars(select(Lead.status)).one() == "proposal"


def test_owners_sources_and_currencies_can_be_given_their_meaning(
    session: Session, upload: Upload, work: Work, ann: Employee
) -> None:
    rows = "Deal Name,Owner,Source,Currency,Amount\nA,Anne K.,Fair 24,Kronen,5\nB,Ann Keller,Web,EUR,6\n"
    session.add(LeadSource(name="Fair"))
    session.commit()
    page = upload(rows).form("/file").submit().follow()
    form = page.form("/columns")
    assert ("Web" in form.choices("source:Fair 24"), "Ann Keller" in page.text) == (False, True)
    page = form.submit(**{"owner:Anne K.": ann.email, "source:Fair 24": "Fair", "currency:Kronen": "NOK"}).follow()
    work()
    page.browser.open(page.url).button("Import 2 leads")
    work()
    first, second = session.scalars(select(Lead).order_by(Lead.id))
    assert (first.owner_id, first.source, first.currency) == (ann.id, "Fair", "NOK")
    assert (second.owner_id, second.source, second.currency) == (ann.id, "Web", "EUR")


@pytest.mark.parametrize("read_at_once", [preview.READ_AT_ONCE, 0])
def test_words_are_those_of_all_rows_with_the_number_of_each(
    upload: Upload, work: Work, monkeypatch: pytest.MonkeyPatch, read_at_once: int
) -> None:
    """Of a file that is too large to be read while a page waits, they are known after the check."""
    monkeypatch.setattr(preview, "READ_AT_ONCE", read_at_once)
    many = "".join(f"C{number},New,Fair {number},\n" for number in range(SAMPLE_ROWS))
    rows = f"Company,Status,Source,Owner\n{many}Z,Teatime,Web,No One\nY,Teatime,Web,No One\n"
    page = upload(rows).form("/file").submit().follow()
    if not read_at_once:
        assert ("Teatime" in page.text, "Only the first rows are read so far" in page.text) == (False, True)
        page.form("/columns").submit()
        work()
        page = page.browser.open(page.url)
    assert "Only the first rows" not in page.text
    listed = [
        (row.select("td")[0].get_text(strip=True), row.select("td")[1].get_text(strip=True))
        for row in page.soup.select("main table.list-statuses tbody tr")
    ]
    assert listed[:4] == [("Teatime", "2"), ("New", "1,000"), ("No One", "2"), ("Web", "2")]
    assert len(listed) == 3 + MOST_WORDS
    assert "801 other words in 801 rows can’t be matched here: they are added as new sources." in page.text


def test_a_word_may_be_any_text(session: Session, upload: Upload, work: Work) -> None:
    word = 'a "b"\n<c> & ü'
    page = upload(f'Name,Stage\nAda Byron,"{word.replace(chr(34), chr(34) * 2)}"\n').form("/file").submit().follow()
    page.form("/columns").submit(**{f"status:{word}": "proposal"})
    assert session.scalars(select(Import.options)).one()["statuses"] == {word: "proposal"}
    page.browser.open(page.url).form("/columns").submit()
    assert session.scalars(select(Import.options)).one()["statuses"] == {word: "proposal"}


def test_the_header_row_can_be_chosen_and_rows_are_shown_as_they_are_read(upload: Upload) -> None:
    page = upload("Name,Email\nOld,o@x.example\nPerson,Mail,Created\nCy,cy@x.example,31.12.2025\n")
    assert page.form("/file")["header_line"] == ""
    page = page.form("/file").submit(header_line="3", region="US", preview="1").follow()
    assert page.table == [{"Person": "Cy", "Mail": "cy@x.example", "Created": "31.12.2025"}]
    assert "Dec 31, 2025" in page.text
    assert "No row begins on line 9" in page.form("/file").submit(header_line="9").errors["header_line"]


def test_json_and_cards_are_uploaded_like_tables(session: Session, upload: Upload, work: Work) -> None:
    for name, content in (
        ("a.json", '[{"last_name": "Cole", "email": "c@x.example"}]'),
        ("b.ndjson", '{"last_name": "Dorn", "email": "d@x.example"}\n'),
        ("c.vcf", "BEGIN:VCARD\nVERSION:3.0\nN:Ermine;Dee;;;\nEMAIL:e@x.example\nPHOTO;ENCODING=b:AA\nEND:VCARD\n"),
    ):
        page = upload(content, name).form("/file").submit().follow().form("/columns").submit().follow()
        work()
        page.browser.open(page.url).button("Import 1 lead")
        work()
    assert session.scalars(select(Lead.last_name).order_by(Lead.id)).all() == ["Cole", "Dorn", "Ermine"]
    left_out = session.scalars(select(Import).where(Import.filename == "c.vcf")).one().report
    assert left_out and left_out["left_out"] == ["Photo"]


def test_how_the_file_is_read_can_be_changed(upload: Upload) -> None:
    page = upload("Name;Company\nZoë;Käse\n".encode("cp850"))
    page = page.form("/file").submit(encoding="cp1252", preview="1").follow()
    assert page.table[0]["Company"] == "K„se"
    page = page.form("/file").submit(encoding="cp850", preview="1").follow()
    assert page.table[0] == {"Name": "Zoë", "Company": "Käse"}
    assert "encoding" in page.form("/file").submit(encoding="utf-8").errors


def test_a_workbook_becomes_leads_and_its_sheet_can_be_chosen(session: Session, upload: Upload, work: Work) -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for sheet, name in (("Notes", "Nobody"), ("Leads", "Ada Byron"), ("Old", "Bea Cole")):
            rows = book.add_worksheet(sheet)
            rows.write_row(0, 0, ["Name", "Email"] if sheet != "Notes" else ["Remarks here", "More"])
            rows.write_row(1, 0, [name, "a@b.example"])
    page = upload(file.getvalue(), "leads.xlsx")
    form = page.form("/file")
    assert (form["sheet"], page.table) == ("Leads", [{"Name": "Ada Byron", "Email": "a@b.example"}])
    assert not page.has('[name="encoding"]')
    page = form.submit(sheet="Old", bad_values="drop").follow().form("/columns").submit().follow()
    work()
    page.browser.open(page.url).button("Import 1 lead")
    work()
    assert session.scalars(select(Lead.last_name)).one() == "Cole"


def test_files_that_are_none_are_refused_beside_the_field(
    upload: Upload, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "LONGEST_LINE", 10_000)
    wrong = {
        b"": "empty",
        b"Name,Email\n": "no rows",
        b"PK\x03\x04" + bytes(100): "Excel",
        b"%PDF-1.7": "PDF",
        bytes(range(32)) * 20: "not a text file",
        b"Name," + b"x" * 11_000 + b"\n": "longer than",
    }
    for content, word in wrong.items():
        page = upload(content)
        assert (page.status, word in page.errors["file"]) == (422, True), (content[:20], page)
    assert browser.get("imports.new_import").form("/imports/new").submit().errors == {"file": "Choose a file."}


def test_a_file_that_is_too_large_is_refused_beside_the_field(upload: Upload, app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 100_000
    try:
        page = upload(b"Name\n" + b"x\n" * 100_000)
    finally:
        app.config["MAX_CONTENT_LENGTH"] = app.config["SETTINGS"].flask_config()["MAX_CONTENT_LENGTH"]
    assert (page.status, page.errors["file"]) == (413, "This file is too large. The limit is 98 KB.")


def test_cancelling_leaves_nothing(session: Session, upload: Upload) -> None:
    page = upload(LEADS).button("Cancel import")
    assert "Nothing was imported" in page.follow().text
    assert (count(session, Import), count(session, ImportChunk)) == (0, 0)


def test_a_second_click_imports_nothing_again(session: Session, upload: Upload, work: Work) -> None:
    page = upload(LEADS).form("/file").submit().follow().form("/columns").submit().follow()
    work()
    form = page.browser.open(page.url).form("/import")
    form.submit()
    form.submit()
    work()
    form.submit()
    work()
    assert count(session, Lead) == 2
    assert session.scalars(select(Import.state)).one() is ImportState.IMPORTED


def test_only_who_uploaded_the_file_and_admins_go_on_with_it(
    upload: Upload, browser_as: BrowserAs, ada: Employee, session: Session, ann: Employee
) -> None:
    page = upload(LEADS)
    other = browser_as(make_employee(session, role="manager"))
    assert "Only they or an admin" in other.open(page.url).text
    assert other.open(page.url.replace("/file", "/cancel"), method="POST", data={}).status == 403
    assert browser_as(ada).open(page.url).status == 200
    assert browser_as(ann).get("imports.list_imports").status == 403


def test_what_the_file_leaves_open_is_asked(session: Session, upload: Upload, work: Work) -> None:
    page = upload("Name,Created,Amount\nAda Byron,03/04/2025,1.500\n")
    page = page.form("/file").submit()
    assert page.errors == {
        "dates": "“03/04/2025” in Created can be two days. Choose the order of dates under File settings."
    }
    page = page.form("/file").submit(dates="dmy")
    assert "decimal mark" in page.errors["decimal_mark"]
    page = page.form("/file").submit(dates="dmy", decimal_mark=",").follow().form("/columns").submit().follow()
    work()
    page.browser.open(page.url).button("Import 1 lead")
    work()
    lead = session.scalars(select(Lead)).one()
    assert (str(lead.created_at.date()), str(lead.amount)) == ("2025-04-03", "1500.00")


def test_rows_of_owners_whom_nobody_knows_say_where_to_choose_one(
    upload: Upload, work: Work, session: Session, max: Employee
) -> None:
    page = upload("Name,Owner\nAda Byron,dwight@elsewhere.example\n").form("/file").submit().follow()
    page = page.form("/columns").submit().follow()
    work()
    page = page.browser.open(page.url)
    assert "No employee is named dwight@elsewhere.example. Choose who gets their rows under File settings." in page.text
    page = page.click("File settings").form("/file").submit(owner_id=str(max.id)).follow()
    page = page.form("/columns").submit().follow()
    work()
    page.browser.open(page.url).button("Import 1 lead")
    work()
    assert session.scalars(select(Lead)).one().owner_id == max.id


def test_what_only_later_rows_leave_open_is_asked_by_the_page_or_of_a_large_file_by_the_check(
    upload: Upload, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "SAMPLE_ROWS", 3)
    rows = "Ada Byron,2025-04-03\n" * 5 + "Bea Cole,03/04/2025\n"
    asked = upload(f"Name,Created\n{rows}").form("/file").submit().errors["dates"]
    assert asked.startswith("“03/04/2025” in Created can be two days.")
    monkeypatch.setattr(preview, "READ_AT_ONCE", 0)
    page = upload(f"Name,Created\n{rows}").form("/file").submit().follow().form("/columns").submit().follow()
    work()
    page = page.browser.open(page.url)
    assert "“03/04/2025” in Created can be two days. Choose the order of dates under File settings." in page.text
    page = page.click("Change the file settings").form("/file").submit(dates="mdy").follow()
    page = page.form("/columns").submit().follow()
    work()
    assert "Import" in page.browser.open(page.url).text


def test_a_refused_row_is_fixed_on_the_spot(session: Session, upload: Upload, work: Work) -> None:
    page = upload(LEADS).form("/file").submit().follow().form("/columns").submit().follow()
    work()
    page = page.browser.open(page.url)
    row = page.click("Fix line 4")
    assert "not an email" in row.text and row.form("/row")["cell-1"] == "Cy Dorn"
    page = row.form("/row").submit(**{"cell-3": "cy@mills.example"}).follow()
    assert "Check again to see the result" in page.text and not page.has('form[action$="/import"]')
    refused = page.browser.open(page.url.replace("/check", "/import"), method="POST", data={}).follow()
    assert "Check again, then import." in refused.follow().text
    page = page.button("Check again").follow()
    work()
    page = page.browser.open(page.url)
    assert (page.facts["Refused"], page.facts["Will be created"]) == ("0", "3")
    page.button("Import 3 leads")
    work()
    assert session.scalars(select(Lead.email).where(Lead.last_name == "Dorn")).one() == "cy@mills.example"


def test_the_same_form_with_another_file_is_another_upload(session: Session, browser: Browser) -> None:
    form = browser.get("imports.new_import").form("/imports/new")
    first = form.submit(file=(io.BytesIO(b"Name\nAda\n"), "a.csv"))
    again = form.submit(file=(io.BytesIO(b"Name\nAda\n"), "a.csv"))
    assert (first.status, again.location) == (303, first.location)
    other = form.submit(file=(io.BytesIO(b"Name\nBea\n"), "a.csv"))
    assert (other.status, count(session, Import)) == (422, 1)
    assert "You already submitted this form" in other.text


def test_a_list_of_accounts_becomes_customers(session: Session, upload: Upload, work: Work) -> None:
    page = upload("Account Name,Account Type,Website\nEngines Ltd,Customer,engines.example\n")
    assert page.form("/file")["target"] == "customers"
    page = page.form("/file").submit().follow()
    assert "amount" not in page.form("/columns").choices("field-2")
    page = page.form("/columns").submit().follow()
    work()
    page = page.browser.open(page.url).button("Import 1 customer").follow()
    work()
    page = page.browser.open(page.url)
    assert page.click("Engines Ltd").h1 == "Engines Ltd"
    assert (count(session, Customer), count(session, Lead)) == (1, 0)


def test_a_file_can_be_said_to_hold_contacts(session: Session, upload: Upload, work: Work) -> None:
    make_customer(session, name="Engines Ltd")
    page = upload("Name,Company,Email\nAda Byron,Engines Ltd,ada@engines.example\n")
    page = page.form("/file").submit(target="contacts").follow().form("/columns").submit().follow()
    work()
    page = page.browser.open(page.url).button("Import 1 contact").follow()
    work()
    assert page.browser.open(page.url).click("Ada Byron").h1 == "Engines Ltd"
    assert (count(session, Contact), count(session, Lead)) == (1, 0)


def test_erasing_a_person_deletes_the_file_that_they_came_in(
    app: Flask, session: Session, upload: Upload, work: Work, max: Employee
) -> None:
    page = upload(LEADS).form("/file").submit().follow().form("/columns").submit().follow()
    work()
    page.browser.open(page.url).button("Import 2 leads")
    work()
    lead_id = session.scalars(select(Lead.id).where(Lead.last_name == "Byron")).one()
    with app.app_context():
        erase_person(request_erasure(RecordKind.LEAD, lead_id, by=max))
        db.session.commit()
    assert count(session, ImportChunk) == 0
    page = page.browser.open(page.url.replace("/check", ""))
    assert "Byron" not in page.text and "Cole" in page.text and "Download refused rows" not in page.text


def test_a_file_of_other_things_is_called_so(upload: Upload) -> None:
    page = upload("Ticket number,Subject,Requester\n1,Broken,Ann\n")
    assert "This looks like a file of support tickets. Imports take companies, contacts, leads, deals" in page.text
    assert "If its rows are any of these, choose their fields under Columns." in page.text
    page = upload("Id,Username,Email,Role\n1,ann,ann@piper.example,Sales\n")
    assert "Send it together with the files whose owners it names." in page.text
