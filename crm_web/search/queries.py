"""What a search asks: a fixed number of statements, each of which looks at a bounded number of rows.

No single plan suits both a rare word and a common one, so there are two looks. The first reads the newest records of
each kind, and the names that are equal or begin so, in the order of an index. A word that many of the newest hold is
common, and what is newest is then what is best. Any other word is rare enough for the second look, which lets an index
find every record that holds it. Only where both find next to nothing are words that are spelt almost so looked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased

from crm_web.core.database import DbFailure, classify_failure
from crm_web.core.extensions import db
from crm_web.core.prepared import ONE_PLAN, Prepared
from crm_web.models import Activity, Contact, Customer, Employee, KnownWord, Lead
from crm_web.records.folding import fold, fold_as_kept
from crm_web.records.matching import Way, contains_forms, contains_words, escape_like
from crm_web.search.kinds import ACTIVE_KINDS, ACTIVITIES, KINDS, LIVING, Kind
from crm_web.search.words import SearchTerms, TermForms, edit_distance, is_close, tidy

MOST_HITS = 50
"""How many of a kind are shown; there may be more."""
IN_TURN = 3
COMMON = 25
RANKED = 500
FEW = 5
MOST_SIMILAR = 5
PATIENCE = 1500
"""After so many milliseconds the database gives a statement of a search up."""
SETTINGS = f"SET LOCAL statement_timeout = {PATIENCE}; "
EXACT, EQUAL, BEGINS, WORD_BEGINS, INSIDE, SIMILAR, VAGUE = range(7)


class SearchTooSlow(Exception):
    """The database gave up: so few letters in so many records."""


class Hit(NamedTuple):
    """One record that a search found.

    :param entity: ``lead``, ``customer``, ``contact``, ``employee`` or ``activity``
    :param rank: how well it fits, from ``EXACT`` to ``VAGUE``
    """

    entity: str
    id: int
    rank: int
    is_over: bool
    updated_at: datetime

    @property
    def order(self) -> tuple[Any, ...]:
        """What fits best first, then what is still open, then what changed last."""
        return self.rank, self.is_over, -self.updated_at.timestamp(), self.entity, -self.id


@dataclass(frozen=True)
class Found:
    """What a search found.

    :param hits: by kind the best, best first, ``MOST_HITS`` at most
    """

    wanted: SearchTerms
    hits: dict[str, list[Hit]]
    crowded: frozenset[str] = frozenset()

    def count(self, kind: str | None) -> int:
        """How many are known of one kind, or of all."""
        return sum(len(hits) for entity, hits in self.hits.items() if kind in (None, entity))

    def is_crowded(self, kind: str | None) -> bool:
        """Whether there are more of a kind, or of any, than are known."""
        return any(kind in (None, entity) for entity in self.crowded)

    @cached_property
    def best(self) -> list[Hit]:
        """The best of all kinds; of what fits as well, a few of each kind in turn, so that none drowns the others."""
        placed = [(place, hit) for hits in self.hits.values() for place, hit in enumerate(hits)]
        placed.sort(key=lambda pair: (pair[1].rank, pair[0] // IN_TURN, pair[1].order))
        return [hit for _, hit in placed[:MOST_HITS]]


def search_everything(typed: str, *, with_inactive: bool = False) -> Found:
    """Find leads, customers, contacts, employees and activities, the best first; nothing that is in the trash.

    :raise SearchTooSlow: when the database gave up
    """
    if not typed:
        return Found(SearchTerms(""), {})
    try:
        return _search(typed, KINDS if with_inactive else ACTIVE_KINDS)
    except DBAPIError as error:
        if classify_failure(error) is not DbFailure.SLOW:
            raise
        db.session.rollback()
        raise SearchTooSlow from error


def _search(typed: str, kinds: tuple[Kind, ...]) -> Found:
    wanted = SearchTerms(fold_as_kept(typed))
    forms, values = wanted.forms, wanted.values
    rows = _run(_select_recent(forms.without_parts, kinds), values)
    common = {row.entity for row in rows if row.is_common}
    rare = tuple(kind for kind in kinds if kind.entity not in common)
    if rare and not wanted.is_unindexed:
        rows += _run(_select_indexed(forms, rare), values)
    found = _gather(wanted, rows, common)
    if len(found.best) < FEW and (similar := _list_similar(wanted)):
        wanted = replace(wanted, similar=similar)
        named = tuple(kind for kind in kinds if kind is not ACTIVITIES)
        rows += db.session.execute(_select_similar(similar, named))
        found = _gather(wanted, rows, common)
    return found


def _run(query: Any, values: dict[str, str]) -> list[Any]:
    return query.all(**values) if isinstance(query, Prepared) else list(db.session.execute(query, values))


def _gather(terms: SearchTerms, rows: Iterable[Any], common: Iterable[str]) -> Found:
    best: dict[tuple[str, int], Hit] = {}
    for row in rows:
        hit = Hit(*row[:5])
        known = best.get((hit.entity, hit.id))
        best[hit.entity, hit.id] = hit if known is None or hit.rank < known.rank else known
    hits: dict[str, list[Hit]] = {}
    for hit in sorted(best.values(), key=lambda hit: hit.order):
        hits.setdefault(hit.entity, []).append(hit)
    crowded = frozenset(common) | {entity for entity, found in hits.items() if len(found) > MOST_HITS}
    return Found(terms, {entity: found[:MOST_HITS] for entity, found in hits.items()}, crowded)


def load_records(hits: Sequence[Hit]) -> list[tuple[Hit, Any]]:
    """Load what the hits of a page show, all of them in one statement.

    :return: each hit with a row of ``SHOWN``, in the same order
    """
    ids = {entity: [hit.id for hit in hits if hit.entity == entity] for entity in _MODELS}
    rows = {(row.entity, row.id): row for row in _RECORDS.all(**ids)} if hits else {}
    return [(hit, rows[hit.entity, hit.id]) for hit in hits if (hit.entity, hit.id) in rows]


SHOWN = (
    "name",
    "about",
    "number",
    "email",
    "website",
    "phone",
    "mobile",
    "status",
    "owner",
    "lead_id",
    "customer_id",
    "body",
)
"""What is shown of a record, whatever its kind; what a kind does not have is NULL."""


_MODELS = {kind.entity: kind.model for kind in KINDS}


def _select_shown(entity: str, **others: Any) -> Select[Any]:
    model = _MODELS[entity]
    columns = [others.get(name, getattr(model, name, null())) for name in SHOWN]
    texts = [column.cast(Text).label(name) for name, column in zip(SHOWN, columns, strict=True)]
    ids: BindParameter[Any] = bindparam(entity, type_=ARRAY(BigInteger))
    return select(literal(entity).label("entity"), model.id, *texts).where(model.id == any_(ids))


_Owner = aliased(Employee)
_RECORDS = Prepared(
    union_all(
        _select_shown("lead", about=Lead.company, owner=_Owner.name).outerjoin(_Owner, Lead.owner_id == _Owner.id),
        _select_shown("customer", owner=_Owner.name).outerjoin(_Owner, Customer.owner_id == _Owner.id),
        _select_shown("contact", about=Customer.name).join(Customer, Contact.customer_id == Customer.id),
        _select_shown("employee", about=Employee.job_title, status=Employee.role),
        _select_shown(
            "activity", name=Activity.subject, about=func.coalesce(Lead.name, Customer.name), status=Activity.kind
        )
        .outerjoin(Lead, Activity.lead_id == Lead.id)
        .outerjoin(Customer, Activity.customer_id == Customer.id),
    ).execution_options(prepared=ONE_PLAN)
)


@lru_cache(maxsize=64)
def _select_recent(forms: TermForms, kinds: tuple[Kind, ...]) -> Prepared | CompoundSelect[Any]:
    query = union_all(*(_search_recent(forms, kind) for kind in kinds)).execution_options(settings=SETTINGS)
    return _keep_plan(query, forms)


@lru_cache(maxsize=64)
def _select_indexed(forms: TermForms, kinds: tuple[Kind, ...]) -> Prepared | CompoundSelect[Any]:
    query = union_all(
        *(
            _search_indexed(kind, contains_forms(kind.text, forms.contained, _bind, kind.way), _rank(forms, kind))
            for kind in kinds
        )
    )
    return _keep_plan(query, forms)


def _keep_plan(query: CompoundSelect[Any], forms: TermForms) -> Prepared | CompoundSelect[Any]:
    """Keep the plan for plain words: these are folded before, and what begins so is asked for by its bounds."""
    if not forms.contained.is_plain:
        return query
    return Prepared(query.execution_options(prepared=ONE_PLAN))


def _select_similar(similar: Sequence[Sequence[str]], kinds: tuple[Kind, ...]) -> CompoundSelect[Any]:
    return union_all(
        *(
            _search_indexed(
                kind,
                and_(*(or_(*(contains_words(kind.text, word) for word in words)) for words in similar)),
                _rank_similar(similar, kind),
            )
            for kind in kinds
        )
    )


def _bind(name: str) -> ColumnElement[str]:
    """A value of ``SearchTerms.values``."""
    return bindparam(name, type_=Text())


def _search_recent(forms: TermForms, kind: Kind) -> Select[Any]:
    """The newest that match, and the names that are equal or begin so, each by an index of its own."""
    model, name = kind.model, kind.name
    latest = (
        select(model.id, _read_text(kind).label("search_text"))
        .where(*kind.visible)
        .order_by(*kind.newest)
        .limit(kind.most_newest)
        .subquery()
    )
    is_match = contains_forms(latest.c.search_text, forms.contained, _bind, Way.ROWS)
    matches = select(latest.c.id).where(is_match)
    recent = matches.limit(RANKED).cte(f"recent_{kind.entity}").prefix_with("MATERIALIZED")
    ids = select(model.id).where(*kind.visible)
    equal = ids.where(name == _bind("text")).order_by(model.id.desc()).limit(MOST_HITS)
    begins = (
        ids.where(name >= _bind("text"), name < _bind("text_end"), _like(name, "begins"))
        .order_by(name, model.id)
        .limit(MOST_HITS)
    )
    named = () if kind is ACTIVITIES else (select(equal.subquery()), select(begins.subquery()))
    arms = union(select(recent.c.id), *named)
    is_common = select(func.count() >= COMMON).select_from(recent).scalar_subquery()
    columns = (*_columns(kind, _rank(forms, kind)), is_common.label("is_common"))
    return _best(select(*columns).where(model.id.in_(arms), *_visible(kind)).subquery())


def _search_indexed(kind: Kind, condition: ColumnElement[bool], rank: ColumnElement[int]) -> Select[Any]:
    """All that match, found by the index of words, up to a bound.

    Materialised, they are planned as if all were wanted, so that no order of another index tempts the planner; they are
    still only read up to the limit.
    """
    columns = (*_columns(kind, rank), false().label("is_common"))
    inside = select(*columns).where(condition, *_visible(kind)).cte(f"inside_{kind.entity}").prefix_with("MATERIALIZED")
    return _best(select(inside).limit(RANKED).subquery())


def _columns(kind: Kind, rank: ColumnElement[int]) -> tuple[Any, ...]:
    """The parts of a ``Hit``, in its order."""
    model, entity = kind.model, literal(kind.entity).label("entity")
    return entity, model.id, rank.label("rank"), kind.is_over.label("is_over"), model.updated_at


def _visible(kind: Kind) -> list[ColumnElement[bool]]:
    return [*kind.visible, *([LIVING[kind.model]] if kind.model in LIVING else [])]


def _best(hits: Any) -> Select[Any]:
    order = (hits.c.rank, hits.c.is_over, hits.c.updated_at.desc(), hits.c.id.desc())
    return select(select(hits).order_by(*order).limit(MOST_HITS + 1).subquery())


def _rank(forms: TermForms, kind: Kind) -> ColumnElement[int]:
    name, padded = kind.name, _padded(kind)
    return case(
        (or_(false(), *_exact(forms, kind.model)), EXACT),
        (name == _bind("text"), EQUAL),
        (_like(name, "begins"), BEGINS),
        (and_(True, *(_like(padded, f"beginning_{at}") for at in range(forms.words))), WORD_BEGINS),
        else_=INSIDE,
    )


def _rank_similar(similar: Sequence[Sequence[str]], kind: Kind) -> ColumnElement[int]:
    padded = _padded(kind)
    whole = [or_(*(padded.like(f"% {escape_like(word)} %", escape="\\") for word in words)) for words in similar]
    return case((and_(*whole), SIMILAR), else_=VAGUE)


def _padded(kind: Kind) -> ColumnElement[str]:
    padded: ColumnElement[str] = literal(" ").op("||")(_read_text(kind))
    return padded


def _read_text(kind: Kind) -> ColumnElement[str]:
    return kind.text if kind.read_text is None else kind.read_text


def _exact(forms: TermForms, model: Any) -> Iterable[ColumnElement[bool]]:
    """Whatever is one record's own: its address, its number, its telephone."""
    if model is Activity:
        return
    yield model.email_normalised == _bind("text")
    if model is Customer:
        yield Customer.number.in_((_bind("number"), _bind("number_digits")))
    numbers = [model.phone_e164, *([model.mobile_e164] if hasattr(model, "mobile_e164") else [])]
    yield from (number.like(_bind(f"ending_{at}")) for number in numbers for at in range(forms.endings))


def _like(text: Any, name: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = text.like(_bind(name))
    return condition


def correct_spelling(typed: str) -> str:
    """Replace the words that no record holds by the closest ones that some record does.

    :return: the corrected words; empty if there is nothing to correct, or nothing close
    """
    terms = SearchTerms(fold(tidy(typed)))
    known = _find_known(terms.correctable_words)
    corrected = [
        word if word in known or word not in terms.correctable_words else next(iter(_closest(word, known)), word)
        for word in terms.words
    ]
    return " ".join(corrected) if corrected != terms.words else ""


def _find_known(words: Sequence[str]) -> set[str]:
    """Known words that are a slip or two away from any of these."""
    if not words:
        return set()
    slips = func.crm_slips(KnownWord.word)
    query = select(KnownWord.word).where(or_(*(slips.op("&&")(func.crm_slips(word)) for word in words))).limit(RANKED)
    return set(db.session.scalars(query))


def _list_similar(terms: SearchTerms) -> list[list[str]]:
    """For each word itself and the known words that are closest to it; nothing where no word has any."""
    mend = terms.correctable_words
    known = _find_known(mend)
    similar = [[word, *(_closest(word, known) if word in mend else [])] for word in terms.words]
    return similar if any(len(words) > 1 for words in similar) else []


def _closest(word: str, known: Iterable[str]) -> list[str]:
    close = [(edit_distance(word, other), other[0] != word[0], other) for other in known if is_close(word, other)]
    return [other for _, _, other in sorted(close) if other != word][:MOST_SIMILAR]
