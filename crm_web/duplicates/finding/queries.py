"""What the search for duplicates reads: what changed, the records, and which share a key."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)

from crm_web.core.extensions import db
from crm_web.duplicates.comparison.profiles import Profile, build_profile
from crm_web.models import (
    Change,
    ChangeAction,
    Contact,
    Customer,
    DuplicateKey,
    DuplicatePair,
    DuplicateScan,
    Lead,
    RecordKind,
)

Ref = tuple[RecordKind, int]
"""A record: its kind and id."""

MODELS: dict[RecordKind, Any] = {RecordKind.LEAD: Lead, RecordKind.CUSTOMER: Customer, RecordKind.CONTACT: Contact}
_PERSON = ("first_name", "last_name", "email", "phone", "phone_e164", "mobile", "mobile_e164", "customer_id")
_ADDRESS = ("street", "city", "state", "postal_code", "country")
_COLUMNS: dict[RecordKind, tuple[str, ...]] = {
    RecordKind.LEAD: (*_PERSON, *_ADDRESS, "company", "website", "closed_at"),
    RecordKind.CUSTOMER: (
        *("name", "kind", "email", "phone", "phone_e164", "website", "vat_number", "registration_number", "parent_id"),
        *(f"billing_{name}" for name in _ADDRESS),
    ),
    RecordKind.CONTACT: _PERSON,
}
_COMPARED = sorted({name for names in _COLUMNS.values() for name in names} | {"deleted_at"})


def list_changed(scan: DuplicateScan, *, limit: int) -> Sequence[Any]:
    """List the next changes of the feed.

    :return: rows of ``xact``, ``id``, ``entity``, ``entity_id``, and whether it ``concerns`` what is compared
    """
    concerns = or_(Change.action != ChangeAction.CHANGED, Change.fields.op("?|")(cast(_COMPARED, ARRAY(Text))))
    query = select(Change.xact, Change.id, Change.entity, Change.entity_id, concerns.label("concerns"))
    query = query.where(Change.xact < func.crm_settled_before(type_=Change.xact.type))
    if scan.xact is not None:
        there = tuple_(literal(scan.xact, Change.xact.type), literal(scan.change_id))
        query = query.where(tuple_(Change.xact, Change.id) > there)
    return db.session.execute(query.order_by(Change.xact, Change.id).limit(limit)).all()


def list_ids_after(entity: RecordKind, record_id: int, *, limit: int) -> Sequence[int]:
    """List the ids of the next records, in the trash or not."""
    model = MODELS[entity]
    return db.session.scalars(select(model.id).where(model.id > record_id).order_by(model.id).limit(limit)).all()


def list_contacts_of(customer_ids: Collection[int]) -> Sequence[int]:
    """List the ids of the contacts of some customers: the customer's name is compared as theirs."""
    return db.session.scalars(select(Contact.id).where(Contact.customer_id.in_(customer_ids))).all()


def load_profiles(refs: Iterable[Ref]) -> dict[Ref, Profile]:
    """Load what is compared of records; those in the trash are left out."""
    ids: dict[RecordKind, list[int]] = defaultdict(list)
    for entity, record_id in refs:
        ids[entity].append(record_id)
    profiles: dict[Ref, Profile] = {}
    for entity, some in ids.items():
        found = db.session.execute(select_compared(entity, cast(some, ARRAY(BigInteger))))
        names = tuple(found.keys())
        for row in found:
            values = dict(zip(names, row, strict=True))
            profiles[entity, values["id"]] = build_profile(entity, values)
    return profiles


def select_compared(entity: RecordKind, ids: ColumnElement[Any]) -> Select[Any]:
    """Select what is compared of records outside the trash.

    :param ids: an array of their ids
    :return: a select with an ``id``, and a column for each value that ``build_profile`` reads
    """
    model = MODELS[entity]
    columns = [model.id, *(getattr(model, name) for name in _COLUMNS[entity])]
    if entity is RecordKind.CONTACT:
        query = select(*columns, Customer.name.label("company")).join(Contact.customer)
        query = query.where(Customer.deleted_at.is_(None))
    elif entity is RecordKind.CUSTOMER:
        query = select(*columns, Customer.id.label("customer_id"))
    else:
        query = select(*columns)
    return query.where(model.id == func.any(ids), model.deleted_at.is_(None))


def list_sharing(keys: Mapping[int, int]) -> list[list[Ref]]:
    """List the records that share a key, for each key that some share, but not too many.

    :param keys: keys as ``list_keys`` gives them
    """
    ordered = sorted(keys)
    sharing = select_sharing(
        cast(ordered, ARRAY(BigInteger)), cast([keys[key] for key in ordered], ARRAY(Integer))
    ).subquery("sharing")
    how_many = func.sum(func.count()).over(partition_by=sharing.c.key).label("how_many")
    ids = func.array_agg(sharing.c.record_id).label("ids")
    by_kind = select(sharing.c.key, sharing.c.most, sharing.c.entity, ids, how_many)
    counted = by_kind.group_by(sharing.c.key, sharing.c.most, sharing.c.entity).subquery("counted")
    few = select(counted.c.key, counted.c.entity, counted.c.ids).where(counted.c.how_many.between(2, counted.c.most))
    found: dict[int, list[Ref]] = defaultdict(list)
    for key, entity, ids in db.session.execute(few):
        found[key] += [(entity, record_id) for record_id in ids]
    return list(found.values())


def select_sharing(keys: ColumnElement[Any], most: ColumnElement[Any]) -> Select[Any]:
    """Select ``key``, ``most``, ``entity`` and ``record_id`` of the records that have a key.

    :param keys: an array of keys
    :param most: an array of how many records may share each; of more, one more than so many are selected
    """
    wanted = func.unnest(keys, most).table_valued(column("key", BigInteger), column("most", Integer)).render_derived()
    sharing = (
        select(DuplicateKey.entity, DuplicateKey.record_id)
        .where(DuplicateKey.key == wanted.c.key)
        .limit(wanted.c.most + 1)
        .lateral("sharing")
    )
    return select(wanted.c.key, wanted.c.most, sharing.c.entity, sharing.c.record_id).join(sharing, true())


def list_pairs_of(refs: Collection[Ref]) -> Sequence[DuplicatePair]:
    """List the pairs of some records, dismissed ones included."""
    return db.session.scalars(select(DuplicatePair).where(is_of(refs))).all()


def list_grouped(group_ids: Collection[int], pair_ids: Collection[int]) -> Sequence[Any]:
    """List the pairs of groups, and some more, without dismissed ones; strongest first.

    :return: rows of the columns that say what hangs together
    """
    pair = DuplicatePair
    records = (pair.entity, pair.record_id, pair.other_entity, pair.other_id)
    query = select(pair.id, *records, pair.strength, pair.group_id).where(pair.dismissed_at.is_(None))
    query = query.where(or_(DuplicatePair.group_id.in_(group_ids), DuplicatePair.id.in_(pair_ids)))
    return db.session.execute(query.order_by(pair.points.desc(), pair.id)).all()


def list_groups_of(refs: Collection[Ref]) -> Sequence[int]:
    """List the groups in which some records are."""
    query = select(DuplicatePair.group_id).where(is_of(refs), DuplicatePair.group_id.is_not(None)).distinct()
    return [group_id for group_id in db.session.scalars(query) if group_id is not None]


def is_of(refs: Collection[Ref]) -> ColumnElement[bool]:
    """Build the condition that a pair has one of these records; each side has an index."""
    ids: dict[RecordKind, list[int]] = defaultdict(list)
    for entity, record_id in refs:
        ids[entity].append(record_id)
    sides = (
        (DuplicatePair.entity, DuplicatePair.record_id),
        (DuplicatePair.other_entity, DuplicatePair.other_id),
    )
    parts = [
        (column == entity) & (id_column == func.any(cast(some, ARRAY(BigInteger))))
        for column, id_column in sides
        for entity, some in ids.items()
    ]
    return or_(False, *parts)
