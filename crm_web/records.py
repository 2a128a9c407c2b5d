"""What happens to leads, customers and contacts alike: locked, given to someone, moved to the trash and back."""

from sqlalchemy import select

from crm_web.clock import now
from crm_web.errors import DomainError
from crm_web.extensions import db
from crm_web.models import Contact, Customer, Employee, Lead, record_by

Record = Lead | Customer | Contact


class OwnerNotEntitled(DomainError):
    """The person chosen as owner is not active or does not sell."""


def lock(record: Record) -> None:
    """
    Lock a record's row until the transaction ends, and read it afresh.

    :param record: the record; only its own row is locked, whatever was loaded along with it
    """
    db.session.refresh(record, with_for_update={"of": type(record)})


def check_owner(owner_id: int | None) -> None:
    """
    Make sure that a record may belong to someone.

    It waits for a deactivation of that person that is under way, so that it is refused here and not by the table.

    :param owner_id: the employee; ``None`` for nobody
    :raise OwnerNotEntitled: where that person is not active or does not sell
    """
    owner = None if owner_id is None else db.session.get(Employee, owner_id)
    if owner is not None:
        db.session.refresh(owner, with_for_update={"read": True, "key_share": True, "of": Employee})
    if owner_id is not None and (owner is None or not owner.can_own):
        raise OwnerNotEntitled("Choose an owner who is active and sells.", "owner_id")


def tell_who_overtook(record: Record) -> str:
    """
    Say who saved a record after a form was opened.

    :param record: the record, read afresh
    :return: a sentence for the page
    """
    who = db.session.scalar(select(Employee.name).where(Employee.id == record.updated_by_id)) or "Someone"
    return f"{who} saved changes here after you opened this page. Look at them, then save yours again."


def move_to_trash(record: Record, *, by: Employee) -> None:
    """
    Move a record to the trash; whatever refers to it stays as it is.

    :param record: the record; one that is in the trash already stays there
    :param by: the employee who does it
    """
    record_by(by)
    lock(record)
    if not record.is_in_trash:
        record.deleted_at, record.deleted_by_id = now(), by.id
        db.session.flush()


def take_from_trash(record: Record, *, by: Employee) -> None:
    """
    Take a record out of the trash.

    :param record: the record; one that is not in the trash stays as it is
    :param by: the employee who does it
    """
    record_by(by)
    lock(record)
    if record.is_in_trash:
        record.deleted_at = record.deleted_by_id = None
        db.session.flush()
