"""Erasing a person: what names them goes, and what the company has to know of its business stays.

Amounts, dates, status, owner, source and that there was a conversion stay. Names, ways to reach them, addresses and all
free text go: from the records, their activities and history, and from conversions. ``logs`` erases what is kept beside
them, and ``mentions`` what somebody chose of the texts about others.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, func, null, or_, select, update

from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.customers.spec import CUSTOMERS
from crm_web.imports.turns import keep_imports_waiting
from crm_web.leads.spec import LEADS
from crm_web.models import (
    Activity,
    Change,
    Conversion,
    Customer,
    Employee,
    Erasure,
    ErasureState,
    ExternalId,
    File,
    IncomingEmail,
    Lead,
    OutgoingMail,
    RecordKind,
    set_audit_actor,
)
from crm_web.privacy.logs.operations import erase_from_logs, forget_words
from crm_web.privacy.mentions.operations import ERASED, HistorySearch, erase_from_history, erase_mentions
from crm_web.privacy.mentions.queries import is_about
from crm_web.privacy.queries import (
    MODELS,
    Person,
    Ref,
    find_open_erasure,
    find_person,
    list_activities,
    list_files,
    list_kept_files,
    list_lines,
    list_saved_mails,
)
from crm_web.records.folding import fold

_PERSON = ("first_name", "salutation", "job_title", "email", "phone", "mobile", "description")
_PLACE = ("street", "city", "state", "postal_code")
_DERIVED = ("phone_e164", "mobile_e164")
GONE: dict[RecordKind, Sequence[str]] = {
    RecordKind.LEAD: (
        *(*_PERSON, *_PLACE, *_DERIVED, *list_lines(LEADS), "website", "lost_note", "external_id", "external_system"),
    ),
    RecordKind.CUSTOMER: (
        *("email", "phone", "phone_e164", "website", "description", *list_lines(CUSTOMERS)),
        *(f"{prefix}{name}" for prefix in ("billing_", "shipping_") for name in _PLACE),
    ),
    RecordKind.CONTACT: (*_PERSON, *_DERIVED),
}
"""The columns that are emptied."""
NAMED = {RecordKind.LEAD: "last_name", RecordKind.CUSTOMER: "name", RecordKind.CONTACT: "last_name"}
"""The column that says that somebody was erased."""
_ERASED_ONE_AT_A_TIME = 7430011
_ASKED_ONE_AT_A_TIME = 7430012


class NobodyThere(DomainError):
    """There is no such record."""


class ErasureBegun(Conflict):
    """The worker is at this erasure, or done with it."""


def request_erasure(kind: RecordKind, record_id: int, *, mentions: Collection[str] = (), by: Employee) -> Erasure:
    """Let the worker erase a person, with all their records; one who is to be erased already stays so.

    :param mentions: keys of the texts about others that go as well, as ``list_mentions`` offers them
    :raise NobodyThere: if the record is gone
    """
    # Two who ask at once take turns. Nothing else is locked, for which a running import might let them wait.
    db.session.execute(select(func.pg_advisory_xact_lock(_ASKED_ONE_AT_A_TIME)))
    erasure = find_open_erasure(_find_person(kind, record_id))
    if erasure is not None and erasure.state is ErasureState.WAITING:
        return erasure
    asked: dict[str, Any] = {"state": ErasureState.WAITING, "mentions": sorted(mentions), "erased_by_id": by.id}
    if erasure is None:
        erasure = Erasure(entity=kind, record_id=record_id, records={}, counts={}, erased_at=null())
        db.session.add(erasure)
    for name, value in {**asked, "problem": None, "attempts": 0, "searched": 0, "to_search": 0}.items():
        setattr(erasure, name, value)
    db.session.flush()
    return erasure


def cancel_erasure(erasure: Erasure, *, by: Employee) -> None:
    """Cancel an erasure that no worker has begun; one that is canceled already stays so.

    :raise ErasureBegun: if a worker is at it, or it is done
    """
    # Whoever asks for it once more takes turns with this.
    db.session.execute(select(func.pg_advisory_xact_lock(_ASKED_ONE_AT_A_TIME)))
    locked = select(Erasure).where(Erasure.id == erasure.id).with_for_update(key_share=True)
    db.session.execute(locked.execution_options(populate_existing=True))
    if erasure.state is ErasureState.CANCELED:
        return
    if erasure.state is ErasureState.DONE:
        raise ErasureBegun("This person is erased already.")
    # A worker that was killed has begun, and is at nothing any more.
    if erasure.state is ErasureState.WAITING and erasure.attempts and not take_erasing_turn():
        raise ErasureBegun("The worker has begun to erase this person. It can’t be canceled any more.")
    erasure.state, erasure.canceled_at, erasure.canceled_by_id = ErasureState.CANCELED, func.now(), by.id
    erasure.problem = erasure.mentions = None
    db.session.flush()


def take_erasing_turn() -> bool:
    """Let nobody else erase until the end of the transaction; returns whether nobody is at it.

    The lock writes nothing: so nobody who follows changes waits for it while history is searched.
    """
    return bool(db.session.scalar(select(func.pg_try_advisory_xact_lock(_ERASED_ONE_AT_A_TIME))))


def erase_person(erasure: Erasure, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Erase the person of an erasure, in one transaction.

    :param progress: told how far the search of history is, as long as nothing is locked
    :raise NobodyThere: if the record is gone
    :raise ImportRunning: while an import is running, which could bring them back
    """
    kind, record_id = _whom(erasure)
    keep_imports_waiting()
    search = HistorySearch(_find_person(kind, record_id), progress)
    set_audit_actor(erasure.erased_by)
    person = _lock_person(kind, record_id)
    # What names the person is looked for before it is gone from the records that say so.
    words = {word for record in person.records.values() for word in str(record.search_text).split()}
    erased = erase_mentions(person, erasure.mentions or ())
    activities = _erase_activities(person)
    files = _erase_files(person, activities)
    counts = {"records": len(person.records), "activities": len(activities), "mentions": len(erased)}
    counts["files"] = len(files)
    kept = {"kept file": list_kept_files(person), "saved email": list_saved_mails(person, activities)}
    _count(delete(OutgoingMail).where(OutgoingMail.activity_id.in_(activities)))
    counts["histories of other records"] = erase_from_history(person, erased, search)
    counts |= erase_from_logs(person)
    _empty_companies(person)
    counts["history"] = _erase_records(person)
    _erase_conversions(person)
    counts["search words"] = forget_words(words)
    own = {entity.value: person.ids(entity) for entity in RecordKind}
    erasure.records = {name: list(ids) for name, ids in {**own, "file": sorted(files), **kept}.items() if ids}
    erasure.counts = counts
    erasure.state, erasure.erased_at = ErasureState.DONE, func.now()
    erasure.entity = erasure.record_id = erasure.mentions = None
    db.session.flush()


def _whom(erasure: Erasure) -> Ref:
    if erasure.entity is None or erasure.record_id is None:
        raise NobodyThere("This person is erased already.")
    return erasure.entity, erasure.record_id


def _lock_person(kind: RecordKind, record_id: int) -> Person:
    """Find the person again once their records are locked: somebody may have changed who is the same."""
    locked: set[Ref] = set()
    while True:
        person = _find_person(kind, record_id)
        if person.records.keys() <= locked:
            return person
        locked = set(person.records)
        for entity, model in MODELS.items():
            query = select(model).where(model.id.in_(person.ids(entity))).order_by(model.id)
            db.session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True)).all()


def _find_person(kind: RecordKind, record_id: int) -> Person:
    person = find_person(kind, record_id)
    if person is None:
        raise NobodyThere("This record no longer exists.")
    return person


def _erase_activities(person: Person) -> set[int]:
    """Erase the activities; returns their ids, with those of removed ones, which only history knows."""
    found = db.session.scalars(select(Activity).where(is_about(person)).order_by(Activity.id)).all()
    for activity in found:
        activity.subject, activity.body = ERASED, None
    db.session.flush()
    ids = {*(activity.id for activity in found), *_list_removed(person, "activity")}
    _count(delete(IncomingEmail).where(IncomingEmail.activity_id.in_(ids)))
    _erase_history("activity", sorted(ids), ["subject"], ["body"])
    return ids


def _erase_files(person: Person, activities: Collection[int]) -> set[int]:
    """A file is erased as a whole; history keeps that there was one. Returns the ids."""
    ids = {file.id for file in list_files(person)}
    ids |= set(db.session.scalars(select(File.id).where(File.activity_id.in_(activities))))
    db.session.execute(delete(File).where(File.id.in_(ids)), execution_options={"synchronize_session": False})
    ids |= {*_list_removed(person, "file")}
    _erase_history("file", sorted(ids), ["name"], [])
    return ids


def _list_removed(person: Person, entity: str) -> Sequence[int]:
    """Only history knows them."""
    fields = ((RecordKind.LEAD, "lead_id"), (RecordKind.CUSTOMER, "customer_id"))
    mine = [
        func.coalesce(Change.fields[name][1].astext, Change.fields[name][0].astext).in_(map(str, person.ids(kind)))
        for kind, name in fields
    ]
    query = select(Change.entity_id).where(Change.action == "deleted", Change.entity == entity, or_(*mine))
    return db.session.scalars(query.distinct()).all()


def _empty_companies(person: Person) -> None:
    """A company may have the email and number of the person by whom it came."""
    for name, values in (("email", person.emails), ("phone", person.phones)):
        same: ColumnElement[bool] = Customer.email_normalised.in_(values)
        if name == "phone":
            same = or_(Customer.phone.in_(values), Customer.phone_e164.in_(values))
        others = select(Customer).where(same, Customer.id.not_in(person.ids(RecordKind.CUSTOMER)))
        for customer in db.session.scalars(others.with_for_update(key_share=True)):
            gone = [name, f"{name}_e164"] if name == "phone" else [name]
            for column_name in gone:
                setattr(customer, column_name, None)
            db.session.flush()
            _erase_history("customer", [customer.id], [], gone)


def _erase_records(person: Person) -> int:
    count, traders, names = 0, list[int](), {fold(name) for name in person.names}
    for kind in RecordKind:
        for record in person.of_kind(kind):
            for name in GONE[kind]:
                setattr(record, name, None)
            if isinstance(record, Lead) and record.lost_reason == "other":
                record.lost_note = ERASED
            setattr(record, NAMED[kind], ERASED)
            if isinstance(record, Lead) and record.company and fold(record.company) in names:
                record.company = None
                traders.append(record.id)
        db.session.flush()
        count += _erase_history(kind.value, person.ids(kind), [NAMED[kind], "lost_note"], GONE[kind])
    _erase_history("lead", traders, [], ["company"])
    _forget_external_ids(person)
    return count


def _forget_external_ids(person: Person) -> None:
    """An ID in another system can be an email, and leads there to the person."""
    mine = (
        ExternalId.customer_id.in_(person.ids(RecordKind.CUSTOMER)),
        ExternalId.contact_id.in_(person.ids(RecordKind.CONTACT)),
        ExternalId.activity_id.in_([activity.id for activity in list_activities(person)]),
    )
    db.session.execute(delete(ExternalId).where(or_(*mine)))


def _erase_history(entity: str, ids: Sequence[int], named: Sequence[str], gone: Sequence[str]) -> int:
    """Erase values from history; what is still in the row is shown as erased."""
    gone = [name for name in gone if name not in named]
    erased = func.crm_erased(Change.fields, list(named), list(gone))
    query = update(Change).where(Change.entity == entity, Change.entity_id.in_(ids)).values(fields=erased)
    return _count(query)


def _erase_conversions(person: Person) -> None:
    mine = Conversion.lead_id.in_(person.ids(RecordKind.LEAD))
    holds = or_(Conversion.filled != {}, Conversion.before.has_key("lost_note"))
    _count(update(Conversion).where(mine, holds).values(filled={}, before=Conversion.before.op("-")("lost_note")))


def _count(statement: Any) -> int:
    result: CursorResult[Any] = db.session.execute(  # type: ignore[assignment]
        statement, execution_options={"synchronize_session": False}
    )
    return result.rowcount
