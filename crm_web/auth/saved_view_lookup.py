"""A hook that loads the saved views a person sees together with the query for who is signed in."""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, false, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from crm_web.models import Employee, SavedView, ViewChoice

SHOWN = ("id", "list", "name", "address", "is_shared", "owner_id", "owner_name", "is_pinned", "is_default")
"""What pages show of a view."""
MOST_VIEWS = 200
"""How many views a person is shown at most, their own and their pinned ones before others."""


def views_of(employee_id: ColumnElement[int]) -> ScalarSelect[Any]:
    """Build a subquery for the views that a person sees: their own and shared ones.

    Every page shows some of them, so loading them with the session costs no query of its own.

    :return: a JSON list of objects, by list and name; ``None`` if there are none
    """
    mine = and_(ViewChoice.view_id == SavedView.id, ViewChoice.employee_id == employee_id)
    is_near = or_(SavedView.owner_id == employee_id, ViewChoice.is_pinned, ViewChoice.is_default)
    keeper = aliased(Employee)
    seen = (
        select(
            SavedView.id,
            SavedView.list,
            SavedView.name,
            SavedView.address,
            SavedView.is_shared,
            SavedView.owner_id,
            keeper.name.label("owner_name"),
            func.coalesce(ViewChoice.is_pinned, false()).label("is_pinned"),
            func.coalesce(ViewChoice.is_default, false()).label("is_default"),
            func.crm_fold(SavedView.name).label("place"),
        )
        .select_from(SavedView)
        .outerjoin(ViewChoice, mine)
        .join(keeper, keeper.id == SavedView.owner_id)
        .where(SavedView.deleted_at.is_(None), or_(SavedView.owner_id == employee_id, SavedView.is_shared))
        .order_by(case((is_near, 0), else_=1), func.crm_fold(SavedView.name), SavedView.id)
        .limit(MOST_VIEWS)
        .correlate(employee_id.table)
        .lateral("seen")
    )
    view = func.jsonb_build_object(*(part for column in SHOWN for part in (column, seen.c[column])))
    ordered = aggregate_order_by(view, seen.c.list.desc(), seen.c.place, seen.c.id)
    return select(func.jsonb_agg(ordered)).select_from(seen).scalar_subquery()
