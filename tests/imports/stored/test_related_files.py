"""Several files that belong together, through the pages alone."""

import io
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Activity, Contact, Customer, ExternalId, Import, ImportChunk, ImportState, Lead
from tests.databases import OwnDatabase
from tests.imports.stored.conftest import Work
from tests.imports.test_related_files import ACCOUNTS, CONTACTS, DEALS
from tests.page import Browser, Page
from tests.rows import count

TASKS = (
    "Id,WhoId,WhatId,Subject,ActivityDate,Status\n00T1,003A,,Call back,2026-12-04,Open\n00T2,,006B,Send,,Completed\n"
)
FILES = {"Tasks.csv": TASKS, "Deals.csv": DEALS, "Contacts.csv": CONTACTS, "Accounts.csv": ACCOUNTS}


@pytest.fixture
def app(own_database: OwnDatabase) -> Flask:
    """With transactions of their own: by them the undo tells the changes of an import from others."""
    return own_database.app


@pytest.fixture
def session(own_database: OwnDatabase) -> Iterator[Session]:
    """A session whose commits are real."""
    with own_database.session() as session:
        yield session


def upload_files(browser: Browser, files: dict[str, str]) -> Page:
    """Upload files in one go, and go where that leads."""
    sent = [(io.BytesIO(content.encode()), name) for name, content in files.items()]
    page = browser.get("imports.new_import").form("/imports/new").submit(file=sent)
    return page.follow() if page.location else page


def test_related_files_are_checked_imported_and_undone_together(session: Session, browser: Browser, work: Work) -> None:
    page = upload_files(browser, FILES)
    assert [(row["File"], row["The rows are"]) for row in page.table] == [
        ("Accounts.csv", "Customers"),
        ("Contacts.csv", "Contacts of customers"),
        ("Deals.csv", "Leads"),
        ("Tasks.csv", "Activities"),
    ]
    page = page.button("Check import").follow()
    work()
    page = page.browser.open(page.url)
    assert [[row[name] for name in ("File", "Rows", "Will be created", "Refused")] for row in page.table] == [
        ["Accounts.csv", "2", "2", "0"],
        ["Contacts.csv", "3", "2", "1"],
        ["Deals.csv", "3", "3", "0"],
        ["Tasks.csv", "2", "2", "0"],
    ]
    assert (count(session, Lead), count(session, Customer), count(session, ExternalId)) == (0, 0, 0)
    assert "001X" in page.click("Contacts.csv").text
    page = page.button("Import 4 files").follow()
    work()
    page = page.browser.open(page.url)
    won = session.scalars(select(Lead).where(Lead.status == "won")).one()
    ebba = session.scalars(select(Contact).where(Contact.first_name == "Ebba")).one()
    assert (won.name, won.customer_id) == ("Ebba Quist", ebba.customer_id)
    assert (count(session, Customer), count(session, Activity)) == (2, 2)
    page = page.button("Undo import of 4 files").follow()
    work()
    assert "Import undone" in page.browser.open(page.url).text
    session.expire_all()
    assert [count(session, model, model.deleted_at.is_(None)) for model in (Lead, Customer, Contact)] == [0, 0, 0]
    assert (count(session, ExternalId), count(session, Activity)) == (0, 0)
    page = upload_files(browser, FILES).button("Check import").follow()
    work()
    page.browser.open(page.url).button("Import 4 files")
    work()
    assert count(session, Lead) == 6


def test_files_are_added_questioned_and_cancelled_together(session: Session, browser: Browser, work: Work) -> None:
    accounts = "Account ID,Account Name,Annual Revenue\n1,Quist,1\n"
    page = upload_files(
        browser, {"accounts.csv": accounts, "deals.csv": "Deal ID,Deal Name,Create Date\n1,A,03/04/2024\n"}
    )
    assert "Choose the order of dates under File settings." in page.table[1]["Left out or missing"]
    assert "deals.csv: " in page.button("Check import").follow().follow().flash
    people = io.BytesIO(b"Contact ID,Last Name,Account ID\n1,Cole,1\n")
    users = io.BytesIO(b"Id,Username,Email,Role\n1,max,max@piper.example,Sales\n")
    page = page.form("/files").submit(file=[(people, "people.csv"), (users, "users.csv")]).follow()
    assert "The users in users.csv say who the owners are." in page.text
    assert [row["The rows are"] for row in page.table] == ["Customers", "Contacts of customers", "Leads"]
    deals = session.scalars(select(Import).where(Import.filename == "deals.csv")).one()
    page = browser.get("imports.edit_file", import_id=deals.id)
    assert "03/04/2024 (choose below)" in page.text
    page = page.form("/file").submit(dates="dmy", existing="skip")
    page = page.follow().form("/columns").submit().follow().follow()
    assert "Annual Revenue" in page.table[0]["Left out or missing"]
    session.expire_all()
    assert {file.options["existing"] for file in session.scalars(select(Import))} == {"skip"}
    page = page.button("Check import").follow()
    work()
    page = browser.open(page.url)
    assert [row["Will be created"] for row in page.table] == ["1", "1", "1"]
    page.button("Cancel import")
    assert (count(session, Import), count(session, ImportChunk), count(session, Lead)) == (0, 0, 0)


def test_a_file_that_fails_is_named_and_nothing_is_imported(session: Session, browser: Browser, work: Work) -> None:
    broken = "Deal ID,Deal Name,Amount\n" + "1,A,1\n" * 1200 + '2,"B,2\n'
    page = upload_files(browser, {"accounts.csv": ACCOUNTS, "deals.csv": broken})
    page = page.button("Check import").follow()
    work()
    page = browser.open(page.url)
    page = page.follow() if page.location else page
    assert "deals.csv: Line 1,202: a quotation mark is opened and never closed." in page.text
    assert {file.state for file in session.scalars(select(Import))} == {ImportState.DRAFT}
    assert count(session, Customer) == 0


def test_files_join_one_that_was_uploaded_before_kinds_were_kept(
    session: Session, browser: Browser, work: Work
) -> None:
    upload_files(browser, {"accounts.csv": ACCOUNTS})
    record = session.scalars(select(Import)).one()
    record.options = {name: value for name, value in record.options.items() if name != "kind"}
    session.commit()
    contacts = (io.BytesIO(CONTACTS.encode()), "contacts.csv")
    page = browser.open(f"/imports/{record.id}/files").form("/files").submit(file=contacts).follow()
    assert page.flash == "Files added. Nothing is imported yet."
