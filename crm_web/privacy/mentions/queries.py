"""Where texts about others name a person: records, activities, saved views, sources, and files of imports."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select, true, union
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.leads.spec import LEADS
from crm_web.models import (
    OPEN_STATES,
    Activity,
    Contact,
    Customer,
    Employee,
    File,
    Import,
    ImportChunk,
    Lead,
    LeadSource,
    RecordKind,
    SavedView,
)
from crm_web.privacy.mentions.patterns import any_pattern, sure_pattern
from crm_web.privacy.queries import Person, list_files, list_lines

MOST = 50
"""So many texts of a kind are offered."""
PORTION = 50_000
"""Rows that one statement searches, so that none takes long."""
RECORDS = (Lead, Customer, Contact)
"""No index has all that people write in them."""
TEXTS: dict[str, tuple[Any, Sequence[str]]] = {
    "lead": (Lead, ("last_name", "company", *list_lines(LEADS), "lost_note", "description")),
    "customer": (Customer, ("name", "description")),
    "contact": (Contact, ("last_name", "description")),
    "activity": (Activity, ("subject", "body")),
    "view": (SavedView, ("name", "address")),
    "source": (LeadSource, ("name",)),
    "file": (File, ("name",)),
}
"""By kind: the columns in which people write about others."""
_PEOPLE = {
    "activity": [joinedload(Activity.lead), joinedload(Activity.customer)],
    "contact": [joinedload(Contact.customer)],
    "view": [joinedload(SavedView.owner)],
    "file": [joinedload(File.lead), joinedload(File.customer)],
}
_ZIPPED = (b"PK", b"\xd0\xcf\x11\xe0")
_LONGEST = 600
"""Bytes that a name, email or number has at most."""


@dataclass(frozen=True)
class Mention:
    """A text that names the person, or may.

    :param key: the kind and what identifies it, by which the form names it
    :param record: what holds the text
    :param text: the text; of a file its name
    :param is_sure: whether it has their full name, email or number, and not only their last name
    """

    key: str
    kind: str
    record: Any
    text: str
    is_sure: bool


def text_of(kind: str, record: Any) -> str:
    """Return all that people wrote in a record."""
    return "\n".join(filter(None, (getattr(record, name) for name in TEXTS[kind][1])))


def list_mentions(person: Person) -> list[Mention]:
    """List texts about others that name a person, those that surely do first, at most ``MOST`` of a kind."""
    return [*(mention for kind in TEXTS for mention in _list_texts(person, kind)), *_list_files(person)]


def _list_texts(person: Person, kind: str) -> Iterator[Mention]:
    model = TEXTS[kind][0]
    key = key_of(model)
    found = sorted(_find_texts(person, kind), key=lambda row: (not row[1], row[0]))[:MOST]
    is_sure = dict(found)
    query = select(model).where(key.in_(is_sure)).options(*_PEOPLE.get(kind, ()))
    records = {getattr(record, key.key): record for record in db.session.scalars(query)}
    for value, sure in found:
        if value in records:
            yield Mention(f"{kind}-{value}", kind, records[value], text_of(kind, records[value]), sure)


def _find_texts(person: Person, kind: str) -> Iterator[tuple[Any, bool]]:
    """Find what identifies the texts, and whether each surely names the person."""
    model, names = TEXTS[kind]
    key = key_of(model)
    text = func.concat_ws("\n", *(getattr(model, name) for name in names))
    pattern = any_pattern(person)
    is_sure: ColumnElement[bool] = sure_pattern(person).is_in(text).label("is_sure")
    query = select(key, is_sure).where(pattern.is_in(text), _is_other(person, kind))
    query = query.order_by(is_sure.desc(), key).limit(MOST)
    if model is Activity:
        query = query.where(pattern.folded_hints(Activity.folded_text()))
    if model not in RECORDS:
        yield from ((row[0], row[1]) for row in db.session.execute(query))
        return
    last = db.session.scalar(select(func.max(key))) or 0
    for start in range(0, last, PORTION):
        rows = db.session.execute(query.where(key > start, key <= start + PORTION))
        yield from ((row[0], row[1]) for row in rows)


def key_of(model: Any) -> Any:
    """Return the column that identifies a row in the form."""
    return LeadSource.name if model is LeadSource else model.id


def _is_other(person: Person, kind: str) -> ColumnElement[bool]:
    """Leave out what is erased in any case."""
    if kind in set(RecordKind):
        is_own: ColumnElement[bool] = TEXTS[kind][0].id.in_(person.ids(RecordKind(kind)))
        return ~is_own
    if kind == "file":
        return File.id.not_in([file.id for file in list_files(person)])
    if kind != "activity":
        return true()
    return ~is_about(person)


def is_about(person: Person) -> ColumnElement[bool]:
    """The condition of activities that are erased in any case: with the person, or about them with their company."""
    customers = [record.customer_id for record in person.records.values() if getattr(record, "customer_id", None)]
    colleagues = select(Lead.id).where(Lead.customer_id.in_(customers))
    names = sure_pattern(person).is_in(func.concat_ws("\n", Activity.subject, Activity.body))
    # One arm for each index: with an OR between them, every activity would be read.
    found = union(
        select(Activity.id).where(Activity.lead_id.in_(person.ids(RecordKind.LEAD))),
        select(Activity.id).where(Activity.customer_id.in_(person.ids(RecordKind.CUSTOMER))),
        select(Activity.id).where(Activity.customer_id.in_(customers), names),
        select(Activity.id).where(Activity.lead_id.in_(colleagues), names),
    )
    return Activity.id.in_(found)


def _list_files(person: Person) -> Iterator[Mention]:
    """Files that wait to be imported and name the person, or may: what is zipped can't be searched."""
    query = select(Import).where(Import.state.in_(OPEN_STATES), Import.file_deleted_at.is_(None))
    for record in db.session.scalars(query.options(joinedload(Import.made_by)).order_by(Import.id)):
        found = file_names(record.id, person)
        if found is not False:
            yield Mention(f"import-{record.id}", "import", record, record.filename, bool(found))


def file_names(import_id: int, person: Person) -> bool | None:
    """Return whether an uploaded file names a person; ``None`` where nobody can tell."""
    encodings = ("utf-8", "cp1252", "utf-16-le")
    words = {word.lower().encode(code, "ignore") for word in person.traces | person.last_names for code in encodings}
    numbers = select(ImportChunk.number).where(ImportChunk.import_id == import_id).order_by(ImportChunk.number)
    end = b""
    for number in db.session.scalars(numbers).all():
        chunk = db.session.scalar(
            select(ImportChunk.content).where(ImportChunk.import_id == import_id, ImportChunk.number == number)
        )
        content = end + bytes(chunk or b"").lower()
        if number == 0 and bytes(chunk or b"").startswith(_ZIPPED):
            return None
        if any(word in content for word in words if word):
            return True
        end = content[-_LONGEST:]
    return False


def find_employee(person: Person) -> Employee | None:
    """Find the employee with an email of the person."""
    return db.session.scalar(select(Employee).where(Employee.email_normalised.in_(person.emails)).limit(1))
