"""Merging many groups of records, each for itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from crm_web.auth.permissions import may_change
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.merging.operations import NotMergeable, merge_records
from crm_web.merging.queries import list_records, owned_of
from crm_web.models import Employee, RecordKind


@dataclass
class MergedGroups:
    """What came of merging many groups.

    :param merged: how many groups became one record each
    :param records: how many records those were
    :param refused: why the others were not merged, each as a sentence
    """

    merged: int = 0
    records: int = 0
    refused: list[str] = field(default_factory=list)


def merge_groups(groups: Sequence[tuple[RecordKind, dict[int, int]]], *, by: Employee) -> MergedGroups:
    """Merge groups, each with an undo of its own; one that can't be merged is left as it is.

    :param groups: of each its kind, and ids to the versions that were seen; the first id stays
    """
    result = MergedGroups()
    for kind, versions in sorted(groups, key=lambda group: (list(RecordKind).index(group[0]), sorted(group[1]))):
        try:
            with db.session.begin_nested():
                _merge(kind, versions, by)
        except DomainError as error:
            result.refused.append(error.message)
        else:
            result.merged += 1
            result.records += len(versions)
    return result


def _merge(kind: RecordKind, versions: dict[int, int], by: Employee) -> None:
    ids = list(versions)
    for record in list_records(kind, ids):
        if not may_change(by, owned_of(record)):
            raise NotMergeable(f"You can’t edit {record.name}, so it was not merged.")
    merge_records(kind, ids, keep=ids[0], versions=versions, by=by)
