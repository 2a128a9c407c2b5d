"""What changed since: in an order in which nothing ever appears before what was seen already."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, literal, select, tuple_
from sqlalchemy.orm import undefer

from crm_web.core.extensions import db
from crm_web.models import Change


@dataclass(frozen=True)
class ChangeCursor:
    """
    A place in the feed.

    :param xact: the number of the transaction
    :param change_id: the number of the change within it
    """

    xact: int
    change_id: int

    def __str__(self) -> str:
        return f"{self.xact}-{self.change_id}"


def list_changes_after(cursor: ChangeCursor | None, *, limit: int) -> Sequence[Change]:
    """
    List what changed after a place in the feed, oldest first; nothing is ever left out, nothing comes twice.

    Numbers of changes are given out before their transactions end, so a higher one may be seen before a lower one.
    What belongs to a transaction that began after the oldest one that is still open waits until that has ended; one
    that is open in another database of the same server is waited for only where this role may not see whose it is.

    :param cursor: the last change that was seen; ``None`` begins at the first that is known
    :param limit: how many at most
    :return: the changes, each with the number of its transaction
    """
    order = (Change.xact, Change.id)
    query = select(Change).where(Change.xact < func.crm_settled_before(type_=Change.xact.type))
    if cursor is not None:
        there = tuple_(literal(cursor.xact, Change.xact.type), literal(cursor.change_id))
        query = query.where(tuple_(*order) > there)
    return db.session.scalars(query.options(undefer(Change.xact)).order_by(*order).limit(limit)).all()


def cursor_of(change: Change) -> ChangeCursor:
    """
    Tell the place of a change in the feed.

    :param change: the change, with the number of its transaction
    :return: its place
    """
    return ChangeCursor(change.xact, change.id)
