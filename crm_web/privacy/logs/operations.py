"""Erasing a person from what is kept of requests, imports, bulk edits and settings, and from the words to search by."""

from collections import Counter
from typing import Any

from sqlalchemy import Text, and_, cast, delete, func, or_, select, update
from sqlalchemy.engine import CursorResult

from crm_web.core.extensions import db
from crm_web.imports.stored.operations import delete_file
from crm_web.models import (
    ApiToken,
    BulkEdit,
    BulkItem,
    Contact,
    Customer,
    Draft,
    DuplicateKey,
    DuplicatePair,
    Import,
    ImportCorrection,
    ImportResult,
    IncomingAttachment,
    IncomingEmail,
    KnownWord,
    Lead,
    OutgoingMail,
    RecordKind,
    Submission,
    Webhook,
    WebhookDelivery,
)
from crm_web.privacy.mentions.operations import ERASED
from crm_web.privacy.mentions.patterns import NamePattern, sure_pattern
from crm_web.privacy.mentions.queries import PORTION, file_names
from crm_web.privacy.queries import Person
from crm_web.records.matching import escape_like

_TEXTS_OF_EMAIL = (
    *("message_id", "reason", "sender_name", "sender_email", "co_senders", "reply_to", "recipients"),
    *("subject", "body"),
)
_GONE = (
    *((Submission, Submission.answer), (Draft, Draft.fields), (Draft, Draft.place)),
    *((OutgoingMail, getattr(OutgoingMail, name)) for name in ("recipient", "subject", "body", "error")),
    *((IncomingEmail, getattr(IncomingEmail, name)) for name in _TEXTS_OF_EMAIL),
    (IncomingAttachment, IncomingAttachment.name),
)
"""What is deleted where it names the person."""
_TEXTS = (
    *((BulkItem, BulkItem.reason), (BulkItem, BulkItem.undo_reason), (ImportResult, ImportResult.undo_reason)),
    *((Webhook, Webhook.description), (WebhookDelivery, WebhookDelivery.error), (ApiToken, ApiToken.name)),
)
"""Texts that are replaced where they name the person."""


def erase_from_logs(person: Person) -> dict[str, int]:
    """Erase a person from all that is kept beside the records.

    :return: how much was erased of what
    """
    pattern = sure_pattern(person)
    answers = sum(_count(delete(model).where(pattern.is_in(column))) for model, column in _GONE)
    texts = sum(
        _count(update(model).where(pattern.is_in(column)).values({column.key: ERASED})) for model, column in _TEXTS
    )
    searched = func.split_part(BulkEdit.place, "?", 1)
    texts += _count(update(BulkEdit).where(pattern.is_in(BulkEdit.place)).values(place=searched))
    _forget_duplicates(person)
    return {"kept answers": answers, "rows of imports": _erase_imports(person, pattern), "kept texts": texts}


def _forget_duplicates(person: Person) -> None:
    """The worker compares the records again."""
    for kind in RecordKind:
        ids = person.ids(kind)
        pairs = ((DuplicatePair.entity, DuplicatePair.record_id), (DuplicatePair.other_entity, DuplicatePair.other_id))
        own = or_(*(and_(entity == kind, record_id.in_(ids)) for entity, record_id in pairs))
        _count(update(DuplicatePair).where(own).values(reasons=[]))
        _count(delete(DuplicateKey).where(DuplicateKey.entity == kind, DuplicateKey.record_id.in_(ids)))


def _erase_imports(person: Person, pattern: NamePattern) -> int:
    """Rows of imports, and the files of those that are done."""
    rows = _erase_rows(person, pattern)
    done = select(Import).where(Import.imported_at.is_not(None), Import.file_deleted_at.is_(None)).order_by(Import.id)
    for record in db.session.scalars(done.with_for_update(key_share=True, of=Import)).all():
        if record.id in rows or file_names(record.id, person):
            delete_file(record)
    count = rows.total() + _count(delete(ImportCorrection).where(pattern.is_in(ImportCorrection.cells)))
    for record in db.session.scalars(select(Import).where(pattern.is_in(_words_of_import()))).all():
        _erase_import(record, pattern)
    db.session.flush()
    return count


def _erase_rows(person: Person, pattern: NamePattern) -> Counter[int]:
    """Erase what rows became; returns of how many rows of each import."""
    mine = or_(
        ImportResult.lead_id.in_(person.ids(RecordKind.LEAD)),
        ImportResult.customer_id.in_(person.ids(RecordKind.CUSTOMER)),
        ImportResult.contact_id.in_(person.ids(RecordKind.CONTACT)),
        *(pattern.is_in(column) for column in (ImportResult.label, ImportResult.reason, ImportResult.cells)),
    )
    erase = update(ImportResult).where(mine).values(label=None, reason=None, cells=None)
    rows: Counter[int] = Counter()
    last = select(ImportResult.import_id, func.max(ImportResult.line)).group_by(ImportResult.import_id)
    for import_id, line in db.session.execute(last).all():
        for start in range(0, line, PORTION):
            here = (ImportResult.import_id == import_id, ImportResult.line.between(start + 1, start + PORTION))
            rows[import_id] += _count(erase.where(*here))
    return +rows


def _words_of_import() -> Any:
    columns = (Import.filename, Import.problem, Import.options, Import.report)
    return func.concat_ws(" ", *(cast(column, Text) for column in columns))


def _erase_import(record: Import, pattern: NamePattern) -> None:
    for name in ("filename", "problem", "options", "report"):
        setattr(record, name, _without(getattr(record, name), pattern))


def _without(value: Any, pattern: NamePattern) -> Any:
    """A value of JSON with no text in it that names the person."""
    if isinstance(value, str):
        return ERASED if pattern.find(value) else value
    if isinstance(value, dict):
        return {_without(key, pattern): _without(part, pattern) for key, part in value.items()}
    return [_without(part, pattern) for part in value] if isinstance(value, list) else value


def forget_words(words: set[str]) -> int:
    """Forget the words of a person's records that stand in no other record.

    :param words: the words that their records were found by
    """
    known = db.session.scalars(select(KnownWord.word).where(KnownWord.word.in_(words)).distinct()).all()
    count = 0
    for word in known:
        used = [
            db.session.scalar(select(model.id).where(model.search_text.like(f"%{escape_like(word)}%")).limit(1))
            for model in (Lead, Customer, Contact)
        ]
        if not any(used):
            count += _count(delete(KnownWord).where(KnownWord.word == word))
    return count


def _count(statement: Any) -> int:
    result: CursorResult[Any] = db.session.execute(  # type: ignore[assignment]
        statement, execution_options={"synchronize_session": False}
    )
    return result.rowcount
