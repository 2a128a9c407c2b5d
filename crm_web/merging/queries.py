"""What merging reads: the records, what stands in the way, and what was merged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Text, cast, func, select
from sqlalchemy.orm import aliased, joinedload

from crm_web.core.extensions import db
from crm_web.merging.fields import FEWEST, MOST
from crm_web.models import Contact, Conversion, Customer, Lead, RecordKind, RecordMerge

MODELS: dict[RecordKind, Any] = {RecordKind.LEAD: Lead, RecordKind.CUSTOMER: Customer, RecordKind.CONTACT: Contact}


@dataclass(frozen=True)
class MergedRecord:
    """A record that was merged into another one."""

    record_id: int
    name: str
    merge_id: int


def list_records(kind: RecordKind, ids: Sequence[int]) -> list[Any]:
    """Load records to compare, in the order of their ids; those that are in the trash or gone are left out."""
    model = MODELS[kind]
    around = joinedload(Contact.customer).joinedload(Customer.owner) if model is Contact else joinedload(model.owner)
    query = select(model).where(model.id.in_(ids), model.deleted_at.is_(None)).options(around).order_by(model.id)
    return list(db.session.scalars(query))


def owned_of(record: Any) -> Any:
    """The record whose owner decides: for a contact its customer."""
    return record.customer if isinstance(record, Contact) else record


def list_obstacles(kind: RecordKind, records: Sequence[Any], kept: Any) -> list[str]:
    """List what stands in the way of a merge, each as a sentence."""
    if not FEWEST <= len(records) <= MOST:
        return [f"Select {FEWEST} to {MOST} records to merge."]
    others = [record for record in records if record is not kept]
    if kind is RecordKind.LEAD:
        return list(_list_obstacles_of_leads(records, kept))
    return list(_list_obstacles_of_customers(others, kept)) if kind is RecordKind.CUSTOMER else []


def _list_obstacles_of_leads(leads: Sequence[Lead], kept: Lead) -> Iterator[str]:
    won = [lead for lead in leads if lead.is_won]
    if len(won) > 1:
        yield (
            f"{won[0].name} and {won[1].name} are both won. Each is a separate sale, so they can’t be merged."
            " Merge their customers instead."
        )
        return
    ids = [lead.id for lead in leads if lead is not kept]
    active = select(Lead).join(Conversion, Conversion.lead_id == Lead.id).where(Conversion.undone_at.is_(None))
    for lead in db.session.scalars(active.where(Lead.id.in_(ids)).order_by(Lead.id)):
        yield f"{lead.name} was won and has a customer. Keep this lead and merge the others into it."
    if len({lead.customer_id for lead in leads if lead.customer_id is not None}) > 1:
        yield "These leads belong to different customers. Merge the customers first."


def _list_obstacles_of_customers(others: Sequence[Customer], kept: Customer) -> Iterator[str]:
    """One that stands between two in a group of companies would belong to itself."""
    ids = {customer.id for customer in others}
    between: list[Customer] = []
    above = kept.parent
    while above is not None and above not in between:
        if above.id in ids and between and not {it.id for it in between} <= ids:
            yield f"{between[-1].name} stands between {kept.name} and {above.name}. Change its parent company first."
            return
        between.append(above)
        above = above.parent


def get_merge(merge_id: int) -> RecordMerge | None:
    """Return a merge with the people who made and undid it."""
    people = (joinedload(RecordMerge.merged_by), joinedload(RecordMerge.undone_by))
    return db.session.get(RecordMerge, merge_id, options=people)


def list_merges(*, limit: int) -> list[tuple[RecordMerge, str | None]]:
    """List the latest merges, each with the name of the record that stayed; ``None`` if it is gone."""
    query = select(RecordMerge).options(joinedload(RecordMerge.merged_by)).order_by(RecordMerge.id.desc()).limit(limit)
    merges = db.session.scalars(query).all()
    names: dict[tuple[RecordKind, int], str] = {}
    for kind, model in MODELS.items():
        ids = [merge.kept_id for merge in merges if merge.entity is kind]
        if ids:
            found = db.session.execute(select(model.id, model.name).where(model.id.in_(ids)))
            names |= {(kind, record_id): name for record_id, name in found}
    return [(merge, names.get((merge.entity, merge.kept_id))) for merge in merges]


def find_merged_records(kind: RecordKind, ids: Sequence[int]) -> dict[int, Any]:
    """Load records by their ids, in the trash or not."""
    model = MODELS[kind]
    return {record.id: record for record in db.session.scalars(select(model).where(model.id.in_(ids)))}


def select_merged(kind: RecordKind, record_id: ColumnElement[int], *correlated: Any) -> ScalarSelect[Any]:
    """Build a column that holds what was merged into a record, for ``read_merged``.

    :param record_id: the id of the record: a column of the table around, or a value
    :param correlated: the table around, if there is one
    """
    model = aliased(MODELS[kind])
    merge = (
        select(func.max(RecordMerge.id))
        .where(RecordMerge.kept_id == model.merged_into_id, RecordMerge.entity == kind)
        .where(RecordMerge.undone_at.is_(None), RecordMerge.details["merged"].has_key(cast(model.id, Text)))
        .correlate(model)
        .scalar_subquery()
    )
    found = func.jsonb_build_object("record_id", model.id, "name", model.name, "merge_id", merge)
    query = select(func.jsonb_agg(found)).where(model.merged_into_id == record_id)
    return query.correlate(*correlated).scalar_subquery()


def read_merged(found: list[dict[str, Any]] | None) -> list[MergedRecord]:
    """Read the column of ``select_merged``."""
    return [MergedRecord(**row) for row in found or [] if row["merge_id"] is not None]
