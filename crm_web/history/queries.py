"""Queries for the history pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    cast,
    false,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.history.formatting import (
    ENTITIES,
    ReadableChange,
    RecordName,
    RecordRef,
    Value,
    format_change,
    format_value,
    list_references,
    name_at_the_time,
    resolve_reference,
)
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import Page, load_page
from crm_web.lists.plain_rows import PlainRecords
from crm_web.models import (
    IS_RECEIVED_EMAIL,
    Activity,
    Change,
    ChangeAction,
    ChangeSource,
    Contact,
    Customer,
    Employee,
    ExchangeRate,
    File,
    Lead,
)
from crm_web.records.people import map_employee_names, name_people_of_rows

NEWEST_FIRST = Sort(Change.at.expression, Change.id.expression, descending=True)

_NOWHERE = cast(null(), BigInteger)
_TRASHED_CUSTOMER = Customer.deleted_at.is_not(None)
_IN_TRASH = or_(Contact.deleted_at.is_not(None), _TRASHED_CUSTOMER)
# For each kind: name, the lead or customer on whose page it is shown, owner, and whether it is in the trash.
_NAMES: dict[str, tuple[Any, ...]] = {
    "lead": (Lead.id, Lead.name, Lead.id, _NOWHERE, Lead.owner_id, Lead.deleted_at.is_not(None)),
    "customer": (Customer.id, Customer.name, _NOWHERE, Customer.id, Customer.owner_id, _TRASHED_CUSTOMER),
    "contact": (Contact.id, Contact.name, _NOWHERE, Contact.customer_id, Customer.owner_id, _IN_TRASH),
    "file": (File.id, File.name, File.lead_id, File.customer_id, _NOWHERE, File.deleted_at.is_not(None)),
    "exchange_rate": (ExchangeRate.id, ExchangeRate.currency, _NOWHERE, _NOWHERE, _NOWHERE, false()),
    "activity": (Activity.id, Activity.subject, Activity.lead_id, Activity.customer_id, _NOWHERE, false()),
}

RECORDS: dict[str, Any] = {"lead": Lead, "customer": Customer, "contact": Contact, "employee": Employee}
"""The kinds of record whose fields can be put back."""


@dataclass(frozen=True)
class ChangeFilter:
    """The filters of the history page.

    :param actor_id: made by this employee; 0 for the system
    :param entity: of this kind of record, such as ``lead``
    """

    record: RecordRef | None = None
    actor_id: int | None = None
    entity: str | None = None
    action: ChangeAction | None = None
    source: ChangeSource | None = None
    day: date | None = None
    zone: tzinfo = UTC


def list_changes_of(entity: str, entity_id: int, *, limit: int = 20) -> Sequence[ReadableChange]:
    """List the latest changes of one record, newest first, formatted; all names come from one query.

    :param entity: such as ``lead``
    """
    changes = _select_changes_of(limit).all(entity=entity, entity_id=entity_id)
    name_people_of_rows(changes, "actor")
    return format_changes(changes, with_records=False)


@cache
def _select_changes_of(limit: int) -> PlainRecords:
    """Built once, since every record's page runs it."""
    query = select(Change).where(Change.entity == bindparam("entity"), Change.entity_id == bindparam("entity_id"))
    return PlainRecords(query.order_by(Change.id.desc()).limit(limit), Change)


def find_end(record: RecordRef) -> ReadableChange | None:
    """Find the change that deleted a record permanently, with all that the record held."""
    ended = (Change.entity == record.entity, Change.entity_id == record.id, Change.action == ChangeAction.DELETED)
    changes = db.session.scalars(select(Change).where(*ended).options(joinedload(Change.actor)).limit(1))
    return next(iter(format_changes(changes, with_records=True)), None)


def get_change(change_id: int) -> tuple[Change, Any] | None:
    """Find a change and its record; ``None`` if either is gone."""
    change = db.session.get(Change, change_id)
    model = RECORDS.get(change.entity) if change else None
    record = db.session.get(model, change.entity_id) if change and model else None
    return None if change is None or record is None else (change, record)


def list_changes(filters: ChangeFilter, *, cursor: str | None) -> Page:
    """Load a page of ``ReadableChange``, newest first."""
    query = select_changes(filters).options(joinedload(Change.actor))
    page = load_page(query, NEWEST_FIRST, cursor=cursor)
    return Page(format_changes(page.rows, with_records=True), page.next, page.previous, page.count)


def select_changes(filters: ChangeFilter) -> Select[Any]:
    """Build the query for the history page: a select of ``Change``, without order."""
    return select(Change).where(*_conditions(filters))


def _conditions(filters: ChangeFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.record:
        conditions += [Change.entity == filters.record.entity, Change.entity_id == filters.record.id]
    if filters.actor_id is not None:
        conditions.append(Change.actor_id == filters.actor_id if filters.actor_id else Change.actor_id.is_(None))
    if filters.entity:
        conditions.append(Change.entity == filters.entity)
    if filters.action:
        conditions.append(Change.action == filters.action)
    if filters.source:
        conditions.append(_is_from(filters.source))
    if filters.day:
        start, end = _span_of(filters.day, filters.zone)
        conditions += [Change.at >= start, Change.at < end]
    return conditions


def _is_from(source: ChangeSource) -> ColumnElement[bool]:
    if source is ChangeSource.EMAIL:
        return IS_RECEIVED_EMAIL
    is_stored = Change.stored_source == source
    return is_stored & IS_RECEIVED_EMAIL.is_not(true()) if source is ChangeSource.COMMAND else is_stored


def _span_of(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def format_values(entity: str, values: Sequence[tuple[str, Any]]) -> list[Value]:
    """Format single values as history does; all names come from one query.

    :param entity: such as ``lead``
    :param values: pairs of column and JSON value
    """
    names = find_names({record for column, value in values for record in resolve_reference(column, value)})
    return [format_value(entity, column, value, names) for column, value in values]


def format_changes(changes: Iterable[Change], *, with_records: bool) -> list[ReadableChange]:
    """Format changes; all names come from one query.

    :param with_records: whether to name the records that changed as well
    """
    changes = list(changes)
    named = {record for change in changes for record in list_references(change)}
    if with_records:
        named |= {RecordRef(change.entity, change.entity_id) for change in changes}
    names = find_names(named)
    return [format_change(change, names) for change in changes]


def find_names(records: set[RecordRef]) -> dict[RecordRef, RecordName]:
    """Find the names of records of every kind in one query, and those of deleted ones in another.

    Those of employees are known without any.
    """
    names = _find_todays_names(records) | _name_employees(records)
    gone = [and_(Change.entity == record.entity, Change.entity_id == record.id) for record in records - names.keys()]
    if gone:
        ended = select(Change).where(Change.action == ChangeAction.DELETED, or_(*gone))
        for change in db.session.scalars(ended):
            name = RecordName(name_at_the_time(change), None, None, None, is_in_trash=False, is_gone=True)
            names[RecordRef(change.entity, change.entity_id)] = name
    return names


def name_record(record: RecordRef) -> str:
    """Return the kind and name of a record, such as ``Lead Okoro``; its number if the name is unknown."""
    named = find_names({record}).get(record)
    return f"{ENTITIES[record.entity]} {named.name if named else record.id}"


def _name_employees(records: set[RecordRef]) -> dict[RecordRef, RecordName]:
    ids = {record.id for record in records if record.entity == "employee"}
    found = map_employee_names(ids) if ids else {}
    return {
        RecordRef("employee", key): RecordName(name, None, None, None, is_in_trash=False) for key, name in found.items()
    }


def _find_todays_names(records: set[RecordRef]) -> dict[RecordRef, RecordName]:
    queries = []
    for entity, (record_id, name, *places) in _NAMES.items():
        ids = sorted(record.id for record in records if record.entity == entity)
        if ids:
            query = select(literal(entity).label("entity"), record_id.label("id"), name.label("name"), *places)
            query = query.join(Contact.customer) if entity == "contact" else query
            queries.append(query.where(record_id.in_(ids)))
    if not queries:
        return {}
    rows = db.session.execute(union_all(*queries))
    return {RecordRef(entity, record_id): RecordName(*name) for entity, record_id, *name in rows}
