"""Pairs are found as records change, kept current, and remembered where somebody says that they are not the same."""

from collections.abc import Callable, Sequence

from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.duplicates.finding.operations import compare_records, keep_duplicates_current
from crm_web.duplicates.finding.queries import Ref
from crm_web.models import Customer, DuplicatePair, DuplicateScan, Employee, Lead, RecordKind
from tests.databases import OwnDatabase
from tests.factories import make_contact, make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def ref(record: Lead | Customer) -> Ref:
    return RecordKind(type(record).__name__.lower()), record.id


def compare(app: Flask, *records: Lead | Customer) -> None:
    with app.app_context():
        compare_records([ref(record) for record in records])
        db.session.commit()


def pairs(session: Session) -> Sequence[DuplicatePair]:
    session.expire_all()
    return session.scalars(select(DuplicatePair).order_by(DuplicatePair.points.desc())).all()


def test_pairs_follow_what_changes(app: Flask, session: Session, ann: Employee) -> None:
    one = make_lead(session, first_name="Rosa", last_name="Castillo", email="rosa@acme.example")
    other = make_lead(session, first_name="Rosa", last_name="Castilo", email="Rosa@acme.example")
    compare(app, one, other)
    [pair] = pairs(session)
    assert (pair.record_id, pair.other_id, pair.strength, pair.group_id) == (one.id, other.id, 3, pair.id)
    assert pair.reasons[0] == ["Same email", 48]
    # Compared again, nothing changes; of another email only the name is left; in the trash it counts no more.
    compare(app, other)
    assert [again.id for again in pairs(session)] == [pair.id]
    other.email = "someone@else.example"
    session.commit()
    compare(app, other)
    assert pairs(session) == []
    other.email = one.email
    session.commit()
    compare(app, other)
    assert len(pairs(session)) == 1
    other.deleted_at, other.deleted_by_id = session.scalar(text("SELECT now()")), ann.id
    session.commit()
    compare(app, other)
    assert pairs(session) == []


def test_groups_grow_and_fall_apart(app: Flask, session: Session) -> None:
    leads = [make_lead(session, last_name="Castillo", email="rosa@acme.example") for _ in range(3)]
    compare(app, *leads)
    found = pairs(session)
    strongest = found[0].id
    assert len(found) == 3 and {pair.group_id for pair in found} == {strongest}
    leads[2].email, leads[2].last_name = "other@else.example", "Perez"
    session.commit()
    compare(app, leads[2])
    assert [(pair.record_id, pair.group_id) for pair in pairs(session)] == [(leads[0].id, strongest)]


def test_a_page_lists_them_and_remembers_what_is_not_the_same(
    app: Flask, session: Session, browser_as: BrowserAs, ann: Employee, vera: Employee
) -> None:
    one = make_lead(session, first_name="Rosa", last_name="Castillo", email="rosa@acme.example")
    other = make_lead(session, first_name="Rosa", last_name="Castillo", email="rosa@acme.example")
    customer = make_customer(session, name="Rosa Castillo", kind="person", email="rosa@acme.example")
    make_contact(session, make_customer(session, name="Globex"), last_name="Perez", email="perez@globex.example")
    compare(app, one, other, customer)
    page = browser_as(vera).get("duplicates.list_duplicates")
    assert "Very likely" in page.text and "Same email · Same name" in page.text
    assert len(page.soup.select(".duplicate-group")) == 1 and len(page.soup.select(".duplicate-group tbody tr")) == 3
    assert "Not the same" not in page.text
    assert browser_as(vera).post("duplicates.dismiss_group", group_id=1).status == 403
    for name, value, count in (("kind", "contact", 0), ("kind", "customer", 1), ("strength", "possible", 0)):
        assert (
            len(browser_as(ann).get("duplicates.list_duplicates", **{name: value}).soup.select(".duplicate-group"))
            == count
        )
    record = browser_as(ann).get("leads.show_lead", lead_id=one.id)
    assert record.one("#duplicates").get_text(" ").count("Rosa Castillo") == 2
    done = browser_as(ann).get("duplicates.list_duplicates").button("Not the same").follow()
    assert "Marked as not the same." in done.text and done.soup.select(".duplicate-group") == []
    compare(app, one, other, customer)
    assert {pair.dismissed_by_id for pair in pairs(session)} == {ann.id}
    assert len(done.button("Undo").follow().soup.select(".duplicate-group")) == 1


def test_one_pair_is_dismissed_on_the_record(
    app: Flask, session: Session, browser_as: BrowserAs, ann: Employee
) -> None:
    one, other = (make_customer(session, name=name) for name in ("Acme GmbH", "Acme Ltd"))
    compare(app, one, other)
    page = browser_as(ann).get("customers.show_customer", customer_id=other.id)
    assert "Same company name" in page.one("#duplicates").get_text(" ")
    assert page.button("Not the same").follow().soup.select_one("#duplicates") is None
    page = browser_as(ann).get("customers.show_customer", customer_id=one.id)
    assert page.soup.select_one("#duplicates") is None


def test_the_worker_goes_through_all_and_then_follows_the_changes(own_database: OwnDatabase) -> None:
    """A contact is known by its customer's name, so it is compared again when that changes."""
    with own_database.session() as session:
        ann = own_database.find(session, "ann")
        make_lead(session, by=ann, last_name="Castillo", email="rosa@acme.example")
        first, second = (make_customer(session, by=ann, name=name) for name in ("Acme", "Globex"))
        for customer in (first, second):
            make_contact(session, customer, by=ann, first_name="Rosa", last_name="Castillo")
        session.execute(text("UPDATE duplicate_scan SET entity = 'lead', record_id = 0"))
        session.commit()
        run(own_database)
        assert pairs(session) == []
        assert session.scalars(select(DuplicateScan)).one().entity is None
        make_lead(session, by=ann, last_name="Castillo", email="Rosa@acme.example")
        second.name = "Acme Inc."
        session.commit()
        run(own_database)
        kinds = {(pair.entity.value, pair.other_entity.value) for pair in pairs(session)}
        assert kinds == {("lead", "lead"), ("customer", "customer"), ("contact", "contact")}


def run(own: OwnDatabase) -> None:
    with own.app.app_context():
        while keep_duplicates_current():
            db.session.commit()
        db.session.commit()
