"""Notifications: listed once by any number of workers, on a page and by email."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.models import (
    ActivityKind,
    Employee,
    Import,
    ImportState,
    LeadStatus,
    Mention,
    Notification,
    NotificationChannel,
    NotificationChoice,
    NotificationKind,
    OutgoingMail,
    SignIn,
)
from crm_web.notifications.operations import Round, notify_of_changes, notify_of_the_rest
from crm_web.notifications.sending import Notifier
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_lead, make_sign_in
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
MAIL = {"smtp_host": "mail.example", "mail_from": "crm@piper.example", "site_url": "https://crm.example"}


def run(app: Flask, notify: Callable[[], Round]) -> None:
    with app.app_context():
        Notifier(notify, app.config["SETTINGS"].model_copy(update=MAIL)).run()
        db.session.commit()


def test_each_notification_is_added_once_by_two_workers(own_database: OwnDatabase) -> None:
    with own_database.session() as rows:
        ann, max_, bob = (own_database.find(rows, name) for name in ("ann", "max", "bob"))
        ann.manager_id = max_.id
        email, off = NotificationChannel.EMAIL, NotificationChannel.OFF
        rows.add(NotificationChoice(employee_id=ann.id, kind=NotificationKind.ASSIGNED, channel=email))
        rows.add(NotificationChoice(employee_id=bob.id, kind=NotificationKind.ASSIGNED, channel=off))
        rows.commit()
        run(own_database.app, notify_of_changes)
        leads = [make_lead(rows, last_name="<b>Lee") for _ in range(3)]
        for lead, owner in zip(leads, (ann, ann, bob), strict=True):
            lead.owner = owner
        rows.commit()
        make_lead(rows, by=ann, owner=ann, status=LeadStatus.NEW)
        task = make_activity(rows, by=max_, lead=make_lead(rows), kind=ActivityKind.TASK, assignee=ann, subject="Ring")
        task.remind_at = func.now()
        rows.add(Mention(employee_id=bob.id, activity_id=task.id, mentioned_by_id=max_.id))
        rows.commit()
        with ThreadPoolExecutor(2) as workers:
            for notify in (notify_of_changes, notify_of_the_rest) * 2:
                list(workers.map(lambda _, notify=notify: run(own_database.app, notify), range(2)))
        listed = [(it.employee_id, it.kind.value, it.count) for it in rows.scalars(select(Notification))]
        expected = [(ann.id, "assigned", 2), (ann.id, "assigned", 1), (ann.id, "task_due", 1), (bob.id, "mentioned", 1)]
        assert sorted(listed) == sorted(expected)
        mails = rows.scalars(select(OutgoingMail).order_by(OutgoingMail.id)).all()
        assert [(mail.recipient, mail.subject) for mail in mails] == [(ann.email, "Assigned to you in Piper CRM")] * 2
        assert "The system assigned records to you, the first of them <b>Lee.\n\nhttps://crm.example/" in mails[0].body


def test_the_rest_is_found_by_its_time(app: Flask, session: Session, ann: Employee, bob: Employee) -> None:
    """A task by the clock of its assignee, an import, and a browser that is new to somebody who signed in before."""
    ann.time_zone = "UTC"
    now = session.scalars(select(func.now())).one()
    today, lead = now.date(), make_lead(session)
    tasks: list[dict[str, Any]] = [
        {"due_on": today, "due_time": (now - timedelta(minutes=1)).time()},
        {"due_on": today + timedelta(days=1)},
        {"due_on": today - timedelta(days=9)},
        {"due_on": today - timedelta(days=9), "remind_at": now - timedelta(minutes=5)},
        {"due_on": today, "remind_at": now - timedelta(minutes=5), "done_at": now},
    ]
    made = [make_activity(session, lead=lead, kind=ActivityKind.TASK, assignee=ann, **fields) for fields in tasks]
    done = {"state": ImportState.IMPORTED, "imported_at": now}
    session.add(Import(filename="a.csv", size=1, options={}, made_by_id=bob.id, **done))
    for employee in (ann, ann, bob):
        make_sign_in(session, employee)
    session.execute(text("UPDATE sign_ins SET is_new_device = true"))
    session.commit()
    run(app, notify_of_the_rest)
    run(app, notify_of_the_rest)
    latest = session.scalar(select(func.max(SignIn.id)).where(SignIn.employee_id == ann.id))
    listed = {(it.employee_id, it.kind.value, it.entity_id) for it in session.scalars(select(Notification))}
    due = {(ann.id, "task_due", made[0].id), (ann.id, "task_due", made[3].id)}
    assert due | {(ann.id, "new_browser", latest)} <= listed
    assert [kind for employee_id, kind, _ in listed if employee_id == bob.id] == ["imported"]
    assert len(listed) == 4


def test_a_person_reads_and_chooses(
    session: Session, ann: Employee, bob: Employee, max: Employee, browser_as: BrowserAs
) -> None:
    lead = make_lead(session, last_name="Okoro")
    kinds = [*NotificationKind] * 2
    for owner, kind in [(ann, kind) for kind in kinds] + [(bob, NotificationKind.ASSIGNED)]:
        session.add(
            Notification(employee_id=owner.id, kind=kind, entity="lead", entity_id=lead.id, actor_id=max.id, count=2)
        )
    session.commit()
    browser = browser_as(ann)
    page = browser.open("/leads")
    assert page.one("nav .count").get_text() == "14"
    page = browser.open("/notifications")
    assert f"{max.name} assigned 2 records to you, among them Okoro" in page.text
    ids = session.scalars(select(Notification.id).where(Notification.employee_id == bob.id)).all()
    browser.open(f"/notifications/{ids[0]}/read", method="POST", data={})
    unread = select(func.count()).where(Notification.read_at.is_(None))
    assert session.scalar(unread) == 15
    page.form("/notifications/read").submit()
    assert session.scalar(unread) == 1
    form = browser.open("/notifications/settings").form("/notifications/settings")
    form.submit(assigned="off")
    chosen = session.scalars(select(NotificationChoice).where(NotificationChoice.employee_id == ann.id)).all()
    assert {it.kind: it.channel for it in chosen}[NotificationKind.ASSIGNED] is NotificationChannel.OFF
