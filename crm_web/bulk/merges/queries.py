"""Which records are so surely the same that many of them can be merged at once."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crm_web.auth.permissions import may_change
from crm_web.core.extensions import db
from crm_web.duplicates.finding.groups import find_groups
from crm_web.duplicates.queries import GROUPS_ON_A_PAGE, MOST_IN_A_GROUP, spell_reasons
from crm_web.merging.fields import choose_kept
from crm_web.merging.queries import list_records, owned_of
from crm_web.models import DuplicatePair, Employee, RecordKind, Strength


@dataclass(frozen=True)
class SureGroup:
    """Records of one kind that are very likely the same.

    :param kept: the one that stays
    :param others: those that are merged into it
    :param reasons: why the surest two of them are the same, the weightiest first
    """

    kind: RecordKind
    kept: Any
    others: Sequence[Any]
    reasons: Sequence[str]

    @property
    def records(self) -> list[Any]:
        return [self.kept, *self.others]

    @property
    def names(self) -> Mapping[str, int]:
        """The names of the others, and how often each is there: most are called like the one that stays."""
        return Counter(record.name for record in self.others)

    @property
    def key(self) -> str:
        """What the form sends: the kind, and each record in the version that is seen, the one that stays first."""
        return " ".join([self.kind.value, *(f"{record.id}:{record.version}" for record in self.records)])


def list_sure_groups(by: Employee) -> list[SureGroup]:
    """List groups that somebody may merge, the surest first.

    Only pairs of the strongest kind connect them; a group with a rule in its way is left to the page for one merge.
    """
    strongest = (
        select(DuplicatePair.id)
        .where(DuplicatePair.id == DuplicatePair.group_id, DuplicatePair.strength == Strength.VERY_LIKELY)
        .order_by(DuplicatePair.points.desc(), DuplicatePair.id.desc())
        .limit(GROUPS_ON_A_PAGE)
    )
    pairs = select(DuplicatePair).where(
        DuplicatePair.group_id.in_(strongest.scalar_subquery()),
        DuplicatePair.strength == Strength.VERY_LIKELY,
        DuplicatePair.entity == DuplicatePair.other_entity,
    )
    found = db.session.scalars(pairs.order_by(DuplicatePair.points.desc(), DuplicatePair.id)).all()
    return [group for kind in RecordKind for group in _list_of_kind(kind, found, by)]


def _list_of_kind(kind: RecordKind, pairs: Sequence[DuplicatePair], by: Employee) -> Iterator[SureGroup]:
    mine = [pair for pair in pairs if pair.entity is kind]
    groups = find_groups([(pair.id, pair.record_id, pair.other_id, pair.strength) for pair in mine])
    ids: dict[int, set[int]] = defaultdict(set)
    reasons: dict[int, Sequence[str]] = {}
    for pair in mine:
        ids[groups[pair.id]] |= {pair.record_id, pair.other_id}
        reasons.setdefault(groups[pair.id], spell_reasons(pair))
    everyone = list_records(kind, sorted(set().union(*ids.values()))) if ids else []
    for group_id, members in ids.items():
        records = [record for record in everyone if record.id in members]
        if 1 < len(records) <= MOST_IN_A_GROUP and _is_free(kind, records, by):
            kept = choose_kept(kind, records)
            others = [record for record in records if record is not kept]
            yield SureGroup(kind, kept, others, reasons[group_id])


def _is_free(kind: RecordKind, records: Sequence[Any], by: Employee) -> bool:
    """Nothing that is seen at once stands in the way; merging itself checks the rest."""
    if not all(may_change(by, owned_of(record)) for record in records):
        return False
    if kind is not RecordKind.LEAD:
        return True
    customers = {lead.customer_id for lead in records if lead.customer_id}
    return sum(lead.is_won for lead in records) < 2 and len(customers) < 2
