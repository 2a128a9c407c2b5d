"""What the pages ask about saved views."""

from collections.abc import Sequence

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import contains_eager

from crm_web.extensions import db
from crm_web.models import Employee, SavedView, ViewChoice

MOST_VIEWS = 200
"""How many views a person is shown at most, their own and their pinned ones before others."""

Kept = tuple[SavedView, ViewChoice | None]
"""A view, and what the person made of it."""


def list_views(employee: Employee) -> Sequence[Kept]:
    """
    List the views that a person sees, their own and those that others share, in one statement.

    :param employee: the person
    :return: each with its owner and the person's choice, by list and name
    """
    mine = and_(ViewChoice.view_id == SavedView.id, ViewChoice.employee_id == employee.id)
    is_near = or_(SavedView.owner_id == employee.id, ViewChoice.is_pinned, ViewChoice.is_default)
    chosen = (
        select(SavedView.id)
        .outerjoin(ViewChoice, mine)
        .where(SavedView.deleted_at.is_(None), or_(SavedView.owner_id == employee.id, SavedView.is_shared))
        .order_by(case((is_near, 0), else_=1), func.lower(SavedView.name), SavedView.id)
        .limit(MOST_VIEWS)
    )
    query = select(SavedView, ViewChoice).outerjoin(ViewChoice, mine).join(SavedView.owner)
    query = query.where(SavedView.id.in_(chosen)).options(contains_eager(SavedView.owner))
    ordered = query.order_by(SavedView.list.desc(), func.lower(SavedView.name), SavedView.id)
    return [(view, choice) for view, choice in db.session.execute(ordered)]


def find_view(view_id: int, *, by: Employee) -> SavedView | None:
    """
    Find a view that a person sees.

    :param view_id: which
    :param by: the person
    :return: the view, one of their own in the trash or not; ``None`` where they see none by that id
    """
    is_seen = or_(SavedView.owner_id == by.id, and_(SavedView.is_shared, SavedView.deleted_at.is_(None)))
    return db.session.scalar(select(SavedView).where(SavedView.id == view_id, is_seen))


def find_choice(view: SavedView, *, by: Employee) -> ViewChoice | None:
    """
    Find what a person made of a view.

    :param view: the view
    :param by: the person
    :return: their choice; ``None`` where they made none
    """
    return db.session.get(ViewChoice, (by.id, view.id))
