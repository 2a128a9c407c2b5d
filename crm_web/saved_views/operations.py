"""What people do with views: keep, rename, share and delete them, pin them, and begin with one."""

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
from crm_web.records.operations import lock, move_to_trash, take_from_trash


class NameTaken(Conflict):
    """The person has another view of that list by that name."""


def create_view(list_name: ListName, address: str, values: Mapping[str, Any], *, by: Employee) -> SavedView:
    """
    Keep the address of a list under a name.

    :param list_name: the list
    :param address: its query
    :param values: ``name`` and ``is_shared``
    :param by: whose view it is
    :return: the view
    :raise NameTaken: where they have one by that name
    """
    set_audit_actor(by)
    view = SavedView(list=list_name, address=address, owner_id=by.id, **values)
    with _refusals_in_words():
        db.session.add(view)
        db.session.flush()
    return view


def change_view(view: SavedView, values: Mapping[str, Any], *, by: Employee) -> None:
    """
    Rename a view, share it or keep it to oneself again.

    :param view: the view
    :param values: ``name`` and ``is_shared``, or one of them
    :param by: the employee who changes it
    :raise NameTaken: where its owner has another one by that name
    """
    set_audit_actor(by)
    lock(view)
    with _refusals_in_words():
        for name, value in values.items():
            setattr(view, name, value)
        db.session.flush()


def save_address(view: SavedView, address: str, *, by: Employee) -> None:
    """
    Let a view show what its list shows now.

    :param view: the view
    :param address: the query of the list
    :param by: the employee who changes it
    """
    set_audit_actor(by)
    lock(view)
    view.address = address
    db.session.flush()


def trash_view(view: SavedView, *, by: Employee) -> None:
    """
    Delete a view, for everyone who sees it.

    :param view: the view
    :param by: the employee who deletes it
    """
    move_to_trash(view, by=by)


def restore_view(view: SavedView, *, by: Employee) -> None:
    """
    Bring a deleted view back.

    :param view: the view
    :param by: the employee who wants it back
    :raise NameTaken: where its owner has another one by that name by now
    """
    with _refusals_in_words():
        take_from_trash(view, by=by)


def pin_view(view: SavedView, is_pinned: bool, *, by: Employee) -> None:
    """
    Put a view into one's own navigation, or take it out.

    :param view: the view
    :param is_pinned: whether it stands there from now on
    :param by: whose navigation
    """
    _choose(view, by, is_pinned=is_pinned)


def begin_with_view(view: SavedView, is_default: bool, *, by: Employee) -> None:
    """
    Begin with a view when one goes to its list by the navigation, or not any more.

    :param view: the view
    :param is_default: whether it is the one from now on; another one is not then
    :param by: who begins with it
    """
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
        raise NameTaken("There is a view by that name already. Choose another one.", "name") from error
