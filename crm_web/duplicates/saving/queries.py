"""What a record that is being saved may be already.

Records that share a key are looked for in the index of the search for duplicates. That is some seconds behind, so those
with the same email, phone number or beginning of the name are looked for in the records themselves too.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CompoundSelect,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    column,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.core.prepared import ONE_PLAN, Prepared
from crm_web.duplicates.comparison.keys import list_keys
from crm_web.duplicates.comparison.profiles import Profile, build_profile
from crm_web.duplicates.comparison.scoring import Comparison, compare
from crm_web.duplicates.finding.queries import (
    MODELS,
    Ref,
    select_compared,
    select_sharing,
)
from crm_web.models import Contact, Customer, Lead, RecordKind
from crm_web.records.folding import fold
from crm_web.records.matching import LAST_SIGN, Match

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
    itself = None if record is None else (kind, record.id)
    found = [
        (comparison, ref)
        for ref, other in _load_candidates(profile, values)
        if ref != itself
        and (customer_id is None or other.customer_id != customer_id)
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


def _load_candidates(profile: Profile, values: Mapping[str, Any]) -> Iterator[tuple[Ref, Profile]]:
    """Load the profiles of all records that may be the same, in one statement."""
    company = values.get("company") or (values.get("name") if profile.company else "") or ""
    first = next(iter(fold(company).split()), "")
    phone, other_phone = (*sorted(profile.phones), None, None)[:2]
    keys = list_keys(profile)
    binds = {
        "keys": list(keys),
        "most": list(keys.values()),
        "email": next(iter(profile.emails), None),
        "phone": phone,
        "other_phone": other_phone,
        "beginning": first or None,
        "beyond": f"{first}{LAST_SIGN}",
    }
    for entity, record_id, compared in _CANDIDATES.all(**binds):
        yield (RecordKind(entity), record_id), build_profile(entity, compared)


def _select_candidates() -> CompoundSelect[Any]:
    """One arm per kind of match, each with an index of its own.

    Single values rather than arrays, which may be empty: an index without NULLs does not serve those.
    """
    shared = select_sharing(bindparam("keys", type_=ARRAY(BigInteger)), bindparam("most", type_=ARRAY(Integer)))
    shared = shared.add_columns(func.count().over(partition_by=column("key")).label("how_many"))
    sharing = shared.subquery("sharing")
    arms = [select(sharing.c.entity, sharing.c.record_id).where(sharing.c.how_many <= sharing.c.most)]
    phones = [bindparam("phone", type_=Text), bindparam("other_phone", type_=Text)]
    for model in MODELS.values():
        mobile = [model.mobile_e164.in_(phones)] if hasattr(model, "mobile_e164") else []
        by_email = model.email_normalised == bindparam("email", type_=Text)
        arms.append(_select(model, or_(by_email, model.phone_e164.in_(phones), *mobile)))
    by_company = func.coalesce(func.crm_fold(Lead.company), "").collate("C")
    for model, name in ((Customer, Customer.sort_name), (Lead, by_company)):
        # As LIKE would find it, but in a plan that is kept: there the index has to fit whatever is looked for.
        arms.append(_select(model, and_(name >= bindparam("beginning"), name < bindparam("beyond"))))
    return union_all(*arms)


def _select(model: Any, condition: Any) -> Select[Any]:
    found = select(literal(model.__name__.lower()).label("entity"), model.id.label("record_id"))
    return select(found.where(condition, model.deleted_at.is_(None)).limit(MOST_OF_A_KIND).subquery())


def _select_profiles() -> CompoundSelect[Any]:
    """What is compared of each, as JSON: kinds of records have different columns."""
    candidates = _select_candidates().cte("candidates")
    parts = []
    for kind in MODELS:
        ids = func.array(select(candidates.c.record_id).where(candidates.c.entity == kind).scalar_subquery())
        compared = select_compared(kind, ids).subquery(f"compared_{kind}")
        row = func.to_jsonb(compared.table_valued())
        parts.append(select(literal(kind.value).label("entity"), compared.c.id, row.label("compared")))
    return union_all(*parts)


_CANDIDATES = Prepared(_select_profiles().execution_options(prepared=ONE_PLAN))
"""Built once: building it takes longer than asking it. Each arm has the same index whatever is looked for."""


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
            yield Match("lead", record.id, record.name, f"Lead · {record.status.label}", text)
        elif ref[0] is RecordKind.CUSTOMER:
            yield Match("customer", record.id, record.name, f"Customer · {record.number}", text)
        else:
            yield Match("customer", record.customer_id, record.name, f"Contact of {record.customer.name}", text)
