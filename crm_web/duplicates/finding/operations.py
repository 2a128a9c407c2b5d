"""The search for duplicates: the worker runs it in portions, and nobody waits for it.

It first goes through the records that were there before it, then follows the change feed. The row of the scan is locked
meanwhile, so that one worker does it at a time.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import BigInteger, Text, cast, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from crm_web.core.extensions import db
from crm_web.duplicates.comparison.keys import list_keys
from crm_web.duplicates.comparison.scoring import Comparison, are_related, compare
from crm_web.duplicates.finding.groups import find_groups
from crm_web.duplicates.finding.queries import (
    Ref,
    list_changed,
    list_contacts_of,
    list_grouped,
    list_groups_of,
    list_ids_after,
    list_pairs_of,
    list_sharing,
    load_profiles,
)
from crm_web.models import DuplicateKey, DuplicatePair, DuplicateScan, RecordKind, Strength

PORTION = 500
_ORDER = {kind: place for place, kind in enumerate(RecordKind)}
Pair = tuple[Ref, Ref]


def keep_duplicates_current() -> bool:
    """Compare the next records; does nothing while another worker does.

    :return: whether there is more to do
    """
    locked = select(DuplicateScan).with_for_update(key_share=True, skip_locked=True)
    scan = db.session.scalar(locked.execution_options(populate_existing=True))
    if scan is None:
        return False
    return _follow_changes(scan) if scan.entity is None else _go_through(scan, scan.entity)


def _go_through(scan: DuplicateScan, entity: RecordKind) -> bool:
    ids = list_ids_after(entity, scan.record_id, limit=PORTION)
    if ids:
        compare_records([(entity, record_id) for record_id in ids])
        scan.record_id = ids[-1]
    else:
        kinds = list(RecordKind)
        scan.entity = next(iter(kinds[kinds.index(entity) + 1 :]), None)
        scan.record_id = 0
    db.session.flush()
    return True


def _follow_changes(scan: DuplicateScan) -> bool:
    changes = list_changed(scan, limit=PORTION)
    if not changes:
        return False
    kinds = set(RecordKind)
    refs = {(RecordKind(row.entity), row.entity_id) for row in changes if row.concerns and row.entity in kinds}
    customers = [record_id for entity, record_id in refs if entity is RecordKind.CUSTOMER]
    if customers:
        refs |= {(RecordKind.CONTACT, record_id) for record_id in list_contacts_of(customers)}
    if refs:
        compare_records(refs)
    scan.xact, scan.change_id = changes[-1].xact, changes[-1].id
    db.session.flush()
    return len(changes) == PORTION


def compare_records(refs: Collection[Ref]) -> None:
    """Compare records with all that share a key with them, and keep the pairs that may be duplicates.

    :param refs: records that are new, changed, trashed or deleted
    """
    profiles = load_profiles(refs)
    keys = {ref: list_keys(profile) for ref, profile in profiles.items()}
    _write_keys(refs, keys)
    wanted = set(profiles)
    every_key = {key: most for own in keys.values() for key, most in own.items()}
    pairs = {pair for some in list_sharing(every_key) for pair in _pair(some, wanted)}
    profiles |= load_profiles({ref for pair in pairs for ref in pair} - wanted)
    found: dict[Pair, Comparison] = {}
    for one, other in pairs:
        if one in profiles and other in profiles and not are_related(profiles[one], profiles[other]):
            comparison = compare(profiles[one], profiles[other])
            # A person at a company and the company itself are no duplicates for its name alone.
            is_mixed = profiles[one].is_person != profiles[other].is_person
            if (comparison.strength or 0) > (Strength.POSSIBLE if is_mixed else 0):
                found[one, other] = comparison
    _write_pairs(refs, found)


def _pair(refs: Sequence[Ref], wanted: Collection[Ref]) -> Iterator[Pair]:
    """Pair records of which one at least is wanted, the lower one first."""
    ordered = sorted(refs, key=lambda ref: (_ORDER[ref[0]], ref[1]))
    yield from (pair for pair in combinations(ordered, 2) if pair[0] in wanted or pair[1] in wanted)


def _write_keys(refs: Collection[Ref], keys: Mapping[Ref, Collection[int]]) -> None:
    for entity in RecordKind:
        ids = [record_id for kind, record_id in refs if kind is entity]
        if ids:
            old = delete(DuplicateKey).where(DuplicateKey.entity == entity)
            _run(old.where(DuplicateKey.record_id == func.any(cast(ids, ARRAY(BigInteger)))))
    rows = sorted((key, record_id, entity.value) for (entity, record_id), own in keys.items() for key in own)
    if rows:
        spelled = zip(zip(*rows, strict=True), (BigInteger, BigInteger, Text), strict=True)
        arrays: list[Any] = [cast(list(column), ARRAY(kind)) for column, kind in spelled]
        new = func.unnest(*arrays).table_valued("key", "record_id", "entity").render_derived()
        _run(insert(DuplicateKey).from_select(["key", "record_id", "entity"], select(new)))


def _write_pairs(refs: Collection[Ref], found: Mapping[Pair, Comparison]) -> None:
    known = {_records_of(pair): pair for pair in list_pairs_of(refs)}
    groups = {pair.group_id for pair in known.values() if pair.group_id is not None}
    # Only strong pairs connect groups: who has a common name has many possible ones, and each is a group of its own.
    connected = {ref for key, pair in known.items() if pair.strength > Strength.POSSIBLE for ref in key}
    connected |= {ref for key, it in found.items() if (it.strength or 0) > Strength.POSSIBLE for ref in key}
    groups |= set(list_groups_of(connected)) if connected else set()
    gone = [pair.id for key, pair in known.items() if key not in found and pair.dismissed_at is None]
    if gone:
        _run(delete(DuplicatePair).where(DuplicatePair.id.in_(gone)))
    for key, comparison in found.items():
        if pair := known.get(key):
            _set(pair, comparison)
    new = [_row(key, found[key]) for key in sorted(found.keys() - known.keys())]
    added = db.session.scalars(insert(DuplicatePair).returning(DuplicatePair.id), new).all() if new else []
    db.session.flush()
    regroup(groups, added)


def _set(pair: DuplicatePair, comparison: Comparison) -> None:
    reasons = _spell(comparison)
    if pair.reasons != reasons:
        pair.reasons, pair.points, pair.strength = reasons, comparison.points, int(comparison.strength or 0)


def _row(pair: Pair, comparison: Comparison) -> dict[str, Any]:
    (entity, record_id), (other_entity, other_id) = pair
    return {
        "entity": entity,
        "record_id": record_id,
        "other_entity": other_entity,
        "other_id": other_id,
        "points": comparison.points,
        "strength": int(comparison.strength or 0),
        "reasons": _spell(comparison),
    }


def _spell(comparison: Comparison) -> list[list[Any]]:
    """The reasons for it first, the weightiest before the others."""
    ordered = sorted(comparison.reasons, key=lambda reason: -reason.points)
    return [[reason.text, reason.points] for reason in ordered if reason.points]


def _records_of(pair: Any) -> Pair:
    return (pair.entity, pair.record_id), (pair.other_entity, pair.other_id)


def regroup(group_ids: Collection[int], pair_ids: Collection[int] = ()) -> None:
    """Group the pairs that belong together.

    :param group_ids: groups that may fall apart or grow together
    :param pair_ids: pairs that have no group yet
    """
    pairs = list_grouped(group_ids, pair_ids)
    groups = find_groups([(pair.id, *_records_of(pair), pair.strength) for pair in pairs])
    changed = [(pair.id, groups[pair.id]) for pair in pairs if pair.group_id != groups[pair.id]]
    if changed:
        arrays = [cast(list(column), ARRAY(BigInteger)) for column in zip(*changed, strict=True)]
        new = func.unnest(*arrays).table_valued("id", "group_id").render_derived()
        _run(update(DuplicatePair).where(DuplicatePair.id == new.c.id).values(group_id=new.c.group_id))


def _run(statement: Any) -> None:
    db.session.execute(statement, execution_options={"synchronize_session": False})
