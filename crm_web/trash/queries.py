"""Queries for the trash page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, cast, select, union_all
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import Page, load_page
from crm_web.models import Contact, Customer, Lead
from crm_web.records.people import map_employee_names

KINDS: dict[str, Any] = {"lead": Lead, "customer": Customer, "contact": Contact}
"""The kinds of record that can be in the trash."""


@dataclass(frozen=True)
class TrashedRecord:
    """A record in the trash.

    :param kind: one of ``KINDS``
    """

    kind: str
    record: Any
    deleted_at: datetime
    deleted_by: str

    @property
    def owned(self) -> Any:
        """The record whose owner decides about it: for a contact, its customer."""
        return self.record.customer if self.kind == "contact" else self.record

    @property
    def detail(self) -> str | None:
        """What tells it from others with the same name."""
        if self.kind == "lead":
            return self.record.company if self.record.company != self.record.name else None
        return f"at {self.record.customer.name}" if self.kind == "contact" else self.record.number


def list_trash(kind: str | None, *, cursor: str | None) -> Page:
    """Load a page of ``TrashedRecord``, last deleted first.

    :param kind: one of ``KINDS``; ``None`` for all
    """
    parts = [_select_places(name) for name in KINDS if kind in (None, name)]
    trash = union_all(*parts).subquery()
    newest_first = Sort(trash.c.deleted_at, trash.c.place, descending=True)
    page = load_page(select(trash.c.place), newest_first, cursor=cursor)
    return Page(_load_records(page.rows), page.next, page.previous, page.count)


def _select_places(kind: str) -> Select[Any]:
    """Number the records so that ids of different kinds don't collide and the order is total."""
    model = KINDS[kind]
    place = cast(model.id * len(KINDS) + list(KINDS).index(kind), BigInteger).label("place")
    return select(place, model.deleted_at).where(model.deleted_at.is_not(None), model.merged_into_id.is_(None))


def _load_records(places: Iterable[int]) -> list[TrashedRecord]:
    places = list(places)
    found: dict[int, Any] = {}
    for index, (kind, model) in enumerate(KINDS.items()):
        ids = [place // len(KINDS) for place in places if place % len(KINDS) == index]
        loaded = (
            joinedload(Contact.customer).joinedload(Customer.owner) if kind == "contact" else joinedload(model.owner)
        )
        query = select(model).where(model.id.in_(ids)).options(loaded)
        found |= {record.id * len(KINDS) + index: record for record in db.session.scalars(query)}
    names = map_employee_names({record.deleted_by_id for record in found.values()})
    return [
        TrashedRecord(
            list(KINDS)[place % len(KINDS)], found[place], found[place].deleted_at, names[found[place].deleted_by_id]
        )
        for place in places
    ]
