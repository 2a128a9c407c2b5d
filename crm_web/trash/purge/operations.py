"""Permanent deletion of a record in the trash."""

from typing import Any

from sqlalchemy import delete, select, update

from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.models import Activity, Contact, Customer, Employee, File, IncomingEmail, Lead, set_audit_actor
from crm_web.records.operations import lock
from crm_web.trash.purge.queries import preview_purge
from crm_web.trash.queries import KINDS


class NotPurged(DomainError):
    """This record can't be deleted permanently."""


def purge(kind: str, record: Lead | Customer | Contact, *, by: Employee) -> None:
    """Delete a record permanently with its contacts, activities and files. Its history stays.

    :param kind: one of ``KINDS``
    :raise NotPurged: if it was restored meanwhile, was merged into another record, or has a conversion
    :raise RecordGone: if somebody else has just deleted it
    """
    set_audit_actor(by)
    if kind == "customer":
        # Leads before customers, as when winning, to avoid deadlocks.
        _run(select(Lead.id).where(Lead.customer_id == record.id).order_by(Lead.id).with_for_update(key_share=True))
    lock(record, deleting=True)
    if not record.is_in_trash:
        raise NotPurged("Someone has restored it.")
    if record.merged_into_id is not None:
        raise NotPurged("This record was merged into another one. Undo the merge first.")
    if obstacle := preview_purge(kind, record).obstacle:
        raise NotPurged(obstacle)
    record_id = record.id
    db.session.expunge(record)
    if kind != "contact":
        activities = select(Activity.id).where(getattr(Activity, f"{kind}_id") == record_id)
        _run(delete(IncomingEmail).where(IncomingEmail.activity_id.in_(activities)))
        for model in (File, Activity):
            _run(delete(model).where(getattr(model, f"{kind}_id") == record_id))
    if kind == "customer":
        _run(delete(Contact).where(Contact.customer_id == record_id))
        _run(update(Lead).where(Lead.customer_id == record_id).values(customer_id=None))
        _run(update(Customer).where(Customer.parent_id == record_id).values(parent_id=None))
    _run(delete(KINDS[kind]).where(KINDS[kind].id == record_id))


def _run(statement: Any) -> None:
    db.session.execute(statement, execution_options={"synchronize_session": False})
