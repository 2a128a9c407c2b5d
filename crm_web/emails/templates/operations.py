"""Adding, changing and deleting templates of emails."""

from collections.abc import Mapping
from typing import Any

from crm_web.core.extensions import db
from crm_web.models import Employee, MailTemplate, set_audit_actor
from crm_web.records.operations import lock, lock_unchanged


def create_template(values: Mapping[str, Any], *, by: Employee) -> MailTemplate:
    """Create a template.

    :param values: the form's columns
    """
    set_audit_actor(by)
    template = MailTemplate(**values)
    db.session.add(template)
    db.session.flush()
    return template


def change_template(template: MailTemplate, values: Mapping[str, Any], *, version: int, by: Employee) -> None:
    """Change a template.

    :param values: the form's columns
    :param version: the version that the form was opened with
    :raise SavedMeanwhile: if somebody else saved it since
    """
    set_audit_actor(by)
    lock_unchanged(template, version)
    for name, value in values.items():
        setattr(template, name, value)
    db.session.flush()


def delete_template(template: MailTemplate) -> None:
    """Delete a template; emails that were written with it stay."""
    lock(template)
    db.session.delete(template)
    db.session.flush()
