"""Records as they were at some time, rebuilt from history together with their related records."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, and_, false, literal, or_, select, union, union_all
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from crm_web.core.extensions import db
from crm_web.history.formatting import RecordRef, name_of
from crm_web.models import Activity, Change, ChangeAction, Contact, Conversion, Customer, Employee, Lead
from crm_web.records.folding import fold
from crm_web.records.serialization import from_history

RELATED_LIMIT = 200
"""How many contacts, leads and activities are looked at, the latest ones."""
ACTIVITIES_SHOWN = 50

_MODELS: dict[str, Any] = {"lead": Lead, "customer": Customer, "contact": Contact, "activity": Activity}
_LEADS_TO: dict[str, Any] = {
    "owner": Employee,
    "assignee": Employee,
    "customer": Customer,
    "parent": Customer,
    "created_from_lead": Lead,
    "lead": Lead,
}


@dataclass(frozen=True)
class PastRecord:
    """A record as it was, with its related records. The objects look like models but belong to no session.

    :param record: the lead or customer; ``None`` if it did not exist, or history is incomplete
    :param begins_at: when the record's history begins; ``None`` if it has none
    """

    moment: datetime
    record: Any
    begins_at: datetime | None
    ended: Change | None = None
    contacts: list[Any] = field(default_factory=list)
    leads: list[Any] = field(default_factory=list)
    activities: list[Any] = field(default_factory=list)


def get_past_record(kind: str, record_id: int, moment: datetime, *, today: Lead | Customer | None) -> PastRecord | None:
    """Rebuild a record from history, even one that was deleted permanently.

    :param kind: ``lead`` or ``customer``
    :param moment: a time with a zone; changes at exactly that time are included
    :param today: the present record; ``None`` if it is gone
    :return: ``None`` if there never was such a record
    """
    lines = _list_lines([RecordRef(kind, record_id)])[RecordRef(kind, record_id)]
    if not lines and today is None:
        return None
    ended = lines[-1] if lines and lines[-1].action is ChangeAction.DELETED else None
    begins_at = lines[0].at if lines else None
    record = _replay(lines, moment)
    if record is None:
        return PastRecord(moment, None, begins_at, ended)
    if today is not None:
        # An import may set an earlier creation time than history has.
        for name in ("created_at", "created_by"):
            set_committed_value(record, name, getattr(today, name))
    related = _list_related(record, moment, ended)
    _load_references([record, *related])
    return PastRecord(moment, record, begins_at, ended, *_sort(record, related))


def _list_lines(records: Iterable[RecordRef]) -> dict[RecordRef, list[Change]]:
    ids: dict[str, list[int]] = defaultdict(list)
    for entity, record_id in records:
        ids[entity].append(record_id)
    of_them = [and_(Change.entity == entity, Change.entity_id.in_(found)) for entity, found in ids.items()]
    query = select(Change).where(or_(false(), *of_them)).options(joinedload(Change.actor)).order_by(Change.id)
    lines: dict[RecordRef, list[Change]] = defaultdict(list)
    for change in db.session.scalars(query) if of_them else ():
        lines[RecordRef(change.entity, change.entity_id)].append(change)
    return lines


def _replay(lines: Sequence[Change], moment: datetime) -> Any:
    """Apply the changes; ``None`` if the first of them is missing, or the record did not exist."""
    past = [line for line in lines if line.at <= moment]
    if not past or past[0].action is not ChangeAction.CREATED or past[-1].action is ChangeAction.DELETED:
        return None
    model, first, last = _MODELS[past[0].entity], past[0], past[-1]
    values: dict[str, Any] = {column.key: None for column in model.__mapper__.column_attrs if not column.deferred}
    for line in past:
        values |= {column: _read(model, column, new) for column, (_old, new) in line.fields.items()}
    values |= {"id": first.entity_id, "created_at": first.at, "created_by": first.actor}
    values |= {"updated_at": last.at, "updated_by": last.actor}
    if model is Customer:
        values["number"] = f"C-{10_000 + first.entity_id}"
    else:
        values["name"] = name_of(values)
    record = model()
    for name in values.keys() & set(model.__mapper__.attrs.keys()):
        set_committed_value(record, name, values[name])
    return record


def _read(model: Any, column: str, value: Any) -> Any:
    try:
        return from_history(model, column, value)
    except ValueError:
        # The column or value no longer exists, so no page can show it.
        return None


def _list_related(record: Lead | Customer, moment: datetime, ended: Change | None) -> list[Any]:
    """List the contacts, leads and activities that belonged to the record then, unordered."""
    if isinstance(record, Lead):
        queries = _related_to_lead(record.id, moment)
    else:
        queries = _related_to_customer(record.id, moment, ended)
    found = {RecordRef(entity, record_id) for entity, record_id in db.session.execute(union_all(*queries))}
    related = [_replay(lines, moment) for lines in _list_lines(found).values()]
    return [it for it in related if it is not None and not getattr(it, "is_in_trash", False)]


def _related_to_lead(lead_id: int, moment: datetime) -> list[Select[Any]]:
    return [
        _latest("activity", select(Activity.id).where(Activity.lead_id == lead_id)),
        _gone_since(moment).where(Change.entity == "activity", _was("lead_id") == lead_id),
    ]


def _related_to_customer(customer_id: int, moment: datetime, ended: Change | None) -> list[Select[Any]]:
    """Leads that were taken away since are found by their conversions, or by history if the customer is gone."""
    queries = [
        select(Lead.id).where(Lead.customer_id == customer_id),
        select(Conversion.lead_id).where(Conversion.customer_id == customer_id),
    ]
    if ended is not None:
        set_free = (Change.entity == "lead", Change.at == ended.at, _was("customer_id") == customer_id)
        queries.append(select(Change.entity_id).where(*set_free))
    leads = union(*queries).subquery()
    of_its_leads = select(leads.c[0])
    on_leads = select(Activity.id).join(leads, leads.c[0] == Activity.lead_id)
    gone_with_lead = and_(Change.entity == "activity", _was("lead_id").in_(of_its_leads))
    return [
        _latest("contact", select(Contact.id).where(Contact.customer_id == customer_id)),
        _latest("lead", select(Lead.id).where(Lead.id.in_(of_its_leads))),
        # Two queries, so that each uses an index of its own.
        _latest("activity", select(Activity.id).where(Activity.customer_id == customer_id)),
        _latest("activity", on_leads),
        _gone_since(moment).where(or_(_was("customer_id") == customer_id, gone_with_lead)),
    ]


def _latest(entity: str, query: Select[Any]) -> Select[Any]:
    column = query.selected_columns[0]
    # Not by the bare id: the planner might scan the primary key until it has found enough.
    latest = query.order_by((column + 0).desc()).limit(RELATED_LIMIT).subquery()
    return select(literal(entity).label("entity"), latest.c[0].label("id"))


def _gone_since(moment: datetime) -> Any:
    gone = select(Change.entity.label("entity"), Change.entity_id.label("id"))
    return gone.where(Change.action == ChangeAction.DELETED, Change.at > moment)


def _was(column: str) -> Any:
    return Change.fields[column][0].astext.cast(BigInteger)


def _load_references(records: Sequence[Any]) -> None:
    """Load the records that the ids refer to under their present names, with one query per kind."""
    wanted: dict[Any, set[int]] = defaultdict(set)
    places = [(it, name, f"{name}_id") for it in records for name in _LEADS_TO if hasattr(it, f"{name}_id")]
    for it, name, column in places:
        if getattr(it, column) is not None:
            wanted[_LEADS_TO[name]].add(getattr(it, column))
    known: dict[Any, Any] = {}
    for model, ids in wanted.items():
        known |= {(model, row.id): row for row in db.session.scalars(select(model).where(model.id.in_(ids)))}
    for it, name, column in places:
        set_committed_value(it, name, known.get((_LEADS_TO[name], getattr(it, column))))


def _sort(record: Lead | Customer, related: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    contacts = [it for it in related if isinstance(it, Contact)]
    leads = [it for it in related if isinstance(it, Lead) and it.customer_id == record.id]
    on_customers = {record.id} if isinstance(record, Customer) else set()
    on_leads = {record.id} if isinstance(record, Lead) else {lead.id for lead in leads}
    activities = [
        it for it in related if isinstance(it, Activity) and (it.lead_id in on_leads or it.customer_id in on_customers)
    ]
    contacts.sort(key=lambda contact: (not contact.is_primary, fold(contact.name), contact.id))
    leads.sort(key=lambda lead: (lead.closed_at or lead.created_at, lead.id), reverse=True)
    activities.sort(key=lambda activity: (activity.happened_at, activity.id), reverse=True)
    return contacts, leads, activities[:ACTIVITIES_SHOWN]
