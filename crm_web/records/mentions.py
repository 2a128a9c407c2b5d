"""Mentions: employees named in a note, by their name (``@Ann Keller``) or the start of their email (``@ann``)."""

import re
from collections.abc import Iterator

from sqlalchemy import delete, select

from crm_web.core.extensions import db
from crm_web.models import Activity, Customer, Employee, Lead, Mention
from crm_web.records.folding import fold
from crm_web.records.people import list_people

NOTES = {Activity: "body", Lead: "description", Customer: "description"}
"""The column of each table in which people can be mentioned."""
LONGEST = 100
_AT = re.compile(r"(?<![\w.@+-])@(?=\w)")
_WORD_END = re.compile(r"\b(?!\w)")


def find_mentioned(note: str | None) -> set[int]:
    """Find the active employees whom a note names; where two people are called the same, neither.

    :return: their ids
    """
    if not note or not (places := [place.end() for place in _AT.finditer(note)]):
        return set()
    ids_by_handle: dict[str, set[int]] = {}
    for person in list_people():
        if person.is_active:
            for handle in (person.name, person.email.partition("@")[0]):
                ids_by_handle.setdefault(fold(handle), set()).add(person.id)
    known = {handle: min(ids) for handle, ids in ids_by_handle.items() if len(ids) == 1}
    found = (next((known[text] for text in _read_from(note, place) if text in known), 0) for place in places)
    return set(found) - {0}


def _read_from(note: str, place: int) -> Iterator[str]:
    """All texts that begin there and end with a word, the longest first."""
    rest = note[place : place + LONGEST + 1]
    for end in reversed([end.start() for end in _WORD_END.finditer(rest, 1)]):
        yield fold(rest[:end])


def save_mentions(record: Activity | Lead | Customer, before: str | None = None, *, by: Employee) -> None:
    """Save whom a note mentions that was written or changed; whoever it mentioned before is not mentioned again.

    :param record: what has the note, before or after it is flushed
    :param before: the note before the change
    """
    note = getattr(record, NOTES[type(record)])
    if note == before:
        return
    was, now = find_mentioned(before), find_mentioned(note)
    kind = type(record).__name__.lower()
    of_record = getattr(Mention, f"{kind}_id") == record.id
    if gone := was - now:
        db.session.execute(delete(Mention).where(of_record, Mention.employee_id.in_(gone)))
    added = now - was
    if added and record.id is not None:
        added -= set(db.session.scalars(select(Mention.employee_id).where(of_record)))
    db.session.add_all(Mention(employee_id=it, mentioned_by_id=by.id, **{kind: record}) for it in sorted(added))
