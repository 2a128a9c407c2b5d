"""What a record that is being saved may be already.

Records that share a key are looked for in the index of the search for duplicates. That is some seconds behind, so those
with the same email, phone number or beginning of the name are looked for in the records themselves too.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select, union_all
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.duplicates.comparison.keys import list_keys
from crm_web.duplicates.comparison.profiles import Profile, build_profile
from crm_web.duplicates.comparison.scoring import Comparison, compare
from crm_web.duplicates.finding.queries import MODELS, Ref, list_sharing, load_profiles
from crm_web.models import Contact, Customer, Lead, RecordKind
from crm_web.records.folding import fold
from crm_web.records.matching import Match, escape_like

LIMIT = 5
MOST_OF_A_KIND = 40
ENOUGH_FOR_PEOPLE = 30
"""People are often called alike: a name alone does not reach this."""


def list_possible_duplicates(
    kind: RecordKind,
    values: Mapping[str, Any],
    *,
    record: Lead | Customer | None = None,
    customer_id: int | None = None,
) -> list[Match]:
    """List the records that the one being saved may be: by email, phone, name with company, or company name.

    :param values: column names to the values of the form
    :param record: the record that is changed: only what became like it by the change is listed
    :param customer_id: the customer that it belongs to, which with its contacts and leads is left out
    :return: the likeliest first
    """
    profile = build_profile(kind, values)
    if record is not None and _is_known_as(profile, record):
        return []
    refs = set(_list_candidates(profile, values))
    if record is not None:
        refs.discard((kind, record.id))
    found = [
        (comparison, ref)
        for ref, other in load_profiles(refs).items()
        if (customer_id is None or other.customer_id != customer_id)
        and _is_worth_asking(profile, other, comparison := compare(profile, other))
    ]
    found.sort(key=lambda it: (-it[0].points, it[1]))
    return list(_describe(profile, found[:LIMIT]))


def _is_known_as(profile: Profile, record: Any) -> bool:
    """Whether a change leaves everything that people recognize it by."""
    columns = record.__table__.columns.keys()
    before = build_profile(profile.entity, {name: getattr(record, name) for name in columns if name != "search_text"})
    parts = ("first", "last", "company", "emails", "phones")
    return all(getattr(profile, part) == getattr(before, part) for part in parts)


def _is_worth_asking(profile: Profile, other: Profile, comparison: Comparison) -> bool:
    if profile.emails & other.emails or profile.phones & other.phones:
        return True
    if profile.is_person and other.is_person:
        return comparison.points >= ENOUGH_FOR_PEOPLE
    if profile.is_person != other.is_person:
        # Somebody at a company that is a customer already; colleagues' leads say nothing.
        is_customer = RecordKind.CUSTOMER in (profile.entity, other.entity)
        return is_customer and comparison.company_points > 0 and comparison.points > 0
    return comparison.strength is not None


def _list_candidates(profile: Profile, values: Mapping[str, Any]) -> Iterator[Ref]:
    keys = list_keys(profile)
    for sharing in list_sharing(keys, fewest=1) if keys else []:
        yield from sharing
    arms = [arm.limit(MOST_OF_A_KIND).subquery() for arm in _list_arms(profile, values)]
    if arms:
        rows = db.session.execute(union_all(*(select(arm) for arm in arms)))
        yield from ((RecordKind(kind), record_id) for kind, record_id in rows)


def _list_arms(profile: Profile, values: Mapping[str, Any]) -> Iterator[Select[Any]]:
    """One query per kind of match, each with an index of its own."""
    for model in MODELS.values():
        same: list[ColumnElement[bool]] = []
        if profile.emails:
            same.append(model.email_normalised.in_(profile.emails))
        if profile.phones:
            same.append(model.phone_e164.in_(profile.phones))
            same += [model.mobile_e164.in_(profile.phones)] if hasattr(model, "mobile_e164") else []
        if same:
            yield _select(model, or_(*same))
    company = values.get("company") or (values.get("name") if profile.company else "") or ""
    if first := next(iter(fold(company).split()), ""):
        beginning = f"{escape_like(first)}%"
        yield _select(Customer, Customer.sort_name.like(beginning, escape="\\"))
        by_company = func.coalesce(func.crm_fold(Lead.company), "").collate("C")
        yield _select(Lead, by_company.like(beginning, escape="\\"))


def _select(model: Any, condition: ColumnElement[bool]) -> Select[Any]:
    kind = literal(model.__name__.lower()).label("kind")
    return select(kind, model.id.label("record_id")).where(condition, model.deleted_at.is_(None))


def _describe(profile: Profile, found: Iterable[tuple[Comparison, Ref]]) -> Iterator[Match]:
    found = list(found)
    records: dict[Ref, Any] = {}
    for kind, model in MODELS.items():
        if ids := [record_id for _, (entity, record_id) in found if entity is kind]:
            query = select(model).where(model.id.in_(ids))
            query = query.options(joinedload(Contact.customer)) if model is Contact else query
            records |= {(kind, record.id): record for record in db.session.scalars(query)}
    for comparison, ref in found:
        record, reason = records[ref], comparison.reasons_for[0].text
        text = reason[0].lower() + reason[1:]
        if ref[0] is RecordKind.LEAD:
            yield Match("lead", record.id, record.name, record.status.label, text)
        elif ref[0] is RecordKind.CUSTOMER:
            yield Match("customer", record.id, record.name, record.number, text)
        else:
            yield Match("customer", record.customer_id, record.name, "Contact", text)
