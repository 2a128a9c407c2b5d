"""Many changes in one request, all or nothing or each by itself, by the same functions as single requests.

What can be is done together, which takes few statements: see ``crm_web.records.batch``. Where an item is
refused, what was done along with it is taken back; then it is done alone, so that its answer is the one it would have
had, and the others are done together again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

from flask import abort
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from crm_web.api.batch.queries import lock_customers, lock_leads, refresh_leads
from crm_web.api.batch.schemas import Item, LeadToChange, LeadToCreate, LeadToMove, LeadToTrash, WrongItem
from crm_web.api.http import build_saved, format_errors, refuse_version
from crm_web.api.leads import actions, schemas
from crm_web.api.problem_mapping import Refusal, build_refusal
from crm_web.auth.permissions import REFUSALS, Action, may, refuse, require_change
from crm_web.core.errors import DomainError, RecordGone
from crm_web.core.extensions import db
from crm_web.leads.operations import use_source
from crm_web.models import Employee, Lead, LeadStatus
from crm_web.records.batch import Batch, batch_of
from crm_web.records.operations import move_to_trash

Result = dict[str, Any]
Numbered = tuple[int, Item | WrongItem]
REFUSING_ERRORS = (DomainError, HTTPException, RecordGone, IntegrityError)
RUN_LIMIT = 100
"""What is taken back where one is refused, and what one statement writes, must not become much."""


class BatchRefused(Exception):
    """One item was refused, and so nothing is done.

    :param refusal: why; its fields are named by the item
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class RetryIndividually(Exception):
    """Some items of a run have to be done alone.

    :param positions: where they are in the run
    :param is_sure: whether all others are known to be no customers already
    """

    def __init__(self, places: Sequence[int], *, is_sure: bool = False) -> None:
        super().__init__(places)
        self.positions = places
        self.is_sure = is_sure


@dataclass(frozen=True)
class BatchContext:
    """What a batch stands on.

    :param leads: those that are meant, locked
    :param apply_one: does one item by itself, and tells what became of it
    """

    leads: Mapping[int, Lead]
    by: Employee
    apply_one: Callable[[int, Item, "BatchContext"], Result]

    def find(self, lead_id: int) -> Lead:
        """A lead that the employee may change; 404 and 403 otherwise."""
        lead = self.leads.get(lead_id) or abort(404)
        require_change(lead)
        return lead


def run_atomic(items: Sequence[Item], *, by: Employee) -> list[Result]:
    """Apply all items; the first that is refused ends the batch."""
    context = BatchContext(lock_targets(items), by, _apply_or_abort)
    return [result for run in _split_into_runs(items) for result in _apply_run(run, context)]


def run_independent(items: Sequence[Item | WrongItem], *, by: Employee) -> list[Result]:
    """Apply each item by itself; one that is refused leaves nothing behind but a new source."""
    meant = [item for item in items if not isinstance(item, WrongItem)]
    context = BatchContext(lock_targets(meant), by, _apply_or_report)
    return [result for run in _split_into_runs(items) for result in _apply_run(run, context)]


def _split_into_runs(items: Sequence[Item | WrongItem]) -> Iterator[list[Numbered]]:
    """Split items where a lead comes again, or another way of doing them together begins."""
    run: list[Numbered] = []
    met: set[int | None] = set()
    for number, item in enumerate(items):
        lead_id = getattr(item, "id", None)
        if run and (lead_id in met or len(run) == RUN_LIMIT or _batch_kind(item) != _batch_kind(run[0][1])):
            yield run
            run, met = [], set()
        run.append((number, item))
        met |= {lead_id} - {None}
    yield run


def _batch_kind(item: Item | WrongItem) -> str:
    if isinstance(item, WrongItem):
        return "not at all"
    is_win = isinstance(item, LeadToMove) and item.change.status is LeadStatus.WON and item.change.customer_id is None
    return "won" if is_win else "one by one"


def _apply_run(run: Sequence[Numbered], context: BatchContext, *, may_ask: bool = True) -> list[Result]:
    """Apply items together; those that can't be are applied alone in their turn."""
    if len(run) < 2 or isinstance(run[0][1], WrongItem):
        return [_apply_alone(number, item, context) for number, item in run]
    try:
        with db.session.begin_nested():
            return _apply_together([item for _, item in run if not isinstance(item, WrongItem)], context, may_ask)
    except RetryIndividually as apart:
        places, may_ask = apart.positions, may_ask and not apart.is_sure
    _expire_rolled_back(run, context)
    results: list[Result] = []
    for place in places:
        results += _apply_run(run[len(results) : place], context, may_ask=may_ask)
        results += _apply_run(run[place : place + 1], context)
    return results + _apply_run(run[len(results) :], context, may_ask=may_ask)


def _expire_rolled_back(run: Sequence[Numbered], context: BatchContext) -> None:
    """What was written together was also read again, and the end of a savepoint leaves that in memory."""
    for record in set(db.session) - set(context.leads.values()):
        db.session.expire(record)
    refresh_leads([item.id for _, item in run if not isinstance(item, LeadToCreate | WrongItem)])


def _apply_together(items: Sequence[Item], context: BatchContext, may_ask: bool) -> list[Result]:
    wins = [item for item in items if isinstance(item, LeadToMove)] if _batch_kind(items[0]) == "won" else []
    ids = [item.id for item in items if not isinstance(item, LeadToCreate)]
    meant = [context.leads[lead_id] for lead_id in ids if lead_id in context.leads]
    done: list[Lead] = []
    try:
        with batch_of(meant, by=context.by) as batch:
            for item in items:
                done.append(
                    context.find(item.id) if isinstance(item, LeadToMove) and wins else _apply(item, context, batch)
                )
            alone = actions.win_together(done, [win.change for win in wins], batch, may_ask=may_ask) if wins else set()
    except REFUSING_ERRORS as error:
        # Which one it is about is known while they are looked at one by one, and not when all are written.
        raise RetryIndividually([len(done)] if len(done) < len(items) else range(len(items))) from error
    if alone:
        raise RetryIndividually([place for place, lead in enumerate(done) if lead.id in alone], is_sure=True)
    refresh_leads(ids)
    return [_lead_result(item, lead) for item, lead in zip(items, done, strict=True)]


def _apply_alone(number: int, item: Item | WrongItem, context: BatchContext) -> Result:
    if isinstance(item, WrongItem):
        wrong = format_errors(item.error, within=("items", number))
        return _problem_result(Refusal(422, "This item is not valid. See errors.", wrong))
    return context.apply_one(number, item, context)


def _apply_or_abort(number: int, item: Item, context: BatchContext) -> Result:
    try:
        return _lead_result(item, _apply(item, context))
    except REFUSING_ERRORS as error:
        refusal = _name_item(build_refusal(error), number, item)
        # To be refused here or there, or not to be there at all, is of the present; what was sent is not.
        status = 422 if refusal.status == 422 else 409
        detail = f"Nothing was changed because of item {number}: {refusal.detail}"
        raise BatchRefused(replace(refusal, status=status, detail=detail)) from error


def _apply_or_report(number: int, item: Item, context: BatchContext) -> Result:
    try:
        with db.session.begin_nested():
            return _lead_result(item, _apply(item, context))
    except REFUSING_ERRORS as error:
        return _problem_result(_name_item(build_refusal(error), number, item))


def _apply(item: Item, context: BatchContext, batch: Batch | None = None) -> Lead:
    match item:
        case LeadToCreate():
            if not may(context.by, Action.CREATE):
                refuse(REFUSALS[Action.CREATE])
            return actions.create(item.lead, batch)
        case LeadToChange():
            lead = _find_seen(item, context)
            actions.change(lead, item.lead, batch)
        case LeadToMove():
            lead = context.find(item.id)
            actions.move(lead, item.change, batch)
        case LeadToTrash():
            lead = _find_seen(item, context)
            move_to_trash(lead, by=context.by, batch=batch)
        case _:
            assert_never(item)
    return lead


def _find_seen(item: LeadToChange | LeadToTrash, context: BatchContext) -> Lead:
    lead = context.find(item.id)
    if lead.version != item.version:
        refuse_version()
    return lead


def _lead_result(item: Item, lead: Lead) -> Result:
    status = 201 if isinstance(item, LeadToCreate) else 200
    return {"status": status, "lead": build_saved(schemas.SavedLead, lead)}


def _problem_result(refusal: Refusal) -> Result:
    return {"status": refusal.status, "problem": refusal.problem}


def _name_item(refusal: Refusal, number: int, item: Item) -> Refusal:
    """Name the item of a field; without a field, the item as a whole."""
    errors = refusal.errors or [{"field": "", "message": refusal.detail}]
    named = [
        {**error, "field": ".".join(filter(None, ("items", str(number), item.PART, error["field"])))}
        if error["field"]
        else {**error, "field": f"items.{number}"}
        for error in errors
    ]
    return replace(refusal, errors=named)


def lock_targets(items: Sequence[Item]) -> dict[int, Lead]:
    """Lock leads, then customers, then sources, each in one order, so that two batches never wait in a ring."""
    moves = [item for item in items if isinstance(item, LeadToMove)]
    new = [item.lead for item in items if isinstance(item, LeadToCreate)]
    parts = [*new, *(item.lead for item in items if isinstance(item, LeadToChange))]
    leads = lock_leads({item.id for item in items if not isinstance(item, LeadToCreate)})
    named = [*(move.change.customer_id for move in moves), *(lead.customer_id for lead in new)]
    won = {move.id for move in moves if move.change.status is LeadStatus.WON}
    lock_customers({customer_id for customer_id in named if customer_id is not None}, of_leads=won)
    # Backwards, so that the first spelling stays.
    sources = {part.source.strip().lower(): part.source for part in reversed(parts) if part.source}
    for _, source in sorted(sources.items()):
        use_source(source)
    return leads
