"""Merging records, and taking a merge back."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update

from crm_web.core.clock import now
from crm_web.core.errors import Conflict
from crm_web.core.extensions import db
from crm_web.merging.fields import collect_values
from crm_web.merging.queries import MODELS, list_obstacles
from crm_web.models import (
    Activity,
    Change,
    Contact,
    Conversion,
    Customer,
    Employee,
    ExternalId,
    File,
    Lead,
    RecordKind,
    RecordMerge,
    set_audit_actor,
)
from crm_web.records.labels import label_of
from crm_web.records.operations import lock
from crm_web.records.phones import PHONES, PhoneRefused, set_values
from crm_web.records.serialization import from_history

REFERRING: dict[RecordKind, Sequence[tuple[Any, str]]] = {
    RecordKind.LEAD: ((Activity, "lead_id"), (File, "lead_id")),
    RecordKind.CUSTOMER: (
        *((Activity, "customer_id"), (Contact, "customer_id"), (File, "customer_id"), (Lead, "customer_id")),
        *((Conversion, "customer_id"), (Customer, "parent_id"), (ExternalId, "customer_id")),
    ),
    RecordKind.CONTACT: ((ExternalId, "contact_id"),),
}
"""What refers to a record and moves along."""


class NotMergeable(Conflict):
    """A rule stands in the way of this merge."""


class ChangedBeforeMerge(Conflict):
    """A record changed, or was merged or trashed, after the page was opened."""


class MergeStands(Conflict):
    """A merge can't be taken back any more."""


def merge_records(
    kind: RecordKind,
    ids: Sequence[int],
    *,
    keep: int,
    choices: Mapping[str, int] | None = None,
    versions: Mapping[int, int] | None = None,
    by: Employee,
) -> RecordMerge:
    """Merge records into one: it gets the chosen values and everything that belongs to the others.

    :param ids: all records, the one that stays among them
    :param keep: the one that stays
    :param choices: keys of ``FIELDS`` to the record whose value is taken; the rest as proposed
    :param versions: the versions that the person has seen; ``None`` merges them as they are
    :raise ChangedBeforeMerge: if one is gone, in the trash, or not in the version that was seen
    :raise NotMergeable: if a rule stands in the way
    """
    set_audit_actor(by)
    records = _lock_all(kind, ids)
    _check_unchanged(records, ids, versions)
    kept = next((record for record in records if record.id == keep), None)
    if kept is None:
        raise NotMergeable("Choose which record to keep.")
    if obstacles := list_obstacles(kind, records, kept):
        raise NotMergeable(" ".join(obstacles))
    others = [record for record in records if record is not kept]
    details: dict[str, Any] = {"kept_versions": [kept.version]}
    details["demoted"] = _demote_contacts(kept, others)
    _take_values(kind, records, kept, choices or {})
    details["kept_versions"].append(kept.version)
    details["moved"] = _move_all(kind, kept, others)
    details["merged"] = _set_aside(_reload(kind, others), kept, by)
    merge = RecordMerge(entity=kind, kept_id=kept.id, details=details)
    db.session.add(merge)
    db.session.flush()
    return merge


def _reload(kind: RecordKind, others: Sequence[Any]) -> list[Any]:
    """One that belonged to another of them was moved as well."""
    return _lock(MODELS[kind], MODELS[kind].id.in_([record.id for record in others]))


def _set_aside(others: Sequence[Any], kept: Any, by: Employee) -> dict[str, int]:
    """Move what was merged to the trash; returns the versions that this made, by id."""
    for record in others:
        record.deleted_at, record.deleted_by_id, record.merged_into_id = now(), by.id, kept.id
    db.session.flush()
    return {str(record.id): record.version for record in others}


def _lock_all(kind: RecordKind, ids: Sequence[int]) -> list[Any]:
    """Lock records in the order of their ids; leads before customers, as when winning.

    Whoever writes rows that refer to them, as imports do, is waited for: those rows have to move as well.
    """
    if kind is RecordKind.CUSTOMER:
        _lock(Lead, Lead.customer_id.in_(ids))
    records = _lock(MODELS[kind], MODELS[kind].id.in_(ids), deleting=True)
    if kind is RecordKind.CUSTOMER:
        _lock(Contact, Contact.customer_id.in_(ids))
    return records


def _lock(model: Any, condition: Any, *, deleting: bool = False) -> list[Any]:
    query = select(model).where(condition).order_by(model.id).with_for_update(key_share=not deleting, of=model)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def _check_unchanged(records: Sequence[Any], ids: Sequence[int], versions: Mapping[int, int] | None) -> None:
    for record in records:
        if record.is_in_trash:
            what = "was merged into another record" if record.merged_into_id else "is in the trash"
            raise ChangedBeforeMerge(f"{record.name} {what}. Go back and select the records again.")
        if versions is not None and versions.get(record.id) != record.version:
            raise ChangedBeforeMerge(f"{record.name} changed after you opened this page. Check it, then merge again.")
    if len(records) != len(set(ids)):
        raise ChangedBeforeMerge("One of these records was deleted. Go back and select the records again.")


def _demote_contacts(kept: Any, others: Sequence[Any]) -> list[int]:
    """A customer has one primary contact: that of the one that stays comes first."""
    if isinstance(kept, Lead):
        return []
    if isinstance(kept, Contact):
        demoted = [contact for contact in others if contact.is_primary]
    else:
        ids = [kept.id, *(customer.id for customer in others)]
        primary = _lock(Contact, Contact.customer_id.in_(ids) & Contact.is_primary & Contact.deleted_at.is_(None))
        demoted = sorted(primary, key=lambda contact: (contact.customer_id != kept.id, contact.id))[1:]
    for contact in demoted:
        contact.is_primary = False
    db.session.flush()
    if isinstance(kept, Contact):
        kept.is_primary = kept.is_primary or any(contact.customer_id == kept.customer_id for contact in demoted)
    return [contact.id for contact in demoted]


def _move_all(kind: RecordKind, kept: Any, others: Sequence[Any]) -> list[list[Any]]:
    """Move what refers to the others; returns table, column, from where, and the ids of what was moved."""
    moved = []
    with _moving():
        for record in others:
            for model, column in REFERRING[kind]:
                if ids := _move(model, column, record.id, kept.id):
                    moved.append([model.__tablename__, column, record.id, ids])
    return moved


@contextmanager
def _moving() -> Iterator[None]:
    """Let the database move conversions to another customer, which it refuses outside a merge."""
    db.session.execute(select(func.set_config("crm.is_merging", "yes", True)))
    yield
    db.session.execute(select(func.set_config("crm.is_merging", "", True)))


def _move(model: Any, column: str, old: int, new: int, ids: Sequence[int] | None = None) -> list[int]:
    """Move rows to another record; returns the ids of those that moved."""
    condition = getattr(model, column) == old
    if ids is not None:
        condition &= model.id.in_(ids)
    if model is Conversion:
        condition &= Conversion.undone_at.is_(None)
    statement = update(model).where(condition).values({column: new}).returning(model.id)
    return sorted(db.session.scalars(statement.execution_options(synchronize_session=False)))


def _take_values(kind: RecordKind, records: Sequence[Any], kept: Any, choices: Mapping[str, int]) -> None:
    """Set the values of the record that is kept, and what it belongs to."""
    for column, value in collect_values(kind, records, kept, choices).items():
        if getattr(kept, column) != value:
            setattr(kept, column, value)
    others = [record for record in records if record is not kept]
    if isinstance(kept, Lead) and kept.customer_id is None:
        kept.customer_id = next((lead.customer_id for lead in others if lead.customer_id is not None), None)
    if isinstance(kept, Customer) and kept.parent_id in {None, *(customer.id for customer in others)}:
        merged = {customer.id for customer in records}
        kept.parent_id = next((it.parent_id for it in others if it.parent_id not in (None, *merged)), None)
    db.session.flush()


@dataclass
class Unmerge:
    """What came of taking a merge back.

    :param left: what stays as it is because it changed since, each as a sentence
    """

    left: list[str] = field(default_factory=list)


def undo_merge(merge: RecordMerge, *, by: Employee) -> Unmerge:
    """Undo a merge. What has changed since stays as it is, and is listed.

    :raise MergeStands: if it is undone already, or the record that stayed is in the trash or gone
    """
    set_audit_actor(by)
    lock(merge)
    if merge.undone_at is not None:
        raise MergeStands("This merge is already undone.")
    records = {record.id: record for record in _lock_all(merge.entity, [merge.kept_id, *merge.merged_ids])}
    kept = records.get(merge.kept_id)
    if kept is not None and kept.merged_into_id is not None:
        raise MergeStands(f"{kept.name} was merged into another record later. Undo that merge first.")
    if kept is None or kept.is_in_trash:
        raise MergeStands("The merged record is in the trash. Restore it first, then undo the merge.")
    result = Unmerge()
    _give_back_values(merge, kept, result, by)
    for record_id in merge.merged_ids:
        _take_out(records.get(record_id), kept, result)
    _move_back(merge, records, result)
    _promote_again(merge, result)
    merge.undone_at, merge.undone_by_id = now(), by.id
    db.session.flush()
    return result


def _give_back_values(merge: RecordMerge, kept: Any, result: Unmerge, by: Employee) -> None:
    first, last = merge.details["kept_versions"]
    changes = select(Change).where(Change.entity == merge.entity.value, Change.entity_id == kept.id)
    fields: dict[str, list[Any]] = {}
    for change in db.session.scalars(changes.where(Change.version > first, Change.version <= last).order_by(Change.id)):
        for column, (old, new) in change.fields.items():
            fields.setdefault(column, [old, new])[1] = new
    # Numbers come last: which country they belong to is one of the fields.
    for column, (old, new) in sorted(fields.items(), key=lambda field: field[0] in PHONES):
        if getattr(kept, column) != from_history(type(kept), column, new):
            result.left.append(f"{label_of(column)} of {kept.name} changed since, so it stays.")
        elif not _give_back(kept, column, from_history(type(kept), column, old), by):
            result.left.append(f"{label_of(column)} of {kept.name} is no possible number there, so it stays.")
    db.session.flush()


def _give_back(record: Any, column: str, value: Any, by: Employee) -> bool:
    """Set a field, and the number to dial that follows from it; returns false if there is no such number."""
    try:
        set_values(record, {column: value}, country=record.phone_country, by=by)
    except PhoneRefused:
        return False
    return True


def _take_out(record: Any, kept: Any, result: Unmerge) -> None:
    if record is None:
        result.left.append("A merged record was deleted permanently.")
        return
    if record.merged_into_id == kept.id:
        record.deleted_at = record.deleted_by_id = record.merged_into_id = None
        db.session.flush()


def _move_back(merge: RecordMerge, records: Mapping[int, Any], result: Unmerge) -> None:
    models = {model.__tablename__: model for pairs in REFERRING.values() for model, _ in pairs}
    with _moving():
        for table, column, old, ids in merge.details["moved"]:
            if old not in records:
                continue
            moved = _move(models[table], column, merge.kept_id, old, ids)
            if left := len(ids) - len(moved):
                what = "external ID" if models[table] is ExternalId else models[table].__name__.lower()
                result.left.append(f"{left} {what}{'' if left == 1 else 's'} moved or deleted since.")
    db.session.expire_all()


def _promote_again(merge: RecordMerge, result: Unmerge) -> None:
    for contact in _lock(Contact, Contact.id.in_(merge.details["demoted"])):
        other = select(Contact.id).where(
            Contact.customer_id == contact.customer_id, Contact.is_primary, Contact.deleted_at.is_(None)
        )
        if contact.is_primary or contact.is_in_trash:
            continue
        if db.session.scalar(other.limit(1)) is None:
            contact.is_primary = True
            db.session.flush()
        else:
            result.left.append(f"{contact.name} is no longer the primary contact.")
