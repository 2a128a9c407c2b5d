"""Undo of a bulk edit for the open tasks that went to the new owner with their records."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import text

from crm_web.core.extensions import db
from crm_web.models import BulkAction, BulkEdit, BulkEntity

_KEEP = text("SELECT set_config('crm.tasks_stay', :stay, true)")
# The changes of an edit are those of its one transaction: by the same person, at the same moment.
_PUT_BACK = """
UPDATE activities a SET assignee_id = (c.fields #>> '{{assignee_id,0}}')::bigint
FROM changes c
WHERE c.source = 'bulk' AND c.at = :at AND c.actor_id = :actor_id AND c.entity = 'activity' AND c.action = 'changed'
    AND c.fields ? 'assignee_id' AND a.id = c.entity_id AND a.{record} = ANY (:ids) AND a.done_at IS NULL
    AND a.assignee_id IS NOT DISTINCT FROM (c.fields #>> '{{assignee_id,1}}')::bigint
    AND NOT EXISTS (SELECT FROM employees e WHERE e.id::text = c.fields #>> '{{assignee_id,0}}' AND NOT e.is_active)
"""


@contextmanager
def tasks_stay(edit: BulkEdit) -> Iterator[None]:
    """Change owners without moving their open tasks during a block; history knows who had them."""
    if edit.action is not BulkAction.ASSIGN:
        yield
        return
    db.session.execute(_KEEP, {"stay": "yes"})
    yield
    db.session.execute(_KEEP, {"stay": ""})


def put_back_tasks(edit: BulkEdit, record_ids: Sequence[int]) -> None:
    """Return the tasks that an edit moved to their earlier assignees, unless they were moved or done since.

    :param record_ids: its records that have their old owner again
    """
    statement = text(_PUT_BACK.format(record="lead_id" if edit.entity is BulkEntity.LEAD else "customer_id"))
    values = {"at": edit.applied_at, "actor_id": edit.made_by_id, "ids": list(record_ids)}
    db.session.execute(statement, values)
