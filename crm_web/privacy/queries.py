"""Who a person is in the CRM, and everything that is known about them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, and_, cast, false, func, or_, select, tuple_
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.history.formatting import Value
from crm_web.history.queries import format_values
from crm_web.lists.spec import ListSpec
from crm_web.models import (
    WORKER_SILENT_AFTER,
    Activity,
    Change,
    Contact,
    Conversion,
    Customer,
    CustomerKind,
    Erasure,
    ErasureState,
    File,
    IncomingEmail,
    Lead,
    OutgoingMail,
    RecordKind,
    WorkerHeartbeat,
)
from crm_web.records.labels import label_of
from crm_web.records.matching import escape_like
from crm_web.records.serialization import to_history

Ref = tuple[RecordKind, int]
MODELS: dict[RecordKind, Any] = {RecordKind.LEAD: Lead, RecordKind.CUSTOMER: Customer, RecordKind.CONTACT: Contact}
MOST = 200
ENTITIES_OF = {
    "leads": "lead",
    "customers": "customer",
    "contacts": "contact",
    "activities": "activity",
    "conversions": "conversion",
    "files": "file",
    "incoming_emails": "incoming_email",
}
_NOT_SHOWN = {"search_text", "sort_name", "email_normalised", "xact", "content_hash"}


def list_lines(spec: ListSpec) -> list[str]:
    """List the lines of text in which people may write about a person; an industry names nobody."""
    return [column.key for column in spec.plain if column.key != "industry"]


@dataclass(frozen=True)
class Person:
    """All records of a person, merged ones and those in the trash included."""

    records: Mapping[Ref, Any]

    def of_kind(self, kind: RecordKind) -> list[Any]:
        """The records of a kind, in the order of their ids."""
        return [record for (entity, _), record in sorted(self.records.items()) if entity is kind]

    def ids(self, kind: RecordKind) -> list[int]:
        """The ids of the records of a kind."""
        return [record.id for record in self.of_kind(kind)]

    @property
    def name(self) -> str:
        return str(next(iter(self.records.values())).name)

    @property
    def emails(self) -> set[str]:
        return {record.email.lower() for record in self.records.values() if record.email}

    @property
    def phones(self) -> set[str]:
        numbers = (getattr(record, name, None) for record in self.records.values() for name in _PHONES)
        return {number for number in numbers if number}

    @property
    def names(self) -> set[str]:
        """Their names; a record that is called by its company or email has none."""
        return {name for record in self.records.values() if (name := _name_of(record))}

    @property
    def traces(self) -> set[str]:
        """What means this person and nobody else: full names, emails and phone numbers."""
        full = {name for name in self.names if len(name.split()) > 1}
        backwards = {f"{last}, {first}" for name in full for first, _, last in [name.rpartition(" ")]}
        return {word for word in {*(full or self.names), *backwards, *self.emails, *self.phones} if len(word) > 2}

    @property
    def last_names(self) -> set[str]:
        """Names that others have as well."""
        names = (getattr(record, "last_name", None) for record in self.records.values())
        return {name for name in names if name and len(name) > 2}


def _name_of(record: Any) -> str:
    if isinstance(record, Customer):
        return record.name if record.kind is CustomerKind.PERSON else ""
    return " ".join(part for part in (record.first_name, record.last_name) if part)


_PHONES = ("phone", "mobile", "phone_e164", "mobile_e164")


def find_person(kind: RecordKind, record_id: int) -> Person | None:
    """Find a person by one of their records.

    The others are those with the same email, those that were merged with one of them, and the contact or customer that
    a win made of the lead.
    """
    first = db.session.get(MODELS[kind], record_id)
    if first is None:
        return None
    records: dict[Ref, Any] = {(kind, record_id): first}
    while True:
        found = {ref: record for ref, record in _list_next(Person(records)) if ref not in records}
        if not found or len(records) > MOST:
            return Person(records)
        records |= found


def _list_next(person: Person) -> Iterable[tuple[Ref, Any]]:
    for kind, model in MODELS.items():
        query = select(model).where(or_(*_list_conditions(person, kind, model))).order_by(model.id).limit(MOST)
        if model is Customer:
            query = query.where(Customer.kind == CustomerKind.PERSON)
        yield from (((kind, record.id), record) for record in db.session.scalars(query))


def _list_conditions(person: Person, kind: RecordKind, model: Any) -> Iterable[ColumnElement[bool]]:
    yield false()
    if person.emails:
        yield model.email_normalised.in_(person.emails)
    if ids := person.ids(kind):
        yield model.merged_into_id.in_(ids)
    if into := [record.merged_into_id for record in person.of_kind(kind) if record.merged_into_id]:
        yield model.id.in_(into)
    leads = person.of_kind(RecordKind.LEAD)
    bought = [lead.customer_id for lead in leads if lead.customer_id]
    if bought and model is Contact:
        folded = [func.crm_fold(lead.name) for lead in leads]
        yield and_(Contact.customer_id.in_(bought), Contact.sort_name.in_(folded))
    if leads and model is Customer:
        yield Customer.created_from_lead_id.in_([lead.id for lead in leads])


def search_people(typed: str) -> list[tuple[RecordKind, Any]]:
    """Find records by an exact email or name, the trash included."""
    typed = typed.strip()
    if not typed:
        return []
    found: list[tuple[RecordKind, Any]] = []
    for kind, model in MODELS.items():
        # What is searched by words has the name in it, and an index, which the name itself has for lists alone.
        has_name = model.search_text.like(func.crm_fold(f"%{escape_like(typed)}%"), escape="\\")
        is_called = and_(has_name, model.sort_name == func.crm_fold(typed))
        same = or_(model.email_normalised == func.lower(typed), is_called)
        query = select(model).where(same).order_by(model.id).limit(20)
        found += [(kind, record) for record in db.session.scalars(query)]
    return found


def list_activities(person: Person) -> Sequence[Activity]:
    """List the activities with a person."""
    mine = (
        Activity.lead_id.in_(person.ids(RecordKind.LEAD)),
        Activity.customer_id.in_(person.ids(RecordKind.CUSTOMER)),
    )
    return db.session.scalars(select(Activity).where(or_(*mine)).order_by(Activity.id)).all()


def list_files(person: Person) -> Sequence[File]:
    """List the files of a person, removed ones included."""
    mine = (
        File.lead_id.in_(person.ids(RecordKind.LEAD)),
        File.customer_id.in_(person.ids(RecordKind.CUSTOMER)),
    )
    return db.session.scalars(select(File).where(or_(*mine)).order_by(File.id)).all()


def list_kept_files(person: Person) -> Sequence[int]:
    """List the ids of files on the companies of a person, which may be about them: only people can tell."""
    companies = {getattr(record, "customer_id", None) for record in person.records.values()} - {None}
    mine = File.customer_id.in_(companies), File.customer_id.not_in(person.ids(RecordKind.CUSTOMER))
    return db.session.scalars(select(File.id).where(*mine).order_by(File.id).limit(MOST)).all()


def list_saved_mails(person: Person, activities: Collection[int]) -> Sequence[int]:
    """List the ids of emails to a person that were saved as files, since there is no mail server.

    :param activities: those that are erased
    """
    theirs = or_(OutgoingMail.activity_id.in_(activities), func.lower(OutgoingMail.recipient).in_(person.emails))
    saved = select(OutgoingMail.id).where(theirs, OutgoingMail.saved_as.is_not(None))
    return db.session.scalars(saved.order_by(OutgoingMail.id)).all()


def list_files_by_id(ids: Collection[int]) -> Sequence[File]:
    """List files that are still there, with their records."""
    query = select(File).where(File.id.in_(ids)).options(joinedload(File.lead), joinedload(File.customer))
    return db.session.scalars(query.order_by(File.id)).all()


def list_emails(person: Person) -> Sequence[IncomingEmail]:
    """List the emails that a person sent, alone or with others, those on no record included."""
    others = func.string_to_array(IncomingEmail.co_senders, ", ", type_=ARRAY(Text))
    mine = or_(IncomingEmail.sender_email.in_(person.emails), others.op("&&")(cast(sorted(person.emails), ARRAY(Text))))
    return db.session.scalars(select(IncomingEmail).where(mine).order_by(IncomingEmail.id)).all()


def list_changes(person: Person) -> Sequence[Change]:
    """List the history of a person's records."""
    mine = [
        (Change.entity == kind.value) & Change.entity_id.in_(person.ids(kind))
        for kind in RecordKind
        if person.ids(kind)
    ]
    query = select(Change).where(or_(*mine)).options(joinedload(Change.actor))
    return db.session.scalars(query.order_by(Change.id)).all()


def list_conversions(person: Person) -> Sequence[Conversion]:
    """List the conversions of a person's leads."""
    mine = Conversion.lead_id.in_(person.ids(RecordKind.LEAD))
    return db.session.scalars(select(Conversion).where(mine).order_by(Conversion.id)).all()


def describe_person(person: Person) -> dict[str, list[list[tuple[str, Value]]]]:
    """Collect everything about a person but the history, for a page: each record as labels and values."""
    return {name: _describe(ENTITIES_OF[name], rows) for name, rows in _list_records(person).items()}


def _describe(entity: str, rows: Sequence[Any]) -> list[list[tuple[str, Value]]]:
    shown = [[pair for pair in _write(row).items() if _is_shown(*pair)] for row in rows]
    values = iter(format_values(entity, [pair for pairs in shown for pair in pairs]))
    return [[(label_of(name), next(values)) for name, _ in pairs] for pairs in shown]


def _is_shown(name: str, value: Any) -> bool:
    return name != "version" and value not in (None, "") and not isinstance(value, dict)


def export_person(person: Person) -> dict[str, Any]:
    """Collect everything about a person, for JSON."""
    rows = {**_list_records(person), "history": list_changes(person)}
    return {name: [_write(row) for row in some] for name, some in rows.items()}


def _list_records(person: Person) -> dict[str, Sequence[Any]]:
    return {
        "leads": person.of_kind(RecordKind.LEAD),
        "customers": person.of_kind(RecordKind.CUSTOMER),
        "contacts": person.of_kind(RecordKind.CONTACT),
        "activities": list_activities(person),
        "conversions": list_conversions(person),
        "files": list_files(person),
        "incoming_emails": list_emails(person),
    }


def _write(row: Any) -> dict[str, Any]:
    names = [column.name for column in row.__table__.columns if column.name not in _NOT_SHOWN]
    return {name: to_history(getattr(row, name)) for name in names}


def get_erasure(erasure_id: int) -> Erasure | None:
    """Return the receipt of an erasure."""
    return db.session.get(Erasure, erasure_id)


def list_erasures(*, limit: int = 50) -> Sequence[Erasure]:
    """List erasures: those that are open first, then the latest."""
    ended_at = func.coalesce(Erasure.erased_at, Erasure.canceled_at)
    query = select(Erasure).order_by(ended_at.desc().nulls_first(), Erasure.id.desc()).limit(limit)
    return db.session.scalars(query.options(joinedload(Erasure.erased_by), joinedload(Erasure.canceled_by))).all()


def find_open_erasure(person: Person) -> Erasure | None:
    """Find the erasure of a person that is neither done yet nor canceled."""
    is_open = Erasure.state.in_((ErasureState.WAITING, ErasureState.FAILED))
    return db.session.scalar(select(Erasure).where(_is_of(person), is_open).limit(1))


def find_canceled_erasure(person: Person) -> Erasure | None:
    """Find the erasure of a person that was canceled last, with who did it."""
    query = select(Erasure).where(_is_of(person), Erasure.state == ErasureState.CANCELED)
    query = query.options(joinedload(Erasure.canceled_by)).order_by(Erasure.canceled_at.desc()).limit(1)
    return db.session.scalar(query)


def _is_of(person: Person) -> ColumnElement[bool]:
    return tuple_(Erasure.entity, Erasure.record_id).in_(person.records)


def has_running_worker() -> bool:
    """Return whether a worker was seen a moment ago."""
    seen = select(WorkerHeartbeat.seen_at > func.now() - WORKER_SILENT_AFTER)
    return bool(db.session.scalar(seen))
