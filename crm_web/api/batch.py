"""Many deeds in one request: all or nothing, or each by itself, by the functions that do each of them alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, assert_never

from werkzeug.exceptions import HTTPException

from crm_web.access import REFUSALS, Action, may, refuse
from crm_web.api import lead_deeds, lead_schemas
from crm_web.api.batch_queries import lock_customers, lock_leads
from crm_web.api.batch_schemas import Item, LeadToChange, LeadToCreate, LeadToMove, LeadToTrash, WrongItem
from crm_web.api.exchange import refuse_version, tell_errors
from crm_web.api.refusals import Refusal, tell_refusal
from crm_web.errors import DomainError, RecordGone
from crm_web.extensions import db
from crm_web.leads.operations import use_source
from crm_web.models import Employee, Lead, LeadStatus

Result = dict[str, Any]
SAYS_NO = (DomainError, HTTPException, RecordGone)


class BatchRefused(Exception):
    """
    One item was refused, and so nothing is done.

    :param refusal: why; its fields are named by the item
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def do_all(items: Sequence[Item], *, by: Employee) -> list[Result]:
    """Do all items; the first that is refused ends it."""
    lock_what_is_meant(items)
    results = []
    for number, item in enumerate(items):
        try:
            results.append(_do(item, by))
        except SAYS_NO as error:
            refusal = _name_item(tell_refusal(error), number, item)
            # To be refused here or there, or not to be there at all, is of the present; what was sent is not.
            status = 422 if refusal.status == 422 else 409
            detail = f"Nothing was done, because of item {number}: {refusal.detail}"
            raise BatchRefused(replace(refusal, status=status, detail=detail)) from error
    return results


def do_each(items: Sequence[Item | WrongItem], *, by: Employee) -> list[Result]:
    """Do each item by itself; one that is refused leaves nothing behind but its source among the known ones."""
    lock_what_is_meant([item for item in items if not isinstance(item, WrongItem)])
    return [_try(number, item, by) for number, item in enumerate(items)]


def _try(number: int, item: Item | WrongItem, by: Employee) -> Result:
    if isinstance(item, WrongItem):
        wrong = tell_errors(item.error, within=("items", number))
        return _tell(Refusal(422, "Something in this item needs mending; see errors.", wrong))
    try:
        with db.session.begin_nested():
            return _do(item, by)
    except SAYS_NO as error:
        return _tell(_name_item(tell_refusal(error), number, item))


def _do(item: Item, by: Employee) -> Result:
    match item:
        case LeadToCreate():
            if not may(by, Action.CREATE):
                refuse(REFUSALS[Action.CREATE])
            return _show(lead_deeds.create(item.lead), 201)
        case LeadToChange():
            lead = _find_seen(item)
            lead_deeds.change(lead, item.lead)
        case LeadToMove():
            lead = lead_deeds.lock_to_change(item.id)
            lead_deeds.move(lead, item.change)
        case LeadToTrash():
            lead = _find_seen(item)
            lead_deeds.trash(lead)
        case _:
            assert_never(item)
    return _show(lead, 200)


def _find_seen(item: LeadToChange | LeadToTrash) -> Lead:
    lead = lead_deeds.lock_to_change(item.id)
    if lead.version != item.version:
        refuse_version()
    return lead


def _show(lead: Lead, status: int) -> Result:
    return {"status": status, "lead": lead_schemas.Lead.model_validate(lead)}


def _tell(refusal: Refusal) -> Result:
    return {"status": refusal.status, "problem": refusal.problem}


def _name_item(refusal: Refusal, number: int, item: Item) -> Refusal:
    """Say of which item a field is; where it is of none, the item as a whole is meant."""
    errors = refusal.errors or [{"field": "", "message": refusal.detail}]
    named = [
        {**error, "field": ".".join(filter(None, ("items", str(number), item.PART, error["field"])))}
        if error["field"]
        else {**error, "field": f"items.{number}"}
        for error in errors
    ]
    return replace(refusal, errors=named)


def lock_what_is_meant(items: Sequence[Item]) -> None:
    """Lock leads, then customers, then sources, each in one order, so that two batches never wait in a ring."""
    moves = [item for item in items if isinstance(item, LeadToMove)]
    new = [item.lead for item in items if isinstance(item, LeadToCreate)]
    parts = [*new, *(item.lead for item in items if isinstance(item, LeadToChange))]
    lock_leads({item.id for item in items if not isinstance(item, LeadToCreate)})
    named = [*(move.change.customer_id for move in moves), *(lead.customer_id for lead in new)]
    won = {move.id for move in moves if move.change.status is LeadStatus.WON}
    lock_customers({customer_id for customer_id in named if customer_id is not None}, of_leads=won)
    # Backwards, so that the first spelling stays.
    sources = {part.source.strip().lower(): part.source for part in reversed(parts) if part.source}
    for _, source in sorted(sources.items()):
        use_source(source)
