"""Finding drafts."""

from datetime import timedelta

from sqlalchemy import func, select, text

from crm_web.core.extensions import db
from crm_web.models import Draft, Employee

KEPT_FOR = timedelta(hours=1)


def find_draft(draft_id: int, employee: Employee) -> Draft | None:
    """Find a draft of this employee that has not expired."""
    return db.session.scalar(
        select(Draft).where(
            Draft.id == draft_id, Draft.employee_id == employee.id, Draft.created_at > func.now() - KEPT_FOR
        )
    )


def forbid_writing() -> None:
    """Make the current transaction read-only."""
    db.session.execute(text("SET TRANSACTION READ ONLY"))
