"""Mentions: employees named in a note, by their name (``@Ann Keller``) or the start of their email (``@ann``)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import delete, select

from crm_web.core.extensions import db
from crm_web.core.versioned_cache import VersionedCache
from crm_web.models import Activity, Customer, Employee, Lead, Mention
from crm_web.records.folding import fold
from crm_web.records.people import Person, list_people

NOTES = {Activity: "body", Lead: "description", Customer: "description"}
"""The column of each table in which people can be mentioned."""
LONGEST = 100
_AT = re.compile(r"(?<![\w.@+-])@(?=\w)")
_WORD_END = re.compile(r"\b(?!\w)")


class Piece(NamedTuple):
    """A part of a text.

    :param person: whom it mentions; ``None`` if it mentions nobody
    """

    text: str
    person: Person | None


def split_mentions(text: str) -> list[Piece]:
    """Split a text into its mentions, each with its ``@``, and what is between them.

    Who was deactivated is mentioned only where no one else is called the same; of two people who are, neither.
    """
    places = [place.end() for place in _AT.finditer(text)]
    pieces, done, known = list[Piece](), 0, _handles.get(None) if places else {}
    for place in places:
        handle = next((it for it in _read_from(text, place) if fold(it) in known), None) if place > done else None
        if handle:
            end = place + len(handle)
            pieces += [Piece(text[done : place - 1], None), Piece(text[place - 1 : end], known[fold(handle)])]
            done = end
    return [piece for piece in [*pieces, Piece(text[done:], None)] if piece.text]


def list_handles(typed: str, *, limit: int) -> list[str]:
    """List how active employees are mentioned of whose name a word begins as typed: by name, or else by email."""
    if not typed:
        return []
    known, start = _handles.get(None), fold(typed)
    names = [
        person.name if known.get(fold(person.name)) == person else person.email.partition("@")[0]
        for person in list_people()
        if person.is_active and f" {start}" in f" {fold(person.name)}"
    ]
    return names[:limit]


def _map_handles(_: None) -> dict[str, Person]:
    by_handle: dict[str, dict[bool, list[Person]]] = {}
    for person in list_people():
        for handle in {fold(person.name), fold(person.email.partition("@")[0])}:
            by_handle.setdefault(handle, {}).setdefault(person.is_active, []).append(person)
    meant = {handle: found.get(True) or found[False] for handle, found in by_handle.items()}
    return {handle: people[0] for handle, people in meant.items() if len(people) == 1}


_handles = VersionedCache(_map_handles, "employees")
"""A page has dozens of notes, and each may mention somebody."""


def _read_from(text: str, place: int) -> Iterator[str]:
    """All texts that begin there and end with a word, the longest first."""
    rest = text[place : place + LONGEST + 1]
    for end in reversed([end.start() for end in _WORD_END.finditer(rest, 1)]):
        yield rest[:end]


def find_mentioned(note: str | None) -> set[int]:
    """Find the active employees whom a note mentions.

    :return: their ids
    """
    return {it.person.id for it in split_mentions(note or "") if it.person and it.person.is_active}


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
