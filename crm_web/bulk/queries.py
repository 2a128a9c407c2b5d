"""What the pages of bulk edits ask, and what the edits themselves read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from crm_web.bulk.eligibility import LIKELY, EditContext, SkipReason, check_eligible, is_win
from crm_web.bulk.likely.queries import map_likely
from crm_web.core.extensions import db
from crm_web.customers.queries import CustomerFilter
from crm_web.customers.spec import CUSTOMERS
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import Page, load_page
from crm_web.models import (
    BulkEdit,
    BulkEntity,
    BulkItem,
    BulkOutcome,
    Conversion,
    Customer,
    Employee,
    Lead,
    LeadStatus,
    UndoOutcome,
)
from crm_web.records.people import map_employee_names

MODELS: dict[BulkEntity, Any] = {BulkEntity.LEAD: Lead, BulkEntity.CUSTOMER: Customer}
CHUNK = 500
SAMPLE = 8


@dataclass
class Preview:
    """What an edit would do, before anything is saved.

    :param chosen: how many records were chosen
    :param doable: how many of them it would change
    :param sample: some of those, as pairs of id and name
    :param others: how many stay as they are, for each reason
    :param likely: how many leads to be won may be customers already
    :param with_customer: how many of those it would change are leads that have a customer
    :param won: how many of those it would change are won leads
    """

    chosen: int = 0
    doable: int = 0
    sample: list[tuple[int, str]] = field(default_factory=list)
    others: Counter[SkipReason] = field(default_factory=Counter)
    likely: int = 0
    with_customer: int = 0
    won: int = 0

    def count(self, record: Any, skip_reason: SkipReason | None) -> None:
        """Add one record."""
        self.chosen += 1
        if skip_reason is not None:
            self.others[SkipReason(skip_reason.outcome, skip_reason.group, skip_reason.group)] += 1
            return
        self.doable += 1
        if len(self.sample) < SAMPLE:
            self.sample.append((record.id, record.name))
        self.with_customer += getattr(record, "customer_id", None) is not None
        self.won += record.status == LeadStatus.WON

    @property
    def new_customers(self) -> int:
        """How many customers a win would make."""
        return self.doable - self.with_customer

    @property
    def more(self) -> int:
        """How many it would change beside the sample."""
        return self.doable - len(self.sample)


def select_ids(entity: BulkEntity, ids: Sequence[int]) -> Select[Any]:
    """Build the selection of records that were ticked.

    :return: a select of the records, those in the trash too
    """
    model = MODELS[entity]
    return select(model).where(model.id.in_(ids))


def select_matching(filters: LeadFilter | CustomerFilter) -> Select[Any]:
    """Build the selection of all that a list shows.

    :param filters: what the list's address says
    """
    return (LEADS if isinstance(filters, LeadFilter) else CUSTOMERS).select(filters)


def count_selection(entity: BulkEntity, selection: Select[Any]) -> int:
    """Count what would be frozen.

    :return: how many there are now
    """
    ids = selection.with_only_columns(MODELS[entity].id).order_by(None).subquery()
    return db.session.scalar(select(func.count()).select_from(ids)) or 0


def get_edit(edit_id: int) -> BulkEdit | None:
    """Load an edit with the people who made and undid it.

    :return: the edit; ``None`` where there is none
    """
    people = (joinedload(BulkEdit.made_by), joinedload(BulkEdit.undone_by))
    return db.session.scalar(select(BulkEdit).where(BulkEdit.id == edit_id).options(*people))


def list_edits(employee: Employee | None, *, cursor: str | None) -> Page:
    """Load one page of the edits that were applied, newest first.

    :param employee: who made them; ``None`` for everybody
    :param cursor: where the page starts; ``None`` for the first
    :return: the page; its rows are edits, each with who made and who undid it
    """
    query = select(BulkEdit).where(BulkEdit.applied_at.is_not(None))
    if employee is not None:
        query = query.where(BulkEdit.made_by_id == employee.id)
    query = query.options(joinedload(BulkEdit.made_by), joinedload(BulkEdit.undone_by))
    return load_page(query, Sort(BulkEdit.id.expression, BulkEdit.id.expression, descending=True), cursor=cursor)


def count_outcomes(edits: Sequence[BulkEdit]) -> dict[int, Counter[str]]:
    """Count what became of the records of edits.

    :return: by an edit's id, how many records had each outcome, those of its undo too
    """
    query = select(BulkItem.bulk_edit_id, BulkItem.outcome, BulkItem.undo_outcome, func.count())
    query = query.where(BulkItem.bulk_edit_id.in_([edit.id for edit in edits]))
    counts: dict[int, Counter[str]] = {edit.id: Counter() for edit in edits}
    for edit_id, outcome, undo, count in db.session.execute(
        query.group_by(BulkItem.bulk_edit_id, BulkItem.outcome, BulkItem.undo_outcome)
    ):
        counts[edit_id] += Counter({outcome: count} | ({undo: count} if undo else {}))
    return counts


def list_items(edit: BulkEdit, outcome: BulkOutcome | UndoOutcome, *, cursor: str | None) -> Page:
    """Load one page of the records of an edit that had an outcome, in the order of their ids.

    :param outcome: of the edit, or of its undo
    :param cursor: where the page starts; ``None`` for the first
    :return: the page; its rows are items
    """
    column = BulkItem.outcome if isinstance(outcome, BulkOutcome) else BulkItem.undo_outcome
    query = select(BulkItem).where(BulkItem.bulk_edit_id == edit.id, column == outcome)
    record_id = BulkItem.record_id.expression
    return load_page(query, Sort(record_id, record_id, descending=False), cursor=cursor)


def map_names(edit: BulkEdit, ids: Sequence[int]) -> dict[int, str]:
    """Find what records are called today.

    :param edit: the edit that they belong to
    :return: names by id; those that were deleted for good are missing
    """
    model = MODELS[edit.entity]
    return {row.id: row.name for row in db.session.execute(select(model.id, model.name).where(model.id.in_(ids)))}


def load_context(edit: BulkEdit, by: Employee, *, leave_likely: bool) -> EditContext:
    """Load what an edit has to know beside its records.

    :param leave_likely: whether leads stay as they are whose customer a person has to choose
    """
    return EditContext(by, map_employee_names(), map_likely(edit.id) if leave_likely and is_win(edit) else {})


def preview_edit(edit: BulkEdit, *, by: Employee) -> Preview:
    """Preview what an edit would do now.

    :param edit: an edit that is not applied yet
    :return: counts, reasons and a sample of names
    """
    context, preview = load_context(edit, by, leave_likely=True), Preview()
    for item, record in _stream_rows(edit):
        preview.count(record, check_eligible(edit, item, record, context))
    preview.likely = sum(count for skip_reason, count in preview.others.items() if skip_reason.group == LIKELY)
    return preview


def _stream_rows(edit: BulkEdit) -> Iterator[tuple[Any, Any]]:
    """Only the columns that are judged: ten thousand records in a moment."""
    model = MODELS[edit.entity]
    judged = [model.id, model.name, model.owner_id, model.deleted_at, model.version, model.status]
    judged += [Lead.source, Lead.customer_id] if model is Lead else []
    query = select(BulkItem.record_id, BulkItem.version_seen, BulkItem.before, *judged)
    query = query.outerjoin(model, model.id == BulkItem.record_id).where(BulkItem.bulk_edit_id == edit.id)
    for row in db.session.execute(query.order_by(BulkItem.record_id)):
        yield row, row if row.id is not None else None


def list_chunks(edit: BulkEdit, outcome: BulkOutcome) -> Iterator[list[tuple[BulkItem, Any]]]:
    """Run through the records of an edit in the order of their ids, some at a time; each is read afresh.

    :param outcome: only items of this outcome
    :return: an iterator over lists of pairs: the item, and its record or ``None``
    """
    model, last = MODELS[edit.entity], 0
    query = select(BulkItem, model).outerjoin(model, model.id == BulkItem.record_id)
    query = query.where(BulkItem.bulk_edit_id == edit.id, BulkItem.outcome == outcome)
    query = query.order_by(BulkItem.record_id).limit(CHUNK).execution_options(populate_existing=True)
    while rows := db.session.execute(query.where(BulkItem.record_id > last)).all():
        last = rows[-1][0].record_id
        yield [(item, record) for item, record in rows]


def list_conversions(edit: BulkEdit) -> set[int]:
    """List the leads whose customer an edit made or linked. Others that it won had been won before, and left Won since.

    :param edit: the edit, applied
    :return: their ids; their conversions carry the moment of the edit's one transaction
    """
    query = select(Conversion.lead_id).join(BulkItem, BulkItem.record_id == Conversion.lead_id)
    query = query.where(BulkItem.bulk_edit_id == edit.id, Conversion.undone_at.is_(None))
    return set(db.session.scalars(query.where(Conversion.converted_at == edit.applied_at)))
