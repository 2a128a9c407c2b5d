"""The change feed, ordered so that no change ever appears before one that was read already."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, literal, select, tuple_
from sqlalchemy.orm import undefer

from crm_web.core.extensions import db
from crm_web.models import Change


@dataclass(frozen=True)
class ChangeCursor:
    """A position in the feed."""

    xact: int
    change_id: int

    def __str__(self) -> str:
        return f"{self.xact}-{self.change_id}"


def list_changes_after(cursor: ChangeCursor | None, *, limit: int) -> Sequence[Change]:
    """List the changes after a position in the feed, oldest first. None is ever skipped or repeated.

    Ids of changes are assigned before their transactions commit, so a higher one may become visible before a lower one.
    Changes of a transaction that began after the oldest open one therefore wait until that one ends. Open transactions
    in other databases of the server are waited for only if this role may not see which database they are in.

    :param cursor: the last change that was read; ``None`` starts with the oldest
    :return: the changes, each with its transaction id
    """
    order = (Change.xact, Change.id)
    query = select(Change).where(Change.xact < func.crm_settled_before(type_=Change.xact.type))
    if cursor is not None:
        there = tuple_(literal(cursor.xact, Change.xact.type), literal(cursor.change_id))
        query = query.where(tuple_(*order) > there)
    return db.session.scalars(query.options(undefer(Change.xact)).order_by(*order).limit(limit)).all()


def cursor_of(change: Change) -> ChangeCursor:
    """Return the position of a change in the feed."""
    return ChangeCursor(change.xact, change.id)
