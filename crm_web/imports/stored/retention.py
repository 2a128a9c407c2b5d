"""Deletion of uploaded files, and of what their rows hold, after some time."""

from sqlalchemy import func, select

from crm_web.core.extensions import db
from crm_web.imports.stored.operations import FILES_KEPT_FOR, delete_file, delete_import
from crm_web.models import Import


def delete_expired_import_files() -> bool:
    """Delete the file of one import that was kept for long enough; one that was never finished ends with it.

    :return: whether there may be more
    """
    expired = select(Import).where(Import.file_deleted_at.is_(None), Import.created_at < func.now() - FILES_KEPT_FOR)
    expired = expired.order_by(Import.created_at).limit(1).with_for_update(key_share=True, skip_locked=True, of=Import)
    record = db.session.scalar(expired)
    if record is None:
        return False
    if record.imported_at:
        delete_file(record)
    else:
        delete_import(record)
    return True
