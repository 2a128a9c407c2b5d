"""Queries for the page of duplicates and for the panel on a record."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, or_, select, union_all
from sqlalchemy.orm import aliased, joinedload

from crm_web.core.extensions import db
from crm_web.duplicates.finding.queries import Ref
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import Page, load_page
from crm_web.models import Contact, Customer, DuplicatePair, Lead, RecordKind, Strength

# Beside a customer that the query around is about.
AnyCustomer = aliased(Customer)
STRENGTHS = {strength.name.lower(): strength for strength in reversed(Strength)}
"""Strengths by the words that addresses use, the strongest first."""
GROUPS_ON_A_PAGE = 20
MOST_ON_A_RECORD = 5
MOST_IN_A_GROUP = 10
"""So many records of a group are shown; more can't be merged at once either."""


@dataclass(frozen=True)
class Duplicate:
    """A record that may be the same as another one.

    :param reasons: why, the weightiest first
    :param owned: whose owner decides about it: for a contact its customer
    """

    kind: RecordKind
    record: Any
    reasons: Sequence[str]

    @property
    def owned(self) -> Any:
        return self.record.customer if self.kind is RecordKind.CONTACT else self.record


@dataclass(frozen=True)
class Group:
    """Records that may all be the same.

    :param group_id: the id of its strongest pair
    :param more: how many records are not shown
    """

    group_id: int
    strength: Strength
    reasons: Sequence[str]
    records: Sequence[Duplicate]
    more: int

    @property
    def mergeable(self) -> dict[RecordKind, list[int]]:
        """The ids of records that can become one, by kind."""
        ids: dict[RecordKind, list[int]] = defaultdict(list)
        for it in self.records:
            ids[it.kind].append(it.record.id)
        return {kind: some for kind, some in ids.items() if len(some) > 1}


def list_groups(*, kind: str | None, strength: str | None, cursor: str | None) -> Page:
    """List groups of possible duplicates, the strongest first; its rows are ``Group``.

    :param kind: a ``RecordKind``; ``None`` for all
    :param strength: a word of ``STRENGTHS``; ``None`` for all
    """
    query = select(DuplicatePair).where(DuplicatePair.id == DuplicatePair.group_id)
    if kind:
        member = aliased(DuplicatePair)
        is_of_kind = or_(member.entity == kind, member.other_entity == kind)
        query = query.where(select(member.id).where(member.group_id == DuplicatePair.id, is_of_kind).exists())
    if strength:
        query = query.where(DuplicatePair.strength == STRENGTHS[strength])
    strongest_first = Sort(DuplicatePair.points.expression, DuplicatePair.id.expression, descending=True)
    page = load_page(query, strongest_first, cursor=cursor, size=GROUPS_ON_A_PAGE)
    return Page(_load_groups(page.rows), page.next, page.previous, page.count)


def _load_groups(strongest: Sequence[DuplicatePair]) -> list[Group]:
    of_groups: dict[int, list[DuplicatePair]] = defaultdict(list)
    ids = [pair.id for pair in strongest]
    pairs = select(DuplicatePair).where(DuplicatePair.group_id.in_(ids)).order_by(DuplicatePair.points.desc())
    for pair in db.session.scalars(pairs):
        of_groups[pair.group_id or 0].append(pair)
    refs = {pair.id: _list_refs(of_groups[pair.id]) for pair in strongest}
    shown = {group_id: list(some)[:MOST_IN_A_GROUP] for group_id, some in refs.items()}
    records = _load_records({ref for some in shown.values() for ref in some})
    groups = []
    for pair in strongest:
        # What has gone to the trash since is left out here, until the worker has seen it as well.
        present = [Duplicate(ref[0], records[ref], refs[pair.id][ref]) for ref in shown[pair.id] if ref in records]
        more = len(refs[pair.id]) - len(shown[pair.id])
        groups.append(Group(pair.id, Strength(pair.strength), spell_reasons(pair), present, more))
    return [group for group in groups if len(group.records) > 1]


def _list_refs(pairs: Iterable[DuplicatePair]) -> dict[Ref, Sequence[str]]:
    """The records of some pairs, each with the reasons of its strongest pair."""
    refs: dict[Ref, Sequence[str]] = {}
    for pair in pairs:
        refs.setdefault((pair.entity, pair.record_id), spell_reasons(pair))
        refs.setdefault((pair.other_entity, pair.other_id), spell_reasons(pair))
    return refs


def _load_records(refs: Iterable[Ref]) -> dict[Ref, Any]:
    found: dict[Ref, Any] = {}
    loading: dict[RecordKind, tuple[Any, Any]] = {
        RecordKind.LEAD: (Lead, joinedload(Lead.owner)),
        RecordKind.CUSTOMER: (Customer, joinedload(Customer.owner)),
        RecordKind.CONTACT: (Contact, joinedload(Contact.customer).joinedload(Customer.owner)),
    }
    refs = list(refs)
    for kind, (model, people) in loading.items():
        if ids := [record_id for entity, record_id in refs if entity is kind]:
            query = select(model).where(model.id.in_(ids), model.deleted_at.is_(None)).options(people)
            found |= {(kind, record.id): record for record in db.session.scalars(query)}
    return found


def spell_reasons(pair: DuplicatePair) -> list[str]:
    """List the reasons of a pair in words, the weightiest first; those that speak against it come last."""
    return [text for text, _ in pair.reasons]


def get_pair(pair_id: int) -> DuplicatePair | None:
    """Return a pair, dismissed or not."""
    return db.session.get(DuplicatePair, pair_id)


@dataclass(frozen=True)
class PossibleDuplicate:
    """A line of the panel on a record.

    :param place: the id of the record whose page shows it: of a contact, its customer's
    """

    pair_id: int
    kind: RecordKind
    record_id: int
    place: int
    name: str
    detail: str | None
    strength: Strength
    reasons: Sequence[str]


def select_duplicates(kind: RecordKind, record_id: ColumnElement[int], *correlated: Any) -> ScalarSelect[Any]:
    """Build a column that holds what may be the same as a record, for ``read_duplicates``.

    :param record_id: the id of the record: a column of the table around, or a value
    :param correlated: the table around, if there is one
    """
    pair = DuplicatePair
    forth = _select_side((pair.entity, pair.record_id), (pair.other_entity, pair.other_id), (kind, record_id))
    back = _select_side((pair.other_entity, pair.other_id), (pair.entity, pair.record_id), (kind, record_id))
    other = union_all(forth.correlate(*correlated), back.correlate(*correlated)).subquery("other")
    name = func.coalesce(Lead.name, AnyCustomer.name, Contact.name)
    found = select(other, name.label("name"), func.coalesce(Lead.company, AnyCustomer.number).label("detail"))
    found = found.add_columns(func.coalesce(Contact.customer_id, other.c.record_id).label("place"))
    for record_kind, model in (
        (RecordKind.LEAD, Lead),
        (RecordKind.CUSTOMER, AnyCustomer),
        (RecordKind.CONTACT, Contact),
    ):
        is_it = and_(other.c.kind == record_kind, model.id == other.c.record_id, model.deleted_at.is_(None))
        found = found.outerjoin(model, is_it)
    found = found.where(name.is_not(None)).order_by(other.c.points.desc(), other.c.pair_id).limit(MOST_ON_A_RECORD)
    rows = found.correlate(*correlated).subquery("found")
    return select(func.jsonb_agg(func.to_jsonb(rows.table_valued()))).select_from(rows).scalar_subquery()


def _select_side(here: Sequence[Any], there: Sequence[Any], wanted: tuple[RecordKind, Any]) -> Select[Any]:
    """The pairs that have the record on one side, with what stands on the other."""
    pair = DuplicatePair
    columns = (pair.id.label("pair_id"), pair.points, pair.strength, pair.reasons)
    query = select(*columns, there[0].label("kind"), there[1].label("record_id"))
    return query.where(here[0] == wanted[0], here[1] == wanted[1], pair.dismissed_at.is_(None))


def read_duplicates(found: list[dict[str, Any]] | None) -> list[PossibleDuplicate]:
    """Read the column of ``select_duplicates``."""
    return [
        PossibleDuplicate(
            pair_id=row["pair_id"],
            kind=RecordKind(row["kind"]),
            record_id=row["record_id"],
            place=row["place"],
            name=row["name"],
            detail=row["detail"] if row["detail"] != row["name"] else None,
            strength=Strength(row["strength"]),
            reasons=[text for text, _ in row["reasons"]],
        )
        for row in found or []
    ]
