"""Marking possible duplicates as not the same, and undoing that."""

from collections.abc import Sequence

from sqlalchemy import select

from crm_web.core.clock import now
from crm_web.core.extensions import db
from crm_web.duplicates.finding.operations import regroup
from crm_web.duplicates.finding.queries import list_groups_of
from crm_web.models import DuplicatePair, Employee


def dismiss_pair(pair: DuplicatePair, *, by: Employee) -> None:
    """Remember that two records are not the same, whatever changes in them; does nothing if it is known."""
    _dismiss([pair], by)


def dismiss_group(group_id: int, *, by: Employee) -> Sequence[int]:
    """Remember that no two records of a group are the same.

    :return: the ids of the pairs; none if somebody else has done so already
    """
    pairs = _lock(DuplicatePair.group_id == group_id)
    _dismiss(pairs, by)
    return [pair.id for pair in pairs]


def _dismiss(pairs: Sequence[DuplicatePair], by: Employee) -> None:
    groups = {pair.group_id for pair in pairs if pair.group_id is not None}
    for pair in pairs:
        if pair.dismissed_at is None:
            pair.dismissed_at, pair.dismissed_by_id, pair.group_id = now(), by.id, None
    db.session.flush()
    regroup(groups)


def restore_pairs(pair_ids: Sequence[int]) -> bool:
    """Undo marking records as not the same.

    :return: false if there is nothing to take back
    """
    pairs = [pair for pair in _lock(DuplicatePair.id.in_(pair_ids)) if pair.dismissed_at is not None]
    for pair in pairs:
        pair.dismissed_at = pair.dismissed_by_id = None
    db.session.flush()
    refs = {ref for pair in pairs for ref in ((pair.entity, pair.record_id), (pair.other_entity, pair.other_id))}
    if refs:
        regroup(list_groups_of(refs), [pair.id for pair in pairs])
    return bool(pairs)


def _lock(condition: object) -> Sequence[DuplicatePair]:
    query = select(DuplicatePair).where(condition).order_by(DuplicatePair.id)  # type: ignore[arg-type]
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return db.session.scalars(locked).all()
