"""Erasing a person from texts about others, and from their history."""

from collections.abc import Callable, Collection
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import ColumnElement, delete, func, select, update

from crm_web.core.extensions import db
from crm_web.imports.stored.operations import cancel_import
from crm_web.models import Change, Count, CountDelta, File, Import, LeadSource, RecordKind, SavedView, StatusPeriod
from crm_web.privacy.mentions.patterns import NamePattern, any_pattern, sure_pattern
from crm_web.privacy.mentions.queries import PORTION, TEXTS, key_of, text_of
from crm_web.privacy.queries import Person

ERASED = "Erased"
"""What stands in place of a text that can't be empty."""
_WRITTEN = ["lead", "customer", "contact", "activity", "file"]
_COLUMNS = sorted({name for kind in _WRITTEN for name in TEXTS[kind][1]} | {"first_name", "email", "source"})
Named = tuple[str, int]
"""The kind and id of a record whose history names the person."""


def erase_mentions(person: Person, keys: Collection[str]) -> set[Named]:
    """Erase the texts that somebody chose, each wholly; one that no longer names the person stays.

    :param keys: keys of ``Mention``
    :return: the kind and id of each; 0 for what is not called by a number
    """
    pairs = (key.split("-", 1) for key in sorted(set(keys)) if "-" in key)
    return {(kind, int(value) if value.isdecimal() else 0) for kind, value in pairs if _erase(person, kind, value)}


def _erase(person: Person, kind: str, value: str) -> bool:
    record = _lock(kind, value)
    if isinstance(record, Import):
        cancel_import(record)
        return True
    pattern = any_pattern(person)
    if record is None or not pattern.find(text_of(kind, record)):
        return False
    if isinstance(record, LeadSource):
        _rename_source(record.name)
        return True
    if isinstance(record, File):
        # What it holds is as much about the person as its name.
        _run(delete(File).where(File.id == record.id))
        return True
    if isinstance(record, SavedView):
        kept = [pair for pair in parse_qsl(record.address) if not pattern.find(pair[1])]
        record.address = urlencode(kept)
    for name in TEXTS[kind][1]:
        if pattern.find(getattr(record, name)):
            # A person has no two views of one name.
            setattr(record, name, f"{ERASED} {record.id}" if kind == "view" else ERASED)
    db.session.flush()
    return True


def _lock(kind: str, value: str) -> Any:
    model = Import if kind == "import" else TEXTS.get(kind, (None,))[0]
    if model is None or (model is not LeadSource and not value.isdecimal()):
        return None
    is_it = key_of(model) == (value if model is LeadSource else int(value[:18]))
    return db.session.scalar(select(model).where(is_it).with_for_update(key_share=True, of=model))


def _rename_source(name: str) -> None:
    """Rename a source in its leads, and in what is counted and kept of them by its name."""
    taken = set(db.session.scalars(select(LeadSource.name).where(LeadSource.name.like(f"{ERASED}%"))))
    new = next(word for number in count(1) if (word := f"{ERASED} {number}") not in taken)
    _run(update(LeadSource).where(LeadSource.name == name).values(name=new))
    for model in (StatusPeriod, CountDelta, Count):
        _run(update(model).where(model.source == name).values(source=new))
    db.session.expire_all()


class HistorySearch:
    """The search for records whose history surely names a person. It reads all history, so it begins before any lock.

    :param person: whom
    :param progress: told how many lines of history were searched, and how many there are
    """

    def __init__(self, person: Person, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        self.pattern = sure_pattern(person)
        self.found: set[Named] = set()
        self._settled = db.session.scalar(select(func.crm_settled_before(type_=Change.xact.type)))
        last = db.session.scalar(select(func.max(Change.id))) or 0
        for start in range(0, last, PORTION):
            progress(start, last)
            self._search(Change.id > start, Change.id <= start + PORTION)
        progress(last, last)

    def go_on(self) -> None:
        """Search what was written since it began."""
        self._search(Change.xact >= self._settled)

    def _search(self, *where: ColumnElement[bool]) -> None:
        found = select(Change.entity, Change.entity_id).where(*where, Change.entity.in_(_WRITTEN))
        rows = db.session.execute(found.where(self.pattern.is_in(Change.fields)).distinct())
        self.found |= {(row.entity, row.entity_id) for row in rows}


def erase_from_history(person: Person, erased: Collection[Named], search: HistorySearch) -> int:
    """Erase what names the person from the history of other records, except where their text still does.

    :param erased: what ``erase_mentions`` erased
    :param search: a search for this person, perhaps begun before something changed
    :return: how many records it was
    """
    if search.pattern != sure_pattern(person):
        search = HistorySearch(person)
    search.go_on()
    own = {(kind.value, record_id) for kind in RecordKind for record_id in person.ids(kind)}
    erased = {named for named in erased if named[0] in _WRITTEN} - own
    for named in erased:
        _erase_history(named, any_pattern(person))
    others = {named for named in search.found if not _still_names(person, named)}
    others -= erased | own
    for named in others:
        _erase_history(named, sure_pattern(person))
    return len(erased | others)


def _still_names(person: Person, named: Named) -> bool:
    record = db.session.get(TEXTS[named[0]][0], named[1])
    return record is not None and sure_pattern(person).find(text_of(named[0], record))


def _erase_history(named: Named, pattern: NamePattern) -> None:
    fields = func.crm_erased_texts(Change.fields, _COLUMNS, pattern.expression)
    statement = update(Change).where(Change.entity == named[0], Change.entity_id == named[1]).values(fields=fields)
    _run(statement)


def _run(statement: Any) -> None:
    db.session.execute(statement, execution_options={"synchronize_session": False})
