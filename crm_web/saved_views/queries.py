"""Queries for saved views."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, false, func, or_, select

from crm_web.core.extensions import db
from crm_web.core.versioned_cache import VersionedCache
from crm_web.models import Employee, SavedView, ViewChoice

MOST_VIEWS = 200
"""How many views a person is shown at most, their own and their pinned ones before others."""


def list_seen_views(employee: Employee) -> Sequence[Mapping[str, Any]]:
    """List what pages show of the views that a person sees, their own and shared ones, by list and name."""
    return _seen.get(employee.id)


def _load_seen(employee_id: int) -> Sequence[Mapping[str, Any]]:
    return [dict(row._mapping) for row in db.session.execute(_select_seen(), {"employee_id": employee_id})]


_seen = VersionedCache(_load_seen, "saved_views", "view_choices", "employees")


@cache
def _select_seen() -> Select[Any]:
    employee_id: Any = bindparam("employee_id")
    mine = and_(ViewChoice.view_id == SavedView.id, ViewChoice.employee_id == employee_id)
    is_near = or_(SavedView.owner_id == employee_id, ViewChoice.is_pinned, ViewChoice.is_default)
    place = func.crm_fold(SavedView.name)
    own = (SavedView.id, SavedView.list, SavedView.name, SavedView.address, SavedView.is_shared, SavedView.owner_id)
    nearest = (
        select(
            *own,
            Employee.name.label("owner_name"),
            func.coalesce(ViewChoice.is_pinned, false()).label("is_pinned"),
            func.coalesce(ViewChoice.is_default, false()).label("is_default"),
        )
        .select_from(SavedView)
        .outerjoin(ViewChoice, mine)
        .join(Employee, Employee.id == SavedView.owner_id)
        .where(SavedView.deleted_at.is_(None), or_(SavedView.owner_id == employee_id, SavedView.is_shared))
        .order_by(case((is_near, 0), else_=1), place, SavedView.id)
        .limit(MOST_VIEWS)
        .subquery()
    )
    return select(nearest).order_by(nearest.c.list.desc(), func.crm_fold(nearest.c.name), nearest.c.id)


def find_view(view_id: int, *, by: Employee) -> SavedView | None:
    """Find a view that a person sees, including their own in the trash."""
    is_seen = or_(SavedView.owner_id == by.id, and_(SavedView.is_shared, SavedView.deleted_at.is_(None)))
    return db.session.scalar(select(SavedView).where(SavedView.id == view_id, is_seen))
