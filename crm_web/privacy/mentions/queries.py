"""Where texts about others name a person: records, activities, saved views, sources, and files of imports."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.models import (
    OPEN_STATES,
    Activity,
    Contact,
    Customer,
    Employee,
    Import,
    ImportChunk,
    Lead,
    LeadSource,
    RecordKind,
    SavedView,
)
from crm_web.privacy.queries import Person

MOST = 50
"""So many texts of a kind are offered."""
TEXTS: dict[str, tuple[Any, Sequence[str]]] = {
    "lead": (Lead, ("last_name", "company", "next_step", "lost_note", "description")),
    "customer": (Customer, ("name", "description")),
    "contact": (Contact, ("last_name", "description")),
    "activity": (Activity, ("subject", "body")),
    "view": (SavedView, ("name", "address")),
    "source": (LeadSource, ("name",)),
}
"""By kind: the columns in which people write about others."""
_PEOPLE = {
    "activity": [joinedload(Activity.lead), joinedload(Activity.customer)],
    "contact": [joinedload(Contact.customer)],
    "view": [joinedload(SavedView.owner)],
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


def build_pattern(words: Iterable[str]) -> str:
    """Build a regular expression of PostgreSQL that finds words as typed, and as they stand in addresses of pages."""
    spelled = sorted({form for word in words for form in (word, quote(word), quote_plus(word))})
    # Where there is nothing to look for, it matches nothing.
    return "|".join(_edge(word[0]) + _spell(word) + _edge(word[-1]) for word in spelled) or "(?!x)x"


def _spell(word: str) -> str:
    return r"\s+".join(re.escape(part) for part in word.split())


def _edge(sign: str) -> str:
    """A word ends there; Chinese and Japanese are written without gaps."""
    return r"\y" if sign.isalnum() and ord(sign) < 0x590 else ""


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of ``build_pattern`` for Python."""
    return re.compile(pattern.replace(r"\y", r"\b"), re.IGNORECASE)


def sure_pattern(person: Person) -> str:
    """Build the pattern of what means this person and nobody else."""
    return build_pattern(person.traces)


def any_pattern(person: Person) -> str:
    """Build the pattern of what may mean this person: their last name as well."""
    return build_pattern(person.traces | person.last_names)


def text_of(kind: str, record: Any) -> str:
    """Return all that people wrote in a record."""
    return "\n".join(filter(None, (getattr(record, name) for name in TEXTS[kind][1])))


def list_mentions(person: Person) -> list[Mention]:
    """List texts about others that name a person, those that surely do first, at most ``MOST`` of a kind."""
    return [*(mention for kind in TEXTS for mention in _list_texts(person, kind)), *_list_files(person)]


def _list_texts(person: Person, kind: str) -> Iterator[Mention]:
    model, names = TEXTS[kind]
    text = func.concat_ws("\n", *(getattr(model, name) for name in names))
    is_sure: ColumnElement[bool] = text.op("~*")(sure_pattern(person)).label("is_sure")
    key = key_of(model)
    query = select(model, is_sure).where(text.op("~*")(any_pattern(person)), _is_other(person, kind))
    query = query.options(*_PEOPLE.get(kind, ())).order_by(is_sure.desc(), key).limit(MOST)
    for record, sure in db.session.execute(query):
        yield Mention(f"{kind}-{getattr(record, key.key)}", kind, record, text_of(kind, record), sure)


def key_of(model: Any) -> Any:
    """Return the column that identifies a row in the form."""
    return LeadSource.name if model is LeadSource else model.id


def _is_other(person: Person, kind: str) -> ColumnElement[bool]:
    """Leave out what is erased in any case."""
    if kind in set(RecordKind):
        is_own: ColumnElement[bool] = TEXTS[kind][0].id.in_(person.ids(RecordKind(kind)))
        return ~is_own
    if kind != "activity":
        return true()
    return ~func.coalesce(is_about(person), false())


def is_about(person: Person) -> ColumnElement[bool]:
    """The condition of activities that are erased in any case: with the person, or about them with their company."""
    customers = [record.customer_id for record in person.records.values() if getattr(record, "customer_id", None)]
    leads = select(Lead.id).where(Lead.customer_id.in_(customers))
    names = func.concat_ws("\n", Activity.subject, Activity.body).op("~*")(sure_pattern(person))
    return or_(
        Activity.lead_id.in_(person.ids(RecordKind.LEAD)),
        Activity.customer_id.in_(person.ids(RecordKind.CUSTOMER)),
        and_(names, or_(Activity.customer_id.in_(customers), Activity.lead_id.in_(leads))),
    )


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
