"""The list of activities, a column at a time: what the table, its orders and its files show of each."""

from types import SimpleNamespace

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from crm_web.lists.columns import Column
from crm_web.lists.sorting import folded
from crm_web.lists.spec import ListSpec
from crm_web.models import Activity, Customer, Employee, Lead

Author, Assignee = aliased(Employee), aliased(Employee)
_LEAD, _CUSTOMER = aliased(Lead), aliased(Customer)

_RECORD_NAME = func.coalesce(
    select(_LEAD.name).where(_LEAD.id == Activity.lead_id).correlate(Activity).scalar_subquery(),
    select(_CUSTOMER.name).where(_CUSTOMER.id == Activity.customer_id).correlate(Activity).scalar_subquery(),
)
"""Looked up for each row, as it is sorted by where there are few."""

COLUMNS = (
    Column("kind", "Type", "word"),
    Column("record", "Lead or customer", "record", "on", joined=func.coalesce(Lead.name, Customer.name),
           sort=folded(_RECORD_NAME)),
    Column("created_by", "Added by", width="person", path="created_by.name", joined=Author.name),
    Column("assignee", "Assigned to", width="person", path="assignee.name", joined=Assignee.name),
    Column("due_on", "Due", "date", "date"),
    Column("priority", "Priority", "word", "word"),
    Column("remind_at", "Reminder", "moment", "date"),
    Column("outcome", "Outcome", "word", "word"),
    Column("done_at", "Completed", "moment", "date"),
    # The index gives the order; only what happened in the same moment is sorted by id.
    Column("happened_at", "Date", "moment", "date", is_indexed=True, filters=("happened_from", "happened_to")),
    Column("created_at", "Created", "moment", "date"),
    Column("updated_at", "Updated", "moment", "date"),
)  # fmt: skip
"""Every column, in the order in which they stand."""


class ActivityRow(SimpleNamespace):
    """A row of the list, as an activity tells it."""

    is_task, record = Activity.is_task, Activity.record


ACTIVITIES = ListSpec(
    Activity,
    Column("subject", "Activity"),
    COLUMNS,
    shown=("kind", "record", "created_by", "happened_at"),
    default_sort="-happened_at",
    orders={},
    row=ActivityRow,
    always=(
        Activity.id,
        Activity.kind,
        Activity.subject,
        Activity.lead_id,
        Activity.customer_id,
        Activity.due_on,
        Activity.due_time,
        Activity.done_at,
        Activity.assignee_id,
        Activity.created_by_id,
    ),
    always_related={
        "lead": ["name", "deleted_at", "owner_id"],
        "customer": ["name", "deleted_at", "owner_id"],
        "assignee": ["name"],
    },
    related=(
        (Author, Activity.created_by_id),
        (Assignee, Activity.assignee_id),
        (Lead, Activity.lead_id),
        (Customer, Activity.customer_id),
    ),
    found_by={
        ("author_ids",): (),
        ("assignee_ids",): (),
        ("is_done",): (),
        ("happened_from", "happened_to"): (),
    },
    file={
        "ID": Activity.id,
        "Activity": Activity.subject,
        "Type": Activity.kind,
        "Lead ID": Activity.lead_id,
        "Lead": Lead.name,
        "Customer number": Customer.number,
        "Customer": Customer.name,
        "Details": Activity.body,
        "Date": Activity.happened_at,
        "Due on": Activity.due_on,
        "Due time": Activity.due_time,
        "Priority": Activity.priority,
        "Repeats": Activity.recurrence,
        "Reminder": Activity.remind_at,
        "Outcome": Activity.outcome,
        "Completed at": Activity.done_at,
        "Assigned to": Assignee.name,
        "Assigned to email": Assignee.email,
        "Added by": Author.name,
        "Added by email": Author.email,
        "Created at": Activity.created_at,
        "Updated at": Activity.updated_at,
    },
)
