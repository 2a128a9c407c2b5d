"""All history: GET /history."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.models import ActivityKind, Employee, LeadStatus, Rating
from tests.factories import make_activity, make_contact, make_customer, make_employee, make_lead
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]


def lines(page: Page) -> list[str]:
    return [" ".join(line.get_text(" ").split()) for line in page.soup.select(".timeline-title")]


def records(page: Page) -> list[str]:
    return [link.get_text() for link in page.soup.select(".timeline-title > a")]


def test_says_who_did_what_to_which_record_by_which_way(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, by=ann, last_name="Okoro")
    page = browser_as(ann).get("history.list_changes")
    assert page.h1 == "History"
    assert lines(page)[0].startswith("Lead Okoro : created by Ann Keller ·")
    assert lines(page)[0].endswith("via database View this version")
    assert page.link("Okoro") == f"/leads/{lead.id}"


def test_each_kind_of_record_leads_to_where_it_stands(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys")
    lead = make_lead(session, last_name="Okoro")
    make_contact(session, customer, last_name="Berg")
    make_activity(session, subject="Called", customer_id=customer.id)
    make_activity(session, subject="Wrote", lead_id=lead.id)
    page = browser_as(ann).get("history.list_changes")
    assert page.link("Nordlys") == page.link("Berg") == page.link("Called") == f"/customers/{customer.id}"
    assert page.link("Wrote") == f"/leads/{lead.id}"
    assert "Employee Ann Keller: created" in page.text


def test_a_change_goes_from_the_old_to_the_new(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", owner_id=ann.id, amount=5, country="DE")
    customer = make_customer(session, name="Nordlys")
    lead.owner_id, lead.amount, lead.country, lead.rating = bob.id, None, "DK", Rating.HOT
    lead.expected_close_on = datetime(2026, 3, 31, tzinfo=UTC).date()
    lead.status, lead.customer_id, lead.closed_at = LeadStatus.WON, customer.id, datetime(2026, 3, 30, 12, tzinfo=UTC)
    session.commit()
    page = browser_as(ann).get("history.list_changes", kind="lead", action="changed")
    facts = {words(row): words(row.find_next("dd") or row) for row in page.soup.select(".changes dt")}
    assert facts == {
        "Amount": "from 5 → empty",
        "Closed": "to Mar 30, 2026, 12:00 PM UTC",
        "Country": "from Germany → to Denmark",
        "Customer": "to Nordlys",
        "Expected close": "to Mar 31, 2026",
        "Owner": "from Ann Keller → to Bob Tanaka",
        "Rating": "to Hot",
        "Status": "from New → to Won",
    }
    assert page.has(".changes .status-won")


def test_the_trash_is_told_as_a_deed(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, by=ann, last_name="Okoro")
    lead.deleted_at, lead.deleted_by_id = datetime.now(UTC), ann.id
    session.commit()
    lead.deleted_at = lead.deleted_by_id = None
    session.commit()
    page = browser_as(ann).get("history.list_changes", kind="lead")
    assert [line.split(" by ")[0] for line in lines(page)] == [
        "Lead Okoro : restored",
        "Lead Okoro : moved to trash",
        "Lead Okoro : created",
    ]
    assert not page.has("li:first-child .changes")


def test_what_is_gone_keeps_its_name(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    activity = make_activity(session, subject="Called", lead_id=make_lead(session).id)
    session.delete(activity)
    session.commit()
    page = browser_as(ann).get("history.list_changes", kind="activity", action="deleted")
    assert lines(page)[0].startswith("Activity Called : deleted by System")
    assert page.click("Called").h1 == "Called"


def test_words_that_are_no_longer_known_are_shown_as_they_are(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    session.execute(
        text(
            "INSERT INTO changes (entity, entity_id, action, fields, source) VALUES"
            " ('lead', 999, 'changed', '{\"status\": [\"ancient\", \"new\"], \"owner_id\": [998, null]}', 'sql'),"
            " ('asset', 1, 'changed', '{\"closed_at\": [\"no time\", true]}', 'sql')"
        )
    )
    session.commit()
    page = browser_as(ann).get("history.list_changes", action="changed")
    assert "from ancient → to New" in page.text
    assert "from Employee 998" in page.text
    assert "Lead 999: updated" in page.text
    assert "asset 1: updated" in page.text
    assert "from no time → to yes" in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"Okoro", "Nordlys", "Called"}),
        ({"kind": "lead"}, {"Okoro"}),
        ({"kind": "customer", "action": "created"}, {"Nordlys"}),
        ({"action": "deleted"}, set()),
        ({"door": "sql"}, {"Okoro", "Nordlys", "Called"}),
        ({"door": "web"}, set()),
        ({"who": "installation"}, {"Nordlys", "Called"}),
        ({"day": "2026-03-02"}, set()),
        ({"record": "lead-{lead}"}, {"Okoro"}),
        ({"record": "lead-{lead}", "action": "created", "kind": "lead", "door": "sql", "who": "{ann}"}, {"Okoro"}),
        ({"record": "lead-{lead}", "kind": "customer"}, set()),
        ({"record": "lead-999999999999999999"}, set()),
        ({"record": "lead-9999999999999999999"}, {"Okoro", "Nordlys", "Called"}),
        ({"record": "x-1"}, {"Okoro", "Nordlys", "Called"}),
        ({"kind": "nonsense", "action": "x", "door": "y", "day": "no day", "who": "z"}, {"Okoro", "Nordlys", "Called"}),
    ],
)
def test_filters(browser_as: BrowserAs, session: Session, ann: Employee, query: dict[str, Any], found: Any) -> None:
    lead = make_lead(session, by=ann, last_name="Okoro")
    make_customer(session, name="Nordlys")
    make_activity(session, subject="Called", lead_id=lead.id, kind=ActivityKind.CALL)
    query = {name: value.format(lead=lead.id, ann=ann.id) for name, value in query.items()}
    assert set(records(browser_as(ann).get("history.list_changes", **query))) == found


def test_filters_by_person_and_day_in_the_readers_zone(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, by=ann, last_name="Okoro")
    make_lead(session, last_name="Other")
    ann.time_zone = "Pacific/Auckland"
    session.commit()
    here = session.scalar(text("SELECT (now() AT TIME ZONE 'Pacific/Auckland')::date"))
    browser = browser_as(ann)
    page = browser.get("history.list_changes", who=ann.id, day=here.isoformat())
    assert records(page) == ["Okoro"]
    assert "By Ann Keller" in page.text
    page = browser.get("history.list_changes", day=(here + timedelta(days=1)).isoformat())
    assert "No changes match these filters" in page.text
    assert len(records(page.click("Clear all"))) == 2
    assert "By unknown person" in browser.get("history.list_changes", who=999).text


def test_all_filters_survive_paging_and_each_other(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, by=ann, last_name="Okoro")
    for number in range(55):
        lead.company = f"Company {number}"
        session.commit()
    here = session.scalar(text("SELECT (now() AT TIME ZONE 'UTC')::date"))
    chosen = {"who": ann.id, "record": f"lead-{lead.id}", "kind": "lead", "action": "changed", "door": "sql"}
    first = browser_as(ann).get("history.list_changes", **chosen, day=here.isoformat())
    names = ["Lead Okoro", "By Ann Keller", "Record: Lead", "Updated", "Source: Database", "On "]
    chips = [words(chip) for chip in first.soup.select(".chips .chip")]
    assert all(chip.startswith(f"Remove filter {name}") for chip, name in zip(chips, names, strict=True))
    second = first.click("Next")
    assert (len(records(first)), len(records(second))) == (50, 5)
    assert len(second.soup.select(".chips .chip")) == 6
    # What the filter form sends on keeps the record, too.
    assert second.one("form.filters [name=record]")["value"] == f"lead-{lead.id}"
    assert len(records(second.click("Previous").click("Remove filter Record: Lead"))) == 50


def test_a_records_page_leads_to_all_its_history(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead, other = make_lead(session, last_name="Okoro"), make_lead(session, last_name="Other")
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id).click("Full history")
    assert records(page) == ["Okoro"]
    customer = make_customer(session, name="Nordlys")
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id).click("Full history")
    assert (records(page), other.name) == (["Nordlys"], "Other")


def test_goes_on_page_by_page(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for number in range(60):
        make_lead(session, last_name=f"Lead {number}")
    first = browser_as(ann).get("history.list_changes", kind="lead")
    second = first.click("Next")
    assert (len(records(first)), len(records(second))) == (50, 10)
    assert records(first)[0] == "Lead 59"
    assert records(second)[-1] == "Lead 0"
    assert records(second.click("Previous")) == records(first)


@pytest.mark.parametrize("rows", [2, 20])
def test_asks_the_database_as_often_for_many_rows(
    browser_as: BrowserAs, session: Session, ann: Employee, rows: int
) -> None:
    for _ in range(rows):
        owner = make_employee(session)
        make_contact(session, make_customer(session, owner_id=owner.id))
        make_activity(session, lead_id=make_lead(session, owner_id=owner.id).id)
    browser = browser_as(ann)
    assert browser.count_queries("history.list_changes") <= 5


def test_a_viewer_may_read_and_a_stranger_may_not(browser_as: BrowserAs, visitor: Browser, vera: Employee) -> None:
    assert browser_as(vera).get("history.list_changes").status == 200
    assert visitor.get("history.list_changes").location == "/sign-in?next=/history"


def test_is_only_read(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).post("history.list_changes").status == 405
