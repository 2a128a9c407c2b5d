"""Editing the cells of the lists: where each leads, who is offered it, and where one is afterwards."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.contacts.spec import CONTACTS
from crm_web.customers.spec import CUSTOMERS
from crm_web.leads.spec import LEADS
from crm_web.lists.spec import ListSpec
from crm_web.models import Change, Employee, Lead, LeadStatus, LostReason
from tests.factories import make_contact, make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def records(session: Session, ann: Employee) -> dict[str, tuple[ListSpec, Any]]:
    lead = make_lead(session, last_name="Okoro", amount=Decimal(500), currency="EUR", owner_id=ann.id)
    customer = make_customer(session, name="Nordlys", owner_id=ann.id)
    contact = make_contact(session, customer)
    return {"/leads": (LEADS, lead), "/customers": (CUSTOMERS, customer), "/contacts": (CONTACTS, contact)}


def shown_fields(page: Page) -> list[str]:
    return [str(it["name"]) for it in page.soup.select("main form.form .field [name]")]


def test_each_cell_leads_to_a_form_of_its_fields_and_back_to_the_list(
    browser_as: BrowserAs, session: Session, records: dict[str, tuple[ListSpec, Any]], ann: Employee
) -> None:
    browser = browser_as(ann)
    for url, (spec, record) in records.items():
        listed = f"{url}?columns=" + "&columns=".join(spec.columns)
        page = browser.open(listed)
        row = page.one(f"tr#row-{record.id}")
        cells = {str(head.get_text(strip=True)): head.get("data-cell") for head in page.soup.select("thead th")}
        assert cells["Updated"] is None
        edited = {str(it): str(it).partition("=")[2].rstrip("&").split(",") for it in cells.values() if it}
        assert len(edited) > len(spec.columns) / 2
        whole = shown_fields(browser.open(f"{url}/{record.id}/edit"))
        assert {cell for cell, fields in edited.items() if not set(fields) <= set(whole)} <= {
            "status/edit?fields=status&"
        }
        for cell in (list(edited)[1], "status/edit?fields=status&") if url == "/leads" else list(edited)[1:2]:
            opened = browser.open(f"{url}/{row['data-row']}/{cell}next={url}%3Fsort%3Dname")
            assert shown_fields(opened) == edited[cell]
            saved = opened.form("edit" if cell.startswith("edit") else "status").submit()
            assert (saved.status, saved.location) == (303, f"{url}?sort=name"), cell
    assert session.scalars(select(Change).where(Change.version > 1)).all() == []


def test_only_who_may_edit_a_record_is_offered_its_cells(
    browser_as: BrowserAs, records: dict[str, tuple[ListSpec, Any]], max: Employee, bob: Employee, vera: Employee
) -> None:
    for url, (_, record) in records.items():
        assert browser_as(max).open(url).one("tr[data-row]")["data-row"] == str(record.id)
        for stranger in (bob, vera):
            assert browser_as(stranger).open(url).one("tr[data-row]")["data-row"] == ""


def test_links_in_the_cells_lead_back_to_the_list_as_it_was(
    browser_as: BrowserAs, records: dict[str, tuple[ListSpec, Any]], ann: Employee, vera: Employee
) -> None:
    for url, (spec, record) in records.items():
        query = "?columns=" + "&columns=".join(reversed(spec.columns)) + "&sort=-name&owner=me&view=7"
        plain = browser_as(ann).open(url + query)
        page = plain.click("Edit cells")
        assert [it.get_text() for it in page.soup.select("td")] == [it.get_text() for it in plain.soup.select("td")]
        links = page.soup.select(f"#row-{record.id} .cell-edit")
        assert len(links) == len(page.soup.select("thead [data-cell]")) > len(spec.columns) / 2
        assert all(str(it["aria-label"]).endswith(f" of {record.name}") for it in links)
        opened = browser_as(ann).open(str(links[-1]["href"]))
        listed = parse_qs(urlsplit(str(opened.one(".form-actions a")["href"])).query)
        asked = parse_qs(query[1:]) | {"cells": ["edit"], "columns": list(spec.columns)}
        assert listed == asked if url != "/contacts" else listed.items() >= {"cells": ["edit"]}.items()
        assert page.click("Stop editing").soup.select(".cell-edit") == []
        watched = browser_as(vera).open(f"{url}?cells=edit")
        assert watched.soup.select(".cell-edit, .edit-cells") == []


def test_a_contacts_cell_is_saved_and_undone_on_the_list(
    browser_as: BrowserAs, session: Session, records: dict[str, tuple[ListSpec, Any]], ann: Employee
) -> None:
    contact = records["/contacts"][1]
    url = f"/contacts/{contact.id}/edit?fields=job_title&next=/contacts"
    saved = browser_as(ann).open(url).form("edit").submit(job_title="Head of Ice")
    assert saved.location == "/contacts"
    undone = saved.follow().button("Undo")
    assert undone.location == "/contacts"
    assert undone.follow().flash.endswith("is back as it was.")


def test_a_status_is_changed_on_its_own_page(
    browser_as: BrowserAs, session: Session, records: dict[str, tuple[ListSpec, Any]], ann: Employee, bob: Employee
) -> None:
    lead: Lead = records["/leads"][1]
    url = f"/leads/{lead.id}/status/edit?next=/leads"
    assert browser_as(bob).open(url).status == 403
    page = browser_as(ann).open(url)
    refused = page.form("status").submit(status="lost")
    assert (refused.status, list(refused.errors)) == (422, ["lost_reason"])
    assert shown_fields(refused) == ["status", "lost_reason", "lost_note"]
    lost = refused.form("status").submit(lost_reason="price")
    session.expire_all()
    assert (lead.status, lead.lost_reason) == (LeadStatus.LOST, LostReason.PRICE)
    listed = lost.follow()
    assert (lost.location, listed.flash) == ("/leads", "Okoro moved to Lost. Undo")
    undone = listed.button("Undo")
    assert (undone.location, undone.follow().flash) == ("/leads", "Okoro moved back to New.")
    moved = page.form("status").submit(status="qualified")
    assert moved.follow().flash == "Okoro moved to Qualified. Undo"
    # Somebody else moved it meanwhile: what was seen is out of date.
    assert page.form("status").submit(status="proposal").status == 409
