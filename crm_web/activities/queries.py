"""What the pages ask about activities."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from crm_web.extensions import db
from crm_web.models import Activity, Employee


def get_activity(activity_id: int) -> Activity | None:
    """
    Load an activity with the lead or customer that it is on.

    :param activity_id: its id
    :return: the activity; ``None`` where there is none
    """
    loaded = (joinedload(Activity.lead), joinedload(Activity.customer))
    return db.session.scalar(select(Activity).where(Activity.id == activity_id).options(*loaded))


def list_assignees() -> Sequence[Employee]:
    """
    List to whom a task can be given.

    :return: everybody who works here today, by name
    """
    query = select(Employee).where(Employee.is_active)
    return db.session.scalars(query.order_by(func.crm_fold(Employee.name), Employee.id)).all()
