"""Erasing a person from what is kept of requests, imports, bulk edits and settings, and from the words to search by."""

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
    KnownWord,
    Lead,
    OutgoingMail,
    RecordKind,
    Submission,
    Webhook,
    WebhookDelivery,
)
from crm_web.privacy.mentions.operations import ERASED
from crm_web.privacy.mentions.queries import compile_pattern, file_names, sure_pattern
from crm_web.privacy.queries import Person
from crm_web.records.matching import escape_like

_GONE = (
    *((Submission, Submission.answer), (Draft, Draft.fields), (Draft, Draft.place)),
    *((OutgoingMail, getattr(OutgoingMail, name)) for name in ("recipient", "subject", "body", "error")),
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
    answers = sum(_count(delete(model).where(_names(column, pattern))) for model, column in _GONE)
    texts = sum(
        _count(update(model).where(_names(column, pattern)).values({column.key: ERASED})) for model, column in _TEXTS
    )
    searched = func.split_part(BulkEdit.place, "?", 1)
    texts += _count(update(BulkEdit).where(_names(BulkEdit.place, pattern)).values(place=searched))
    _forget_duplicates(person)
    return {"kept answers": answers, "rows of imports": _erase_imports(person, pattern), "kept texts": texts}


def _names(column: Any, pattern: str) -> Any:
    # JSON writes the end of a line as two signs, beside which no word would begin.
    return func.replace(cast(column, Text), r"\n", " ").op("~*")(pattern)


def _forget_duplicates(person: Person) -> None:
    """The worker compares the records again."""
    for kind in RecordKind:
        ids = person.ids(kind)
        pairs = ((DuplicatePair.entity, DuplicatePair.record_id), (DuplicatePair.other_entity, DuplicatePair.other_id))
        own = or_(*(and_(entity == kind, record_id.in_(ids)) for entity, record_id in pairs))
        _count(update(DuplicatePair).where(own).values(reasons=[]))
        _count(delete(DuplicateKey).where(DuplicateKey.entity == kind, DuplicateKey.record_id.in_(ids)))


def _erase_imports(person: Person, pattern: str) -> int:
    """Rows of imports, and the files of those that are done."""
    mine = or_(
        ImportResult.lead_id.in_(person.ids(RecordKind.LEAD)),
        ImportResult.customer_id.in_(person.ids(RecordKind.CUSTOMER)),
        *(_names(column, pattern) for column in (ImportResult.label, ImportResult.reason, ImportResult.cells)),
    )
    about = select(ImportResult.import_id).where(mine)
    done = select(Import).where(Import.imported_at.is_not(None), Import.file_deleted_at.is_(None)).order_by(Import.id)
    about_ids = set(db.session.scalars(about.distinct()))
    for record in db.session.scalars(done.with_for_update(key_share=True, of=Import)).all():
        if record.id in about_ids or file_names(record.id, person):
            delete_file(record)
    count = _count(update(ImportResult).where(mine).values(label=None, reason=None, cells=None))
    count += _count(delete(ImportCorrection).where(_names(ImportCorrection.cells, pattern)))
    for record in db.session.scalars(select(Import).where(_names(_words_of_import(), pattern))).all():
        _erase_import(record, pattern)
    db.session.flush()
    return count


def _words_of_import() -> Any:
    columns = (Import.filename, Import.problem, Import.options, Import.report)
    return func.concat_ws(" ", *(cast(column, Text) for column in columns))


def _erase_import(record: Import, pattern: str) -> None:
    for name in ("filename", "problem", "options", "report"):
        setattr(record, name, _without(getattr(record, name), pattern))


def _without(value: Any, pattern: str) -> Any:
    """A value of JSON with no text in it that names the person."""
    if isinstance(value, str):
        return ERASED if compile_pattern(pattern).search(value) else value
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
