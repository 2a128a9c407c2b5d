"""Finding what somebody typed before they were signed out."""

from datetime import timedelta

from sqlalchemy import func, select, text

from crm_web.core.extensions import db
from crm_web.models import Draft, Employee

KEPT_FOR = timedelta(hours=1)


def find_draft(draft_id: int, employee: Employee) -> Draft | None:
    """
    Find a form that was kept for somebody.

    :param draft_id: which
    :param employee: who asks
    :return: the form; ``None`` where they did not fill it in themselves, or too long ago
    """
    return db.session.scalar(
        select(Draft).where(
            Draft.id == draft_id, Draft.employee_id == employee.id, Draft.created_at > func.now() - KEPT_FOR
        )
    )


def forbid_writing() -> None:
    """Let the database refuse whatever this request would write."""
    db.session.execute(text("SET TRANSACTION READ ONLY"))
