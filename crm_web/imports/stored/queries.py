"""What the pages of imports ask."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.imports.targets import Target
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import PAGE_SIZE, Page, load_page
from crm_web.models import (
    Customer,
    Employee,
    Import,
    ImportOutcome,
    ImportProgress,
    ImportResult,
    Lead,
    LeadSource,
    Role,
    UndoOutcome,
    WorkerHeartbeat,
)

FETCHED = 1_000
_STREAMED = (*("line", "outcome", "label", "reason", "cells", "lead_id", "customer_id", "undo_outcome", "undo_reason"),)


def get_import(import_id: int) -> Import | None:
    """Load an import with the people who made and undid it; ``None`` if there is none."""
    people = (joinedload(Import.made_by), joinedload(Import.undone_by))
    return db.session.scalar(select(Import).where(Import.id == import_id).options(*people))


def list_set(record: Import, *, lock: bool = False) -> list[Import]:
    """List the related files of an import, itself included, in the order in which they are imported.

    :param lock: whether to lock them, once the first one is locked
    """
    first_id = record.set_id or record.id
    query = select(Import).where(or_(Import.id == first_id, Import.set_id == first_id)).order_by(Import.id)
    if lock:
        query = query.with_for_update(key_share=True, of=Import).execution_options(populate_existing=True)
    order = list(Target)
    return sorted(db.session.scalars(query), key=lambda file: order.index(file.options.get("target", Target.LEADS)))


def list_owners() -> Sequence[tuple[str, str]]:
    """List the names and emails of those who may own leads and customers, by name."""
    query = select(Employee.name, Employee.email).where(Employee.is_active, Employee.role != Role.VIEWER)
    return [(name, email) for name, email in db.session.execute(query.order_by(Employee.name, Employee.id))]


def list_sources() -> Sequence[str]:
    """List the names of all sources."""
    return db.session.scalars(select(LeadSource.name).order_by(func.lower(LeadSource.name))).all()


def list_imports(*, cursor: str | None, size: int = PAGE_SIZE) -> Page:
    """Load one page of the imports, newest first.

    :param cursor: where the page starts; ``None`` for the first
    :return: the page; its rows are imports, each with who made it
    """
    query = select(Import).options(joinedload(Import.made_by))
    return load_page(query, Sort(Import.id.expression, Import.id.expression, descending=True), cursor=cursor, size=size)


def get_progress(import_id: int) -> ImportProgress | None:
    """Load how far the worker is with an import; ``None`` if it was never asked."""
    return db.session.get(ImportProgress, import_id)


def find_heartbeat() -> tuple[datetime | None, datetime]:
    """Find out when a worker was last seen.

    :return: that time, ``None`` if never; and the present time, both by the database's clock
    """
    seen = select(WorkerHeartbeat.seen_at).scalar_subquery()
    seen_at, now = db.session.execute(select(seen, func.clock_timestamp())).one()
    return seen_at, now


def count_undone(import_id: int) -> dict[UndoOutcome, int]:
    """Count the rows whose records an undo took back, and those that it left."""
    query = select(ImportResult.undo_outcome, func.count()).where(
        ImportResult.import_id == import_id, ImportResult.undo_outcome.is_not(None)
    )
    rows = db.session.execute(query.group_by(ImportResult.undo_outcome))
    return {outcome: count for outcome, count in rows if outcome is not None}


def list_results(
    import_id: int, outcome: ImportOutcome | UndoOutcome, *, cursor: str | None, size: int = PAGE_SIZE
) -> Page:
    """Load one page of the rows of a file that had an outcome, in the order of the file.

    :param outcome: of the check or import, or of its undo
    :param cursor: where the page starts; ``None`` for the first
    """
    column: Any = ImportResult.outcome if isinstance(outcome, ImportOutcome) else ImportResult.undo_outcome
    query = select(ImportResult).where(ImportResult.import_id == import_id, column == outcome)
    line = ImportResult.line.expression
    return load_page(query, Sort(line, line, descending=False), cursor=cursor, size=size)


def map_names(results: Sequence[ImportResult]) -> dict[tuple[str, int], str]:
    """Find what the records of some rows are called today; those that were deleted for good are missing."""
    found: dict[tuple[str, int], str] = {}
    for entity, model, ids in (
        ("lead", Lead, {result.lead_id for result in results}),
        ("customer", Customer, {result.customer_id for result in results}),
    ):
        if ids - {None}:
            rows = db.session.execute(select(model.id, model.name).where(model.id.in_(ids - {None})))
            found |= {(entity, row.id): row.name for row in rows}
    return found


def stream_results(import_id: int, outcome: ImportOutcome | None = None) -> Iterator[Any]:
    """Run through the rows of a file in its order, a portion at a time, with flat memory.

    :param outcome: only those with this one
    """
    columns = [getattr(ImportResult, name) for name in _STREAMED]
    query = select(*columns, Lead.name).outerjoin(Lead, Lead.id == ImportResult.lead_id)
    query = query.where(ImportResult.import_id == import_id).order_by(ImportResult.line).limit(FETCHED)
    query = query.where(ImportResult.outcome == outcome) if outcome else query
    last = 0
    while rows := db.session.execute(query.where(ImportResult.line > last)).all():
        yield from rows
        last = rows[-1].line


def get_result(import_id: int, line: int) -> ImportResult | None:
    """Load what became of one row; ``None`` if there is no such row."""
    return db.session.get(ImportResult, (import_id, line))
