"""Records in which every text is one unbroken word of its longest length, and the addresses of the pages."""

from typing import Any

from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_web.bulk.operations import apply_edit, save_selection
from crm_web.core.extensions import db
from crm_web.core.problem_details import PROGRAMS
from crm_web.models import (
    Activity,
    ActivityKind,
    Base,
    BulkAction,
    BulkEntity,
    Contact,
    Customer,
    Employee,
    Import,
    ImportOutcome,
    ImportResult,
    IncomingAttachment,
    IncomingEmail,
    Lead,
    LeadSource,
    ListName,
    MailTemplate,
    Role,
    SavedView,
    ViewChoice,
)
from tests.factories import (
    make_activity,
    make_contact,
    make_customer,
    make_employee,
    make_erasure,
    make_file,
    make_incoming_email,
    make_lead,
    make_mail_template,
    make_merge,
    make_pair,
    make_passkey,
    make_token,
)
from tests.webhooks.conftest import make_webhook
from tests.webhooks.test_pages import make_delivery

# Kept by the database or by programs, or of a form of its own.
NOT_TYPED = (
    "address",
    "email",
    "external_id",
    "external_system",
    "locale",
    "phone_e164",
    "mobile_e164",
    "recurrence",
    "time_zone",
)
# Swagger UI brings a look of its own, which is not ours to mend; tests/browser/test_docs.py walks it.
NO_PAGE = ["static", "bootstrap.static", "api.show_docs", "api.show_docs_file", "api.show_openapi"]
# The page of another form, with what was typed into it.
NO_PAGE += ["auth.show_draft"]
# Which records are side by side stands behind the question mark; and a file.
NO_PAGE += ["merging.preview_merge", "privacy.export_person"]
# Files, and what calendar apps read.
NO_PAGE += ["files.save_file", "files.show_file", "incoming_emails.save_attachment"]
NO_PAGE += ["calendar.send_feed", "calendar.send_activity"]


def word_of(length: int) -> str:
    """One word that begins in Hebrew and goes on in the widest letters."""
    return "ש" * (length // 2) + "W" * (length - length // 2)


def texts_of(model: type[Base]) -> dict[str, Any]:
    """A text for each column of a model that people type; long ones of 2,000 characters say no less than of 20,000."""
    columns = [column for column in model.__table__.columns if "limit" in column.info and column.name not in NOT_TYPED]
    return {column.name: word_of(min(column.info["limit"], 2000)) for column in columns}


def fill_records(session: Session, ada: Employee) -> dict[str, Any]:
    """Fill a record of each kind, all of Ada's, and give the values that name them in addresses."""
    for name, text in texts_of(Employee).items():
        setattr(ada, name, text)
    source = LeadSource(name=word_of(300))
    session.add(source)
    employee = make_employee(session, **texts_of(Employee), role=Role.SALES, manager_id=ada.id)
    session.execute(update(Employee).where(Employee.id != ada.id).values(manager_id=ada.id))
    parent = make_customer(session, by=ada, **texts_of(Customer), owner_id=employee.id)
    customer = make_customer(session, by=ada, **texts_of(Customer), parent_id=parent.id, owner_id=ada.id)
    contact = make_contact(session, customer, by=ada, **texts_of(Contact), email=f"{'w' * 60}@{'w' * 60}.example")
    known = texts_of(Lead) | {"source": source.name, "amount": 999_999_999_999, "currency": "USD"}
    lost = known | {"status": "lost", "lost_reason": "other"}
    lead, won, trashed, _ = [
        make_lead(session, by=ada, **fields)
        for fields in (
            known | {"owner_id": ada.id, "lost_note": None, "customer_id": customer.id},
            known | {"owner_id": employee.id, "lost_note": None, "status": "won", "customer_id": customer.id},
            lost | {"owner_id": employee.id, "deleted_at": func.now(), "deleted_by_id": ada.id},
            lost | {"owner_id": ada.id},
        )
    ]
    activities = [
        make_activity(session, by=ada, **texts_of(Activity), **place, **kind)
        for place in ({"lead_id": lead.id}, {"customer_id": customer.id})
        for kind in ({"kind": ActivityKind.TASK, "assignee_id": ada.id, "due_on": func.current_date()}, {})
    ]
    make_token(session, ada, name=word_of(300))
    webhook = make_webhook(session, url=f"https://{'w' * 60}.example/{'w' * 400}", description=word_of(300))
    make_delivery(session, webhook, attempts=2, status=500, error=word_of(300))
    return {
        "lead_id": lead.id,
        "customer_id": customer.id,
        "contact_id": contact.id,
        "activity_id": activities[0].id,
        "employee_id": employee.id,
        "file_id": make_file(session, lead, name=word_of(300)).id,
        "webhook_id": webhook.id,
        "email_id": _make_email(session, lead),
        "template_id": make_mail_template(session, **texts_of(MailTemplate)).id,
        "passkey_id": make_passkey(session, ada, name=word_of(50)).id,
        "import_id": _make_import(session, ada),
        "view_id": _make_view(session, ada),
        "kind": "lead",
        "name": "funnel",
        "topic": "leads",
        "record_id": trashed.id,
        "merge_id": _make_duplicates(session, lead, won),
        "erasure_id": make_erasure(session),
    }


def _make_email(session: Session, lead: Lead) -> int:
    """One that waits, with records that it may belong to, and one that is an activity."""
    fields = texts_of(IncomingEmail) | {"message_id": "<1>", "content_hash": "1", "sender_email": lead.email or ""}
    activity = make_activity(
        session, lead_id=lead.id, kind=ActivityKind.EMAIL, subject=word_of(300), body=word_of(2000)
    )
    placed = {"message_id": "<2>", "state": "placed", "placed_at": func.now(), "activity_id": activity.id}
    make_incoming_email(session, **fields | placed)
    email = make_incoming_email(session, **fields)
    session.add(IncomingAttachment(email_id=email.id, name=word_of(300), size=1, left_out=word_of(300)))
    session.commit()
    return email.id


def _make_duplicates(session: Session, one: Lead, other: Lead) -> int:
    """Two leads that may be the same, and one that was merged; gives the id of the merge."""
    make_pair(session, one, other)
    return make_merge(session, one).id


def _make_import(session: Session, ada: Employee) -> int:
    """One that is done, with the longest texts in its result."""
    report: dict[str, Any] = {
        **dict.fromkeys(map(str, ImportOutcome), 1),
        "read": 5,
        "left_out": [word_of(300)],
        "new_sources": [word_of(300)],
    }
    record = Import(
        filename=word_of(300), size=1, options={}, report=report, made_by_id=ada.id, imported_at=func.now(),
        file_deleted_at=func.now(), state="imported",
    )  # fmt: skip
    session.add(record)
    session.flush()
    for line, outcome in enumerate(ImportOutcome):
        texts = {"label": word_of(300), "reason": word_of(2000)}
        session.add(ImportResult(import_id=record.id, line=line, outcome=outcome, **texts))
    session.commit()
    return record.id


def _make_view(session: Session, ada: Employee) -> int:
    view = SavedView(list=ListName.LEADS, name=word_of(50), address="sort=name", owner_id=ada.id, is_shared=True)
    session.add(view)
    session.flush()
    session.add(ViewChoice(employee_id=ada.id, view_id=view.id, list=view.list, is_pinned=True))
    session.commit()
    return view.id


def make_edits(app: Flask, ada: Employee) -> list[int]:
    """A bulk edit that is done, and one that wins leads and is to be confirmed."""
    with app.app_context():
        maker = db.session.get_one(Employee, ada.id)
        chosen = select(Lead).where(Lead.deleted_at.is_(None))
        edits = [
            save_selection(
                BulkEntity.LEAD, BulkAction.STATUS, chosen, place="/leads", values={"status": status}, by=maker
            )
            for status in ("contacted", "won")
        ]
        apply_edit(edits[0], {}, by=maker)
        db.session.commit()
        return [edit.id for edit in edits]


def list_addresses(app: Flask, ids: dict[str, Any]) -> list[str]:
    """One address of every page, by the values that name records in them."""
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint not in NO_PAGE and not rule.rule.startswith(PROGRAMS)
    ]
    with app.test_request_context():
        # In one order whatever the numbers are, so that each process that runs a part means the same pages by it.
        return [
            app.url_for(rule.endpoint, **{name: ids[name] for name in rule.arguments})
            for rule in sorted(rules, key=lambda rule: rule.rule)
        ]
