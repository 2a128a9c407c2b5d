"""Editing a customer: GET and POST /customers/<id>/edit."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.contacts import operations as contact_operations
from crm_web.core.extensions import db
from crm_web.customers import operations
from crm_web.models import Change, Customer, CustomerStatus, Employee
from crm_web.records.operations import OwnerNotEntitled
from tests.factories import make_contact, make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def read(session: Session, customer: Customer) -> Any:
    session.expire_all()
    return session.get_one(Customer, customer.id)


def edit(browser: Any, customer: Customer) -> Any:
    return browser.get("customers.edit_customer", customer_id=customer.id).form("edit")


def test_saves_what_is_typed_and_keeps_the_rest(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    parent = make_customer(session, name="Group")
    customer = make_customer(session, name="Nordlys", billing_city="Aarhus", owner_id=ann.id, parent_id=parent.id)
    page = browser_as(ann).get("customers.edit_customer", customer_id=customer.id)
    assert page.h1 == "Edit Nordlys"
    assert page.form("edit")["parent"] == f"{parent.number} Group"
    page = page.form("edit").fill(name="Nordlys A/S", vat_number="DK1", status="former").submit()
    assert page.location == f"/customers/{customer.id}"
    assert "Nordlys A/S saved." in page.follow().flash
    customer = read(session, customer)
    assert (customer.name, customer.vat_number, customer.billing_city) == ("Nordlys A/S", "DK1", "Aarhus")
    assert (customer.parent_id, customer.version, customer.updated_by_id) == (parent.id, 2, ann.id)


def test_saving_nothing_new_writes_no_history(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys", phone="+45 33 12 34 56", phone_e164="+4533123456")
    assert edit(browser_as(ann), customer).submit().status == 303
    assert len(session.scalars(select(Change).where(Change.entity == "customer")).all()) == 1


def test_an_invalid_form_comes_back_with_everything_typed(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    customer = make_customer(session, name="Nordlys")
    page = edit(browser_as(ann), customer).fill(name="", email="nobody", description="A\nB").submit()
    assert page.status == 422
    assert set(page.errors) == {"name", "email"}
    assert (page.form("edit")["email"], page.form("edit")["description"]) == ("nobody", "A\nB")
    assert read(session, customer).name == "Nordlys"


def test_folds_stand_open_where_something_is_filled_or_wrong(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    customer = make_customer(session, shipping_city="Odense")
    page = browser_as(ann).get("customers.edit_customer", customer_id=customer.id)
    open_folds = [fold.get_text(strip=True) for fold in page.soup.select("details.fold[open] > summary")]
    assert open_folds == ["Shipping address (if different)"]


# Two people at once


def test_what_two_people_change_in_different_fields_is_saved_both(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    customer = make_customer(session, name="Nordlys", phone="+45 33 12 34 56", phone_e164="+4533123456")
    parent = make_customer(session, name="Group")
    mine, theirs = edit(browser_as(ann), customer), edit(browser_as(max), customer)
    theirs.fill(billing_country="DK", parent=parent.number, phone="+45 33 12 34 57").submit()
    page = mine.fill(industry="Energy").submit()
    assert page.follow().flash == (
        "Nordlys saved. Max Lindqvist changed the phone, the billing country and the parent company"
        " while you were editing. Both changes are saved."
    )
    saved = read(session, customer)
    assert (saved.industry, saved.billing_country, saved.parent_id) == ("Energy", "DK", parent.id)
    assert saved.phone_e164 == "+4533123457"


def test_the_same_field_changed_by_both_is_decided_by_the_second(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    customer = make_customer(session, name="Nordlys", billing_country="DE", status=CustomerStatus.ACTIVE)
    group, other = make_customer(session, name="Group"), make_customer(session, name="Other")
    mine, theirs = edit(browser_as(ann), customer), edit(browser_as(max), customer)
    theirs.fill(billing_country="DK", parent=group.number, status="inactive").submit()
    page = mine.fill(billing_country="SE", parent=other.number, status="former", industry="Energy").submit()
    assert page.status == 409
    assert page.h1 == "Conflicting changes to Nordlys"
    assert "Saved by Max Lindqvist: Denmark Your change: Sweden" in page.text
    assert "Parent company Original: empty Saved by Max Lindqvist: Group Your change: Other" in page.text
    assert "Original: Active Saved by Max Lindqvist: Inactive Your change: Former" in page.text
    chosen = {"billing_country": "SE", "parent": f"{group.number} Group", "status": "former"}
    assert page.form().submit(**chosen).status == 303
    saved = read(session, customer)
    assert (saved.billing_country, saved.parent_id, saved.industry) == ("SE", group.id, "Energy")


@pytest.mark.parametrize("version", [None, "", "nonsense", "99999999999999999999", "-1"])
def test_without_its_version_nothing_is_overwritten(
    browser_as: BrowserAs, session: Session, ann: Employee, version: Any
) -> None:
    customer = make_customer(session, name="Nordlys")
    data = {"name": "x", "version": version}
    assert browser_as(ann).post("customers.change_customer", data, customer_id=customer.id).status == 409
    assert read(session, customer).name == "Nordlys"


def test_the_same_form_twice_changes_nothing_more(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    form = edit(browser_as(ann), make_customer(session)).fill(name="x")
    assert form.submit().status == 303
    assert form.submit().status == 303


# Owner and parent


def test_an_owner_who_left_may_stay_but_not_come(
    browser_as: BrowserAs, session: Session, max: Employee, ann: Employee, bob: Employee, vera: Employee
) -> None:
    customer = make_customer(session, owner_id=bob.id)
    form = edit(browser_as(max), customer)
    assert str(vera.id) not in form.choices("owner_id")
    page = form.submit(owner_id=str(vera.id))
    assert "Choose an active employee. Viewers can’t own records." in page.errors["owner_id"]
    assert edit(browser_as(max), customer).fill(owner_id=str(ann.id)).submit().status == 303
    assert read(session, customer).owner_id == ann.id


def test_a_customer_never_stands_above_itself(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    top = make_customer(session, name="Top")
    middle = make_customer(session, name="Middle", parent_id=top.id)
    bottom = make_customer(session, name="Bottom", parent_id=middle.id)
    for parent in (top, bottom):
        page = edit(browser_as(ann), top).fill(parent=parent.number).submit()
        assert page.status == 422
        assert "That company belongs to this customer." in page.errors["parent"]
    assert edit(browser_as(ann), bottom).fill(parent="").submit().status == 303
    assert read(session, bottom).parent_id is None


def test_the_operation_refuses_what_the_form_does_not_offer(
    app: Flask, session: Session, ann: Employee, vera: Employee
) -> None:
    gone = make_customer(session, deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    customer = make_customer(session)
    with app.app_context():
        by, mine = db.session.get_one(Employee, ann.id), db.session.get_one(Customer, customer.id)
        with pytest.raises(operations.ParentNotPossible):
            operations.change_customer(mine, {"parent_id": gone.id}, version=1, by=by)
        with pytest.raises(OwnerNotEntitled):
            operations.change_customer(mine, {"owner_id": vera.id}, version=1, by=by)
        with pytest.raises(operations.ParentNotPossible):
            operations.create_customer({"name": "x", "parent_id": gone.id}, by=by)
        with pytest.raises(operations.CustomerInTrash):
            operations.change_customer(db.session.get_one(Customer, gone.id), {}, version=1, by=by)
        with pytest.raises(operations.CustomerInTrash):
            contact_operations.add_contact(db.session.get_one(Customer, gone.id), {"last_name": "x"}, by=by)


# Possible duplicates


def test_only_a_new_address_asks_who_else_has_it(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys", email="post@nordlys.example")
    make_contact(session, customer, email="own@nordlys.example")
    make_lead(session, customer_id=customer.id, email="own@nordlys.example")
    make_customer(session, name="Twin", email="post@nordlys.example")
    make_customer(session, name="Other", email="other@nordlys.example")
    assert edit(browser_as(ann), customer).fill(industry="Energy").submit().status == 303
    assert edit(browser_as(ann), customer).fill(email="own@nordlys.example").submit().status == 303
    page = edit(browser_as(ann), customer).fill(email="other@nordlys.example").submit()
    assert page.status == 422
    assert page.link("Other")
    assert page.button("Save anyway").status == 303
    assert read(session, customer).email == "other@nordlys.example"


def test_history_says_what_changed(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session)
    edit(browser_as(ann), customer).fill(industry="Energy").submit()
    change = session.scalars(select(Change).where(Change.action == "changed")).one()
    assert (change.actor_id, change.fields) == (ann.id, {"industry": [None, "Energy"]})


# Who may


def test_a_colleagues_customer_is_refused_with_the_reason(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    customer = make_customer(session, name="Nordlys", owner_id=ann.id)
    browser = browser_as(bob)
    page = browser.post("customers.change_customer", {"name": "x", "version": "1"}, customer_id=customer.id)
    assert page.status == 403
    assert "Owned by Ann Keller." in page.text
    assert browser.get("customers.edit_customer", customer_id=customer.id).status == 403
    assert read(session, customer).name == "Nordlys"


def test_a_viewer_is_refused(browser_as: BrowserAs, session: Session, vera: Employee) -> None:
    customer = make_customer(session)
    browser = browser_as(vera)
    assert browser.get("customers.edit_customer", customer_id=customer.id).status == 403
    assert browser.post("customers.change_customer", {"name": "x"}, customer_id=customer.id).status == 403


def test_in_the_trash_it_waits(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    page = browser_as(ann).get("customers.edit_customer", customer_id=customer.id)
    assert page.status == 403
    assert "This customer is in the trash. Restore it first." in page.text


def test_what_is_not_there_is_not_found(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    assert browser.get("customers.edit_customer", customer_id=9999).status == 404
    assert browser.post("customers.change_customer", {}, customer_id=9999).status == 404


def test_signed_out_people_sign_in_first(visitor: Browser, session: Session) -> None:
    assert visitor.post("customers.change_customer", {}, customer_id=make_customer(session).id).location == "/sign-in"
