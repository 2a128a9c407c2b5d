"""Saving, renaming, sharing, deleting and pinning views, and choosing a default one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from psycopg2 import errors as refused
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from crm_web.core.errors import Conflict
from crm_web.core.extensions import db
from crm_web.models import Employee, ListName, SavedView, ViewChoice, set_audit_actor
from crm_web.records.operations import lock, move_to_trash, restore_from_trash


class NameTaken(Conflict):
    """The person has another view of that list with that name."""


def create_view(list_name: ListName, address: str, values: Mapping[str, Any], *, by: Employee) -> SavedView:
    """Save a list as a view.

    :param address: the query string of the list
    :param values: ``name`` and ``is_shared``
    :raise NameTaken: if they have one with that name
    """
    set_audit_actor(by)
    view = SavedView(list=list_name, address=address, owner_id=by.id, **values)
    with _refusals_in_words():
        db.session.add(view)
        db.session.flush()
    return view


def change_view(view: SavedView, values: Mapping[str, Any], *, by: Employee) -> None:
    """Rename a view, share it or make it private.

    :param values: ``name`` and ``is_shared``, or one of them
    :raise NameTaken: if its owner has another one with that name
    """
    set_audit_actor(by)
    lock(view)
    with _refusals_in_words():
        for name, value in values.items():
            setattr(view, name, value)
        db.session.flush()


def save_address(view: SavedView, address: str, *, by: Employee) -> None:
    """Change what a view shows."""
    set_audit_actor(by)
    lock(view)
    view.address = address
    db.session.flush()


def trash_view(view: SavedView, *, by: Employee) -> None:
    """Delete a view for everyone who sees it."""
    move_to_trash(view, by=by)


def restore_view(view: SavedView, *, by: Employee) -> None:
    """Restore a deleted view.

    :raise NameTaken: if its owner has another one with that name by now
    """
    with _refusals_in_words():
        restore_from_trash(view, by=by)


def pin_view(view: SavedView, is_pinned: bool, *, by: Employee) -> None:
    """Pin a view to one's own navigation, or unpin it."""
    _choose(view, by, is_pinned=is_pinned)


def begin_with_view(view: SavedView, is_default: bool, *, by: Employee) -> None:
    """Make a view one's default for its list in place of another, or stop it being so."""
    set_audit_actor(by)
    if is_default:
        mine = (ViewChoice.employee_id == by.id, ViewChoice.list == view.list, ViewChoice.view_id != view.id)
        db.session.execute(update(ViewChoice).where(*mine, ViewChoice.is_default).values(is_default=False))
    _choose(view, by, is_default=is_default)


def _choose(view: SavedView, by: Employee, **choice: bool) -> None:
    set_audit_actor(by)
    row = insert(ViewChoice).values(employee_id=by.id, view_id=view.id, list=view.list, **choice)
    db.session.execute(row.on_conflict_do_update(index_elements=["employee_id", "view_id"], set_=choice))


@contextmanager
def _refusals_in_words() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if cast(refused.IntegrityError, error.orig).diag.constraint_name != "uq_saved_views_name":
            raise
        raise NameTaken("You already have a view with this name. Choose another name.", "name") from error
