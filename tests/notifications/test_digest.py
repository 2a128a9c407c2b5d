"""The daily email: what it lists, and that each notification is in one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.models import (
    Employee,
    Notification,
    NotificationChannel,
    NotificationChoice,
    NotificationKind,
    OutgoingMail,
)
from crm_web.notifications.operations import notify_of_changes
from crm_web.notifications.sending import LISTED, DigestWriter
from tests.databases import OwnDatabase
from tests.factories import make_lead

MAIL = {"smtp_host": "mail.example", "mail_from": "crm@piper.example", "site_url": "https://crm.example"}
MORNING = 8
DAY = timedelta(days=1)


def write_digests(app: Flask) -> None:
    with app.app_context():
        writer = DigestWriter(app.config["SETTINGS"].model_copy(update=MAIL))
        while writer.run():
            db.session.commit()
        db.session.commit()


def zone_at(session: Session, hour: int) -> str:
    """A time zone in which it is that hour now, give or take."""
    now = session.scalars(select(func.now())).one().astimezone(UTC)
    offset = (hour - now.hour + 11) % 24 - 11
    return f"Etc/GMT{-offset:+d}"


def add(session: Session, employee: Employee, **fields: object) -> Notification:
    about = {"kind": NotificationKind.ASSIGNED, "entity": "lead", "entity_id": 1, "awaits_digest": True}
    notification = Notification(employee_id=employee.id, **about | fields)
    session.add(notification)
    return notification


def test_each_is_in_one_digest_with_two_workers(own_database: OwnDatabase) -> None:
    with own_database.session() as rows:
        ann, max_ = (own_database.find(rows, name) for name in ("ann", "max"))
        ann.time_zone = zone_at(rows, MORNING + 2)
        kind, channel = NotificationKind.ASSIGNED, NotificationChannel.DIGEST
        rows.add(NotificationChoice(employee_id=ann.id, kind=kind, channel=channel))
        rows.commit()
        lead = make_lead(rows, last_name="Okoro")
        lead.owner = ann
        rows.commit()
        with own_database.app.app_context():
            notify_of_changes()
            db.session.commit()
        write_digests(own_database.app)
        # It came after this morning.
        assert rows.scalars(select(OutgoingMail)).all() == []
        notification = rows.scalars(select(Notification)).one()
        assert notification.awaits_digest
        notification.created_at -= DAY
        add(rows, ann, entity_id=lead.id, actor_id=max_.id, created_at=notification.created_at, read_at=func.now())
        rows.commit()
        with ThreadPoolExecutor(2) as workers:
            list(workers.map(write_digests, [own_database.app] * 4))
        mail = rows.scalars(select(OutgoingMail)).one()
        assert (mail.recipient, mail.subject) == (ann.email, "Your daily email from Piper CRM")
        assert "notifications:\n\n- The system assigned Okoro to you.\n\nhttps://crm.example/notifications" in mail.body


def test_the_digest_comes_in_the_morning_of_its_reader(
    app: Flask, session: Session, ann: Employee, bob: Employee, vera: Employee
) -> None:
    now = session.scalars(select(func.now())).one()
    hours = {ann: MORNING + 1, bob: MORNING - 1, vera: MORNING + 1}
    for employee, hour in hours.items():
        employee.time_zone = zone_at(session, hour)
        for number in range(LISTED + 2):
            add(session, employee, created_at=now - timedelta(hours=3), entity_id=number + 1)
    # Who left gets none, and what bob already had before yesterday morning is not held back.
    vera.is_active = False
    session.commit()
    write_digests(app)
    mails = session.scalars(select(OutgoingMail)).all()
    assert [mail.recipient for mail in mails] == [ann.email]
    assert "- And 2 more." in mails[0].body
    session.expire_all()
    for notification in session.scalars(select(Notification).where(Notification.employee_id == bob.id)):
        notification.created_at -= DAY
    session.commit()
    write_digests(app)
    assert session.scalars(select(OutgoingMail.recipient).order_by(OutgoingMail.id)).all() == [ann.email, bob.email]
