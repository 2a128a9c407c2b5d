"""Storing and expiring drafts."""

import json
from collections.abc import Sequence

from sqlalchemy import delete, select

from crm_web.core.extensions import db
from crm_web.models import Draft, limit_of
from crm_web.models.draft import LARGEST_DRAFT

MOST_DRAFTS = 50
"""Of one person; more than that many forms nobody fills in within an hour."""


def keep_draft(employee_id: int, place: str, fields: Sequence[tuple[str, str]]) -> Draft | None:
    """Store a form that was not saved.

    :param fields: names and values, without passwords and other secrets
    :return: the draft, or ``None`` if it is too large
    """
    kept = [[name.replace("\x00", "\ufffd"), value.replace("\x00", "\ufffd")] for name, value in fields]
    if len(json.dumps(kept, ensure_ascii=False)) > LARGEST_DRAFT or len(place) > limit_of(Draft.place):
        return None
    draft = Draft(employee_id=employee_id, place=place, fields=kept)
    db.session.add(draft)
    db.session.flush()
    newest = select(Draft.id).where(Draft.employee_id == employee_id).order_by(Draft.id.desc()).limit(MOST_DRAFTS)
    older = delete(Draft).where(Draft.employee_id == employee_id, Draft.id.not_in(newest))
    db.session.execute(older, execution_options={"synchronize_session": False})
    return draft
