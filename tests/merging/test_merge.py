"""Records become one: it gets the chosen values and everything that belongs to the others; and this can be undone."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.request_log import count_queries
from crm_web.models import Activity, Change, Contact, Conversion, Customer, Employee, Lead, RecordMerge
from tests.factories import make_activity, make_contact, make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def open_merge(browser: Browser, *records: Any) -> Page:
    kind = f"{type(records[0]).__name__.lower()}s"
    return browser.get("merging.preview_merge", records=kind, ids=",".join(str(record.id) for record in records))


def chosen(page: Page, name: str) -> str:
    return str(page.one(f'input[name="{name}"][checked]')["value"])


def win(browser: Browser, lead: Lead) -> None:
    browser.post("leads.change_status", {"status": "won", "create": "1", "name": lead.company}, lead_id=lead.id)


def test_two_leads_become_one(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    full = make_lead(session, first_name="Rosa", last_name="Castillo", company="Acme", email="rosa@acme.example")
    thin = make_lead(session, last_name="Castilo", phone="+4533123456", phone_e164="+4533123456", owner_id=ann.id)
    note = make_activity(session, by=ann, lead_id=thin.id)
    page = open_merge(browser_as(ann), thin, full)
    # The fuller one is proposed, and what it lacks comes from the other.
    assert chosen(page, "keep") == chosen(page, "last_name") == str(full.id)
    assert chosen(page, "phone") == chosen(page, "owner_id") == str(thin.id)
    form = page.form("merge").fill()
    done = form.submit(last_name=str(thin.id))
    assert done.location == f"/leads/{full.id}"
    again = form.submit(last_name=str(thin.id))
    assert again.location == done.location
    assert len(session.scalars(select(RecordMerge)).all()) == 1
    shown = done.follow()
    assert "2 leads merged into" in shown.flash and shown.one("#merged").get_text(" ", strip=True).count("Castilo") == 1
    session.expire_all()
    assert (full.first_name, full.last_name, full.phone_e164, full.owner_id) == (
        "Rosa",
        "Castilo",
        "+4533123456",
        ann.id,
    )
    assert (note.lead_id, thin.merged_into_id, thin.is_in_trash) == (full.id, full.id, True)
    # The old address leads to the one that stays; the trash does not offer it; history tells both.
    assert browser_as(ann).get("leads.show_lead", lead_id=thin.id).location == f"/leads/{full.id}"
    assert "Castilo" not in browser_as(ann).get("trash.show_trash").text
    assert "Merged" in browser_as(ann).get("history.list_changes", record=f"lead-{thin.id}").text
    refused = browser_as(ann).post("leads.restore_lead", lead_id=thin.id)
    assert (refused.status, "Undo the merge instead." in refused.text) == (403, True)


def test_unmerge_puts_back_what_did_not_change_since(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    kept = make_lead(session, last_name="Castillo", company="Acme", email="rosa@acme.example")
    other = make_lead(session, last_name="Castillo", phone="+4533123456", phone_e164="+4533123456", industry="Tools")
    notes = [make_activity(session, by=ann, lead_id=other.id) for _ in range(2)]
    browser = browser_as(ann)
    shown = open_merge(browser, kept, other).form("merge").submit(keep=str(kept.id)).follow()
    session.expire_all()
    edit = browser.get("leads.edit_lead", lead_id=kept.id).form("edit")
    assert edit.submit(industry="Hammers", confirmed="1").status == 303
    browser.post("activities.remove_activity", activity_id=notes[0].id)
    receipt = browser.open(str(shown.one("#merged a")["href"]))
    done = receipt.button("Undo merge").follow()
    assert "Industry of Castillo changed since, so it stays." in done.flash
    assert "1 activity" in done.flash
    session.expire_all()
    assert (kept.phone, kept.industry, other.is_in_trash, other.merged_into_id) == (None, "Hammers", False, None)
    assert notes[1].lead_id == other.id
    assert browser.get("leads.show_lead", lead_id=other.id).status == 200
    merge_id = session.scalars(select(RecordMerge.id)).one()
    assert "already undone" in browser.post("merging.undo_merge", merge_id=merge_id).follow().flash


def test_customers_of_two_won_leads_become_one_with_both_leads(
    browser_as: BrowserAs, session: Session, max: Employee
) -> None:
    browser = browser_as(max)
    leads = [
        make_lead(session, first_name="Rosa", last_name="Castillo", company=name, email=f"rosa@{name}.example")
        for name in ("acme", "acme inc")
    ]
    for lead in leads:
        win(browser, lead)
    session.expire_all()
    kept, other = (session.get_one(Customer, lead.customer_id) for lead in leads)
    child = make_customer(session, name="Subsidiary", parent_id=other.id)
    form = open_merge(browser, kept, other).form("merge")
    assert form.submit(keep=str(kept.id)).location == f"/customers/{kept.id}"
    session.expire_all()
    assert [lead.customer_id for lead in leads] == [kept.id, kept.id]
    conversions = session.scalars(select(Conversion).order_by(Conversion.id)).all()
    assert [(line.lead_id, line.customer_id) for line in conversions] == [(lead.id, kept.id) for lead in leads]
    assert child.parent_id == kept.id
    contacts = session.scalars(select(Contact).where(Contact.customer_id == kept.id)).all()
    assert len(contacts) == 2 and sum(contact.is_primary for contact in contacts) == 1
    # Neither win can be undone as if nothing had happened.
    for lead in leads:
        browser.post("leads.undo_win", lead_id=lead.id)
    session.expire_all()
    assert [lead.is_won for lead in leads] == [True, True] and not kept.is_in_trash
    merge_id = session.scalars(select(RecordMerge.id)).one()
    assert browser.post("merging.undo_merge", merge_id=merge_id).follow().flash == "Merge undone."
    session.expire_all()
    assert [lead.customer_id for lead in leads] == [kept.id, other.id]
    assert [line.customer_id for line in conversions] == [kept.id, other.id]
    assert child.parent_id == other.id and not other.is_in_trash
    assert all(contact.is_primary for contact in session.scalars(select(Contact)))


def test_contacts_become_one(browser_as: BrowserAs, session: Session, max: Employee) -> None:
    customer = make_customer(session)
    one = make_contact(session, customer, first_name="Rosa", last_name="Castillo", email="rosa@acme.example")
    other = make_contact(session, customer, last_name="Castillo", is_primary=True, mobile="+4533123456")
    done = open_merge(browser_as(max), one, other).form("merge").submit()
    assert done.location == f"/customers/{customer.id}"
    session.expire_all()
    assert (one.is_primary, one.mobile, other.merged_into_id) == (True, "+4533123456", one.id)
    merge_id = session.scalars(select(RecordMerge.id)).one()
    browser_as(max).post("merging.undo_merge", merge_id=merge_id)
    session.expire_all()
    assert (one.is_primary, other.is_primary, other.is_in_trash) == (False, True, False)


def test_rules_stand_in_the_way(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    won = [make_lead(session, company=f"Acme {n}", owner_id=ann.id) for n in range(2)]
    for lead in won:
        win(browser_as(ann), lead)
    refused = open_merge(browser_as(ann), *won).form("merge").submit()
    assert refused.status == 409 and "are both won" in refused.text
    thin = make_lead(session, company="Acme", owner_id=ann.id)
    page = open_merge(browser_as(ann), thin, won[0])
    assert chosen(page, "keep") == str(won[0].id)
    refused = page.form("merge").submit(keep=str(thin.id))
    assert "Keep this lead" in refused.text and refused.status == 409
    theirs = make_lead(session, company="Acme", owner_id=bob.id)
    assert open_merge(browser_as(ann), thin, theirs).status == 403
    assert open_merge(browser_as(ann), thin).location == "/leads"
    assert session.scalars(select(RecordMerge)).all() == []


def test_what_changed_meanwhile_is_looked_at_again(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    one, other = (make_lead(session, last_name=f"Castillo{n}", owner_id=ann.id) for n in range(2))
    form = open_merge(browser_as(ann), one, other).form("merge")
    other.company = "Acme"
    session.commit()
    refused = form.submit()
    assert refused.status == 409 and "changed after you opened this page" in refused.text
    assert refused.form("merge").submit().status == 303
    third = make_lead(session, last_name="Third", owner_id=ann.id)
    assert open_merge(browser_as(ann), one, third).location == "/leads"


def test_it_costs_few_statements(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    leads = [make_lead(session, last_name=f"Castillo{n}", owner_id=ann.id) for n in range(10)]
    browser = browser_as(ann)
    with count_queries() as queries:
        page = open_merge(browser, *leads)
    assert page.status == 200 and len(queries.statements) <= 8
    assert page.form("merge").submit().status == 303
    changes = session.scalars(select(Change).where(Change.fields.has_key("merged_into_id"))).all()
    assert len(changes) == 9


@pytest.mark.parametrize("ids", ["", "1", "x,y", "1," * 20, str(2**70)])
def test_nonsense_in_the_address_is_answered(browser_as: BrowserAs, ann: Employee, ids: str) -> None:
    assert browser_as(ann).get("merging.preview_merge", records="leads", ids=ids).location == "/leads"


def test_contacts_are_chosen_in_their_list(
    browser_as: BrowserAs, session: Session, max: Employee, vera: Employee
) -> None:
    people = [make_contact(session, make_customer(session), last_name=f"Lund{n}") for n in range(2)]
    page = browser_as(max).get("contacts.list_contacts")
    ids = [str(box["value"]) for box in page.soup.select('input[name="ids"]')]
    chosen = page.form("/contacts/merge/select").submit(ids=ids)
    assert sorted(ids) == sorted(str(person.id) for person in people)
    assert "Merge 2 contacts" in chosen.follow().title
    assert browser_as(vera).get("contacts.list_contacts").soup.select('input[name="ids"]') == []


def test_merges_one_after_another_are_undone_in_turn(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    first, second, third = (make_lead(session, last_name=f"Castillo{n}", owner_id=ann.id) for n in range(3))
    browser = browser_as(ann)
    open_merge(browser, first, second).form("merge").submit(keep=str(second.id), last_name=str(second.id))
    session.expire_all()
    open_merge(browser, second, third).form("merge").submit(keep=str(third.id))
    earlier, later = session.scalars(select(RecordMerge.id).order_by(RecordMerge.id))
    told = browser.post("merging.undo_merge", merge_id=earlier).follow().flash
    assert "Castillo1 was merged into another record later. Undo that merge first." in told
    for merge_id in (later, earlier):
        assert browser.post("merging.undo_merge", merge_id=merge_id).follow().flash == "Merge undone."
    session.expire_all()
    assert [lead.merged_into_id for lead in (first, second, third)] == [None, None, None]


def test_a_form_of_what_was_merged_away_goes_on_where_the_record_went(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    kept, other, last = (make_lead(session, last_name=f"Castillo{n}", owner_id=ann.id) for n in range(3))
    browser = browser_as(ann)
    forms = [browser.get("leads.edit_lead", lead_id=lead.id).form("edit") for lead in (kept, other)]
    short = browser.get("leads.edit_lead", lead_id=other.id, fields="phone").form("edit")
    note = browser.get("activities.new_on_lead", lead_id=other.id).form("activities")
    other.industry = "Tools"
    session.commit()
    open_merge(browser, kept, other).form("merge").submit(keep=str(kept.id))
    # Of the one that stays, what the merge took and what the form says are put together.
    assert forms[0].submit(next_step="Call", confirmed="1").status == 303
    session.expire_all()
    open_merge(browser, last, kept).form("merge").submit(keep=str(last.id), last_name=str(last.id))
    told = forms[1].submit(next_step="Write", amount="much")
    assert told.status == 409 and "Castillo1 was merged into this record after you opened its page." in told.text
    form = told.form("edit")
    assert (form["next_step"], form["amount"], form["last_name"]) == ("Write", "much", "Castillo2")
    assert form.submit(amount="12", currency="EUR", confirmed="1").location == f"/leads/{last.id}"
    told = short.submit(phone="+44 20 7946 0958")
    assert told.form("edit").submit(confirmed="1").status == 303
    assert note.submit(subject="Rang").status == 303
    session.expire_all()
    assert (last.industry, last.next_step, last.phone, other.next_step) == ("Tools", "Write", "+44 20 7946 0958", None)
    assert session.scalars(select(Activity.lead_id)).all() == [last.id]
    assert browser.get("leads.edit_lead", lead_id=other.id).location == f"/leads/{last.id}/edit"


def test_so_do_the_forms_of_customers_and_contacts(browser_as: BrowserAs, session: Session, max: Employee) -> None:
    customers = [make_customer(session, name=f"Acme {n}") for n in range(2)]
    people = [make_contact(session, customers[0], last_name=f"Lund{n}") for n in range(2)]
    browser = browser_as(max)
    company = browser.get("customers.edit_customer", customer_id=customers[1].id).form("edit")
    person = browser.get("customers.edit_contact", contact_id=people[1].id).form("edit")
    for kind, records in (("customers", customers), ("contacts", people)):
        ids = ",".join(str(record.id) for record in records)
        page = browser.get("merging.preview_merge", records=kind, ids=ids)
        assert page.form("merge").submit(keep=str(records[0].id)).status == 303
    for form, changed in ((company, {"website": "https://acme.example"}), (person, {"job_title": "Buyer"})):
        told = form.submit(**changed)
        assert told.status == 409 and "after you opened its page. Check your changes" in told.text
        assert told.form("edit").submit(confirmed="1").status == 303
    session.expire_all()
    assert (customers[0].website, people[0].job_title) == ("https://acme.example", "Buyer")
    assert (customers[1].website, people[1].job_title) == (None, None)
    assert browser.get("customers.edit_customer", customer_id=customers[1].id).status == 303
    assert browser.get("customers.edit_contact", contact_id=people[1].id).status == 303


def test_ten_people_with_long_and_arabic_names_become_one(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    names = ["محمد عبد الرحمن", "x" * 300, "<b>&amp;</b>", "山田", *(f"Castillo{n}" for n in range(6))]
    leads = [make_lead(session, last_name=name, company="شركة" * 20, owner_id=ann.id) for name in names]
    page = open_merge(browser_as(ann), *leads)
    assert all(name in page.text for name in names)
    done = page.form("merge").submit(keep=str(leads[0].id), last_name=str(leads[0].id)).follow()
    assert "10 leads merged into محمد عبد الرحمن" in done.flash
    merge_id = session.scalars(select(RecordMerge.id)).one()
    assert browser_as(ann).post("merging.undo_merge", merge_id=merge_id).follow().flash == "Merge undone."
    session.expire_all()
    assert [lead.last_name for lead in leads] == names


def test_a_currency_alone_is_no_amount(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    full = make_lead(session, last_name="Castillo", company="Acme", email="rosa@acme.example", currency="EUR")
    thin = make_lead(session, last_name="Castillo", amount=100, currency="USD")
    page = open_merge(browser_as(ann), full, thin)
    assert (chosen(page, "keep"), chosen(page, "amount")) == (str(full.id), str(thin.id))
    page.form("merge").submit()
    session.expire_all()
    assert (str(full.amount), full.currency) == ("100.00", "USD")
