"""Erasing a person from texts about others, and from their history."""

from collections.abc import Collection, Iterator
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Text, cast, func, select, update

from crm_web.core.extensions import db
from crm_web.imports.stored.operations import cancel_import
from crm_web.models import Change, Count, CountDelta, Import, LeadSource, RecordKind, SavedView, StatusPeriod
from crm_web.privacy.mentions.queries import TEXTS, any_pattern, compile_pattern, key_of, sure_pattern, text_of
from crm_web.privacy.queries import Person

ERASED = "Erased"
"""What stands in place of a text that can't be empty."""
_PORTION = 100_000
"""Lines of history that one statement searches."""
_WRITTEN = ["lead", "customer", "contact", "activity"]
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
    pattern = compile_pattern(any_pattern(person))
    if record is None or not pattern.search(text_of(kind, record)):
        return False
    if isinstance(record, LeadSource):
        _rename_source(record.name)
        return True
    if isinstance(record, SavedView):
        kept = [pair for pair in parse_qsl(record.address) if not pattern.search(pair[1])]
        record.address = urlencode(kept)
    for name in TEXTS[kind][1]:
        if pattern.search(getattr(record, name) or ""):
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


def erase_from_history(person: Person, erased: Collection[Named]) -> int:
    """Let the history of other records lose what names the person, except where their text still does.

    :param erased: what ``erase_mentions`` erased
    :return: how many records it was
    """
    own = {(kind.value, record_id) for kind in RecordKind for record_id in person.ids(kind)}
    erased = {named for named in erased if named[0] in _WRITTEN} - own
    for named in erased:
        _erase_history(named, any_pattern(person))
    others = {named for named in _find_in_history(sure_pattern(person)) if not _still_names(person, named)}
    others -= erased | own
    for named in others:
        _erase_history(named, sure_pattern(person))
    return len(erased | others)


def _find_in_history(pattern: str) -> Iterator[Named]:
    # JSON writes the end of a line as two signs, beside which no word would begin.
    text = func.replace(cast(Change.fields, Text), r"\n", " ")
    last = db.session.scalar(select(func.max(Change.id))) or 0
    for start in range(0, last, _PORTION):
        found = select(Change.entity, Change.entity_id).where(Change.id > start, Change.id <= start + _PORTION)
        found = found.where(text.op("~*")(pattern), Change.entity.in_(_WRITTEN)).distinct()
        yield from ((row.entity, row.entity_id) for row in db.session.execute(found))


def _still_names(person: Person, named: Named) -> bool:
    record = db.session.get(TEXTS[named[0]][0], named[1])
    return record is not None and bool(compile_pattern(sure_pattern(person)).search(text_of(named[0], record)))


def _erase_history(named: Named, pattern: str) -> None:
    fields = func.crm_erased_texts(Change.fields, _COLUMNS, pattern)
    statement = update(Change).where(Change.entity == named[0], Change.entity_id == named[1]).values(fields=fields)
    _run(statement)


def _run(statement: Any) -> None:
    db.session.execute(statement, execution_options={"synchronize_session": False})
