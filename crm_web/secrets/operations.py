"""Sealing secrets with the present key, and dropping those that are not sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import undefer

from crm_web.core.extensions import db
from crm_web.core.sealing import FIRST_SEALED, WrongKey, read, seal
from crm_web.health.queries import serve_from
from crm_web.models import Authenticator, Webhook

SEALED: tuple[type[Authenticator] | type[Webhook], ...] = (Authenticator, Webhook)


@dataclass(frozen=True)
class Rotation:
    """What was sealed.

    :param unreadable: tables and keys of rows that were sealed with a key that is not among ours
    """

    sealed: int
    unreadable: tuple[str, ...]


def rotate() -> Rotation:
    """Seal all secrets with ``SECRET_KEY``, whichever key sealed them before."""
    sealed, unreadable = 0, []
    for table in SEALED:
        query = (
            select(table).options(undefer("*")).order_by(*table.__table__.primary_key).with_for_update(key_share=True)
        )
        rows: Sequence[Any] = db.session.scalars(query).all()
        for row in rows:
            try:
                row.sealed_secret = seal(read(row))
                sealed += 1
            except WrongKey:
                unreadable.append(f"{table.__tablename__} {db.inspect(row).identity[0]}")
    db.session.flush()
    return Rotation(sealed, tuple(unreadable))


def forbid_earlier_releases() -> None:
    """Stop releases that don't know sealed secrets from serving; from the commit on, no plain secret is written."""
    serve_from(db.session.connection(), FIRST_SEALED)


def drop_plain() -> None:
    """Delete the secrets that are not sealed."""
    for table in SEALED:
        db.session.execute(update(table).where(table.sealed_secret.is_not(None)).values(secret=None))
