"""Queries for files."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import bindparam, select, union_all
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import instance_state

from crm_web.core.extensions import db
from crm_web.lists.plain_rows import OF_RECORD, PlainRecords
from crm_web.models import Activity, Change, Customer, File, Lead
from crm_web.records.people import name_people_of_rows

Place = TypeVar("Place", Lead, Customer, Activity, Lead | Customer, Lead | Customer | Activity)
OF_ACTIVITY = ("id", "kind", "subject", "created_by_id", "assignee_id")
"""What is read of the activity that a file belongs to: its name, and who may edit it."""
MOST = 200
"""How many files of a record are listed."""


def list_files(*, lead_id: int | None = None, customer_id: int | None = None) -> list[Any]:
    """List the files of a lead or customer and of its activities, newest first, without those that were removed.

    :return: plain rows, each with its author, activity and lead; those of a customer with those of its leads
    """
    record_id = customer_id if lead_id is None else lead_id
    files = _select_files(is_of_lead=lead_id is not None).all(record_id=record_id)
    name_people_of_rows(files, "created_by")
    for activity, file in ((file.activity, file) for file in files if file.activity):
        activity.lead, activity.customer = file.lead, file.customer
    return files


@cache
def _select_files(*, is_of_lead: bool) -> PlainRecords:
    """Built once for each kind, since every record's page runs it."""
    record_id: Any = bindparam("record_id")
    query = select(File).where(File.deleted_at.is_(None))
    if is_of_lead:
        query = query.where(File.lead_id == record_id)
    else:
        of_leads = select(File.id).join(Lead, File.lead_id == Lead.id)
        ids = union_all(
            select(File.id).where(File.customer_id == record_id),
            of_leads.where(Lead.customer_id == record_id, Lead.deleted_at.is_(None)),
        )
        query = query.where(File.id.in_(ids))
    query = query.order_by(File.created_at.desc(), File.id.desc()).limit(MOST)
    return PlainRecords(query, File, activity=OF_ACTIVITY, lead=OF_RECORD, customer=OF_RECORD)


def get_file(file_id: int) -> File | None:
    """Find a file, removed or not, with its activity, its lead or customer, and the owner of that."""
    owners = (joinedload(File.lead).joinedload(Lead.owner), joinedload(File.customer).joinedload(Customer.owner))
    return db.session.scalar(select(File).where(File.id == file_id).options(joinedload(File.activity), *owners))


def find_again(place: Place) -> Place | None:
    """Find a record or activity in a new transaction; ``None`` if it was deleted meanwhile."""
    return cast(Place | None, db.session.get(place.__class__, instance_state(place).identity))


def record_of(place: Lead | Customer | Activity) -> Lead | Customer:
    """Return the lead or customer that lists the files of a place."""
    return place.record if isinstance(place, Activity) else place


def has_files(activity_id: int, *, added_after: datetime | None = None) -> bool:
    """Return whether an activity has files, removed ones included.

    :param added_after: only those that came later than this
    """
    found = select(File.id).where(File.activity_id == activity_id).limit(1)
    found = found if added_after is None else found.where(File.created_at > added_after)
    return db.session.scalar(found) is not None


def list_removed_with(activity: Activity, removed_id: int) -> Sequence[File]:
    """List the files in the trash that were removed with an activity, by their history.

    :param activity: the one that took its place, on the same record
    :param removed_id: the id that it had when it was removed
    """
    removed = select(Change.id).where(
        Change.entity == "file",
        Change.entity_id == File.id,
        Change.fields.has_key("deleted_at"),
        Change.fields["activity_id"][0].astext == str(removed_id),
    )
    on_record = (File.lead_id == activity.lead_id) if activity.lead_id else (File.customer_id == activity.customer_id)
    query = select(File).where(on_record, File.deleted_at.is_not(None), removed.exists()).order_by(File.id)
    return db.session.scalars(query.with_for_update(key_share=True, of=File)).all()
