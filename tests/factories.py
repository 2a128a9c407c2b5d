"""Rows for tests, as few fields as the test cares about; each is committed, so that requests see it."""

import secrets
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_web.auth.queries import hash_token
from crm_web.models import (
    Activity,
    ActivityKind,
    ApiToken,
    Contact,
    Customer,
    DuplicatePair,
    EmailKind,
    Employee,
    Erasure,
    File,
    FileChunk,
    IncomingEmail,
    Lead,
    LeadSource,
    LeadStatus,
    LostReason,
    MailTemplate,
    Passkey,
    PlacingState,
    RecordKind,
    RecordMerge,
    Role,
    Scope,
    SignIn,
    StatusKind,
    Strength,
)

Row = TypeVar("Row", Employee, Lead, Customer, Contact, Activity, File)

_numbers = count(1)


def make_employee(session: Session, by: Employee | None = None, **fields: Any) -> Employee:
    """An active seller, unless told otherwise."""
    number = next(_numbers)
    known = {"name": f"Employee {number}", "email": f"employee{number}@piper.example", "role": Role.SALES}
    return _save(session, Employee(**known | fields), by)


def make_lead(session: Session, by: Employee | None = None, **fields: Any) -> Lead:
    """A new lead of nobody's; a won one gets a customer, a lost one a reason."""
    number = next(_numbers)
    if not fields.keys() & {"last_name", "company", "email"}:
        fields["last_name"] = f"Lead{number}"
    if fields.get("amount") is not None:
        fields.setdefault("currency", "USD")
    kind = LeadStatus(fields.get("status", "new")).kind
    if kind is not StatusKind.OPEN and "closed_at" not in fields:
        fields["closed_at"] = session.scalar(text("SELECT now()"))
    if kind is StatusKind.LOST:
        fields.setdefault("lost_reason", LostReason.PRICE)
    if kind is StatusKind.WON and not fields.keys() & {"customer", "customer_id"}:
        fields["customer_id"] = make_customer(session, owner_id=fields.get("owner_id")).id
    if fields.get("source") is not None and session.get(LeadSource, fields["source"]) is None:
        session.add(LeadSource(name=fields["source"]))
        session.flush()
    return _save(session, Lead(**fields), by)


def make_customer(session: Session, by: Employee | None = None, **fields: Any) -> Customer:
    """An organisation of nobody's."""
    return _save(session, Customer(**{"name": f"Customer {next(_numbers)}"} | fields), by)


def make_contact(session: Session, customer: Customer, by: Employee | None = None, **fields: Any) -> Contact:
    """A person at a customer."""
    return _save(session, Contact(**{"last_name": f"Contact{next(_numbers)}", "customer_id": customer.id} | fields), by)


def make_activity(session: Session, by: Employee | None = None, **fields: Any) -> Activity:
    """A note on the lead or customer that is given."""
    return _save(session, Activity(**{"kind": ActivityKind.NOTE, "subject": f"Note {next(_numbers)}"} | fields), by)


def make_pair(session: Session, one: Lead | Customer, other: Lead | Customer) -> DuplicatePair:
    """Two records that are very likely the same."""
    kinds = [RecordKind(type(record).__name__.lower()) for record in (one, other)]
    pair = DuplicatePair(entity=kinds[0], record_id=one.id, other_entity=kinds[1], other_id=other.id)
    pair.points, pair.strength, pair.reasons = 74, Strength.VERY_LIKELY, [["Same email", 48], ["Same name", 26]]
    session.add(pair)
    session.flush()
    pair.group_id = pair.id
    session.commit()
    return pair


def make_merge(session: Session, kept: Lead) -> RecordMerge:
    """A lead that was merged into another one."""
    by = session.scalars(select(Employee.id).order_by(Employee.id)).first()
    gone = make_lead(session, last_name="Merged", deleted_at=func.now(), deleted_by_id=by, merged_into_id=kept.id)
    details = {"merged": {str(gone.id): 1}, "kept_versions": [1, 1], "moved": [], "demoted": []}
    merge = RecordMerge(entity=RecordKind.LEAD, kept_id=kept.id, details=details)
    session.add(merge)
    session.commit()
    return merge


def make_erasure(session: Session) -> int:
    """The receipt of somebody who was erased; gives its id."""
    erasure = Erasure(records={"lead": [1]}, counts={"records": 1}, erased_at=func.now())
    session.add(erasure)
    session.commit()
    return erasure.id


def make_file(session: Session, place: Lead | Customer | Activity, content: bytes = b"Text", **fields: Any) -> File:
    """A file on a lead, customer or activity."""
    ids: dict[str, int | None] = {"lead_id": place.id} if isinstance(place, Lead) else {"customer_id": place.id}
    if isinstance(place, Activity):
        ids = {"activity_id": place.id, "lead_id": place.lead_id, "customer_id": place.customer_id}
    file = _save(session, File(**{"name": "Offer.txt", "size": len(content)} | ids | fields), None)
    session.add(FileChunk(file_id=file.id, number=0, content=content))
    session.commit()
    return file


def make_incoming_email(session: Session, **fields: Any) -> IncomingEmail:
    """An email that came in and waits."""
    number = next(_numbers)
    texts: dict[str, Any] = {"subject": "Our order", "body": "Hello", "recipients": "crm@piper.example"}
    texts |= {"sender_name": "Zoe Okoro", "sender_email": "zoe@acme.example", "reason": "No record has its address."}
    known = {"message_id": f"<{number}@acme.example>", "content_hash": "0", "kind": EmailKind.PERSONAL}
    email = IncomingEmail(**texts | known | {"state": PlacingState.WAITING, "sent_at": func.now()} | fields)
    session.add(email)
    session.commit()
    return email


def make_mail_template(session: Session, **fields: Any) -> MailTemplate:
    """A template of emails."""
    texts = {"name": "First contact", "subject": "Hello {first name}", "body": "Dear {first name},\n\nYours, {sender}"}
    template = MailTemplate(**texts | fields)
    session.add(template)
    session.commit()
    return template


def make_sign_in(session: Session, employee: Employee) -> str:
    """A sign-in behind the application's back; the token that is returned belongs into the cookie."""
    token = secrets.token_urlsafe(32)
    until = session.scalar(text("SELECT now() + interval '12 hours'"))
    session.add(SignIn(token_hash=hash_token(token), employee_id=employee.id, expires_at=until))
    session.commit()
    return token


def make_token(session: Session, employee: Employee, *, scope: Scope = Scope.WRITE, **fields: Any) -> str:
    """A token of the API behind the application's back; the secret that is returned is what a program sends."""
    secret = f"piper_{secrets.token_urlsafe(32)}"
    until = session.scalar(text("SELECT now() + interval '1 day'"))
    known = {"name": "Test", "scope": scope, "secret_end": secret[-4:], "expires_at": until}
    session.add(ApiToken(employee_id=employee.id, secret_hash=hash_token(secret), **(known | fields)))
    session.commit()
    return secret


def make_passkey(session: Session, employee: Employee, **fields: Any) -> Passkey:
    """A passkey of somebody, behind the application's back; ``tests.auth.device`` makes some that can sign."""
    known = {"name": "Laptop", "credential_id": secrets.token_bytes(16), "public_key": b"\x00", "sign_count": 0}
    passkey = Passkey(employee_id=employee.id, **(known | fields))
    session.add(passkey)
    session.commit()
    return passkey


def _save(session: Session, row: Row, by: Employee | None) -> Row:
    """Who acted in an earlier request of the same transaction must not be taken for the one who made this row."""
    session.execute(
        text("SELECT set_config('crm.actor_id', :actor, true), set_config('crm.source', 'sql', true)"),
        {"actor": str(by.id) if by else ""},
    )
    session.add(row)
    session.commit()
    return row
