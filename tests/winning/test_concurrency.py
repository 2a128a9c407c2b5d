"""Eight people at once who win one lead and take it back, each on a connection of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask
from sqlalchemy import func, select

from crm_web.core.extensions import db
from crm_web.models import Conversion, Customer, Employee, Lead, LeadStatus
from crm_web.winning.operations import WinStands, change_status, undo_win, win_for_customer
from tests.databases import OwnDatabase
from tests.factories import make_customer, make_lead

PEOPLE = 8
ROUNDS = 6


def act(app: Flask, number: int, lead_id: int, customer_id: int | None, together: Barrier) -> None:
    """Win and take back in turn; what stands in the way is an answer as well."""
    for turn in range(ROUNDS):
        together.wait(30)
        with app.app_context():
            by = db.session.scalars(select(Employee).where(Employee.name.like("Max%"))).one()
            lead = db.session.get_one(Lead, lead_id)
            try:
                if (turn + number) % 2:
                    undo_win(lead, by=by)
                elif customer_id is None:
                    change_status(lead, LeadStatus.WON, by=by)
                else:
                    customer = db.session.get_one(Customer, customer_id)
                    win_for_customer(lead, customer, fill=True, by=by)
                db.session.commit()
            except WinStands:
                db.session.rollback()


def race(own: OwnDatabase, *lead_ids: int, customer_id: int | None = None) -> None:
    """Let them all loose, evenly spread over the leads."""
    together = Barrier(PEOPLE)
    with ThreadPoolExecutor(PEOPLE) as pool:
        people = [
            pool.submit(act, own.app, number // len(lead_ids), lead_ids[number % len(lead_ids)], customer_id, together)
            for number in range(PEOPLE)
        ]
        for person in people:
            person.result(60)


def test_one_lead_has_one_customer_and_ledger_and_lead_agree(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        lead = make_lead(session, company="Nordlys", last_name="Okoro", status=LeadStatus.QUALIFIED)
    race(own_database, lead.id)
    with own_database.session() as session:
        after = session.get_one(Lead, lead.id)
        customer = session.scalars(select(Customer)).one()
        standing = session.scalars(select(Conversion).where(Conversion.undone_at.is_(None))).all()
        assert len(standing) == (1 if after.is_won else 0)
        assert customer.is_in_trash is not after.is_won
        assert after.customer_id == (customer.id if after.is_won else None)
        assert after.status in (LeadStatus.WON, LeadStatus.QUALIFIED)
        assert (session.scalar(select(func.count()).select_from(Conversion)) or 0) > 1


def test_two_leads_of_one_customer_do_not_wait_in_a_ring(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        customer = make_customer(session, name="Nordlys")
        leads = [make_lead(session, company="Nordlys", email="post@nordlys.example") for _ in range(2)]
    race(own_database, *(lead.id for lead in leads), customer_id=customer.id)
    with own_database.session() as session:
        for lead in leads:
            after = session.get_one(Lead, lead.id)
            standing = select(Conversion).where(Conversion.lead_id == lead.id, Conversion.undone_at.is_(None))
            assert (session.scalar(standing) is not None) is after.is_won
            assert after.customer_id == (customer.id if after.is_won else None)
