"""Queries for templates of emails."""

from collections.abc import Sequence

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import MailTemplate

MOST = 200
"""How many templates are offered."""


def list_templates() -> Sequence[MailTemplate]:
    """List the templates by name."""
    return db.session.scalars(select(MailTemplate).order_by(MailTemplate.name, MailTemplate.id).limit(MOST)).all()


def get_template(template_id: int) -> MailTemplate | None:
    """Find a template."""
    return db.session.get(MailTemplate, template_id)
