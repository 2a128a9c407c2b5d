"""What the wins of a bulk edit left in the ledger."""

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import BulkEdit, BulkItem, Conversion


def list_conversions(edit: BulkEdit) -> set[int]:
    """
    List the leads whose customer an edit made or linked. Others that it won had been won before, and left Won since.

    :param edit: the edit, applied
    :return: their ids; the ledger knows them by the moment of the edit's one transaction
    """
    query = select(Conversion.lead_id).join(BulkItem, BulkItem.record_id == Conversion.lead_id)
    query = query.where(BulkItem.bulk_edit_id == edit.id, Conversion.undone_at.is_(None))
    return set(db.session.scalars(query.where(Conversion.converted_at == edit.applied_at)))
