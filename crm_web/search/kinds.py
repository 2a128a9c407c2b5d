"""What is searched: one kind for each table, and how its rows are found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, case, collate, exists, false, func, or_, select

from crm_web.models import Activity, Contact, Customer, CustomerStatus, Employee, Lead, StatusKind
from crm_web.records.matching import Way


@dataclass(frozen=True, eq=False)
class Kind:
    """How one table is searched.

    :param name: an index knows it, except that of activities
    :param text: has its words, which an index knows
    :param read_text: the same, written to be read row by row, where that is another way
    :param visible: what is asked of each row; ``LIVING`` asks the rest, only of those that match
    """

    entity: str
    model: Any
    name: ColumnElement[str]
    text: ColumnElement[str]
    is_over: ColumnElement[bool]
    newest: Sequence[ColumnElement[Any]]
    visible: Sequence[ColumnElement[bool]]
    read_text: ColumnElement[str] | None = None
    most_newest: int = 1000
    """So many of the newest are looked at first."""

    @property
    def way(self) -> Way:
        """How rare words are found: not by their parts where each of them would fold the text of a row again."""
        return Way.PARTS if self.read_text is None else Way.INDEX


def _fold_quickly(text: ColumnElement[str]) -> ColumnElement[str]:
    """``crm_fold``, which takes 10 µs even for ASCII, called only for texts that have more than that."""
    is_ascii = func.octet_length(text) == func.char_length(text)
    return case((is_ascii, func.lower(collate(text, "C"))), else_=func.crm_fold(text))


LIVING = {
    Contact: exists().where(Customer.id == Contact.customer_id, Customer.deleted_at.is_(None)),
    # Each record is looked up: for EXISTS the planner would rather read all customers, of however few activities.
    Activity: or_(
        select(Lead.deleted_at.is_(None)).where(Lead.id == Activity.lead_id).scalar_subquery(),
        select(Customer.deleted_at.is_(None)).where(Customer.id == Activity.customer_id).scalar_subquery(),
    ),
}
"""What belongs to a record is not found while that is in the trash."""
_RECORDS_OF_ALL = (
    Kind(
        "lead",
        Lead,
        Lead.sort_name.expression,
        Lead.search_text.expression,
        Lead.status.not_in(StatusKind.OPEN.statuses),
        (Lead.updated_at.desc(), Lead.id.desc()),
        [Lead.deleted_at.is_(None)],
    ),
    Kind(
        "customer",
        Customer,
        Customer.sort_name.expression,
        Customer.search_text.expression,
        Customer.status != CustomerStatus.ACTIVE,
        (Customer.updated_at.desc(), Customer.id.desc()),
        [Customer.deleted_at.is_(None)],
    ),
    Kind(
        "contact",
        Contact,
        Contact.sort_name.expression,
        Contact.search_text.expression,
        false(),
        (Contact.id.desc(),),
        [Contact.deleted_at.is_(None)],
    ),
)
ACTIVITIES = Kind(
    "activity",
    Activity,
    _fold_quickly(Activity.subject.expression),
    Activity.folded_text(),
    ~Activity.is_open_task.expression,
    (Activity.happened_at.desc(),),
    [],
    _fold_quickly(Activity.whole_text()),
    # Their texts are long, and are folded when they are looked at.
    most_newest=400,
)
_EMPLOYEES = Kind(
    "employee",
    Employee,
    Employee.sort_name.expression,
    Employee.search_text.expression,
    Employee.is_active.is_(False),
    (Employee.id.desc(),),
    [],
)
_ACTIVE_EMPLOYEES = replace(_EMPLOYEES, is_over=false(), visible=[Employee.is_active.expression])
KINDS = (*_RECORDS_OF_ALL, _EMPLOYEES, ACTIVITIES)
ACTIVE_KINDS = (*_RECORDS_OF_ALL, _ACTIVE_EMPLOYEES, ACTIVITIES)
