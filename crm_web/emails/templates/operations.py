"""Adding, changing and deleting templates of emails."""

from collections.abc import Mapping
from typing import Any

from crm_web.core.errors import Conflict
from crm_web.core.extensions import db
from crm_web.models import Employee, MailTemplate, set_audit_actor
from crm_web.records.operations import lock


class TemplateChangedMeanwhile(Conflict):
    """Somebody else saved the template after the form was opened."""


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
    :raise TemplateChangedMeanwhile: if somebody else saved it since
    """
    set_audit_actor(by)
    lock(template)
    if template.version != version:
        raise TemplateChangedMeanwhile(
            "Someone else saved changes after you opened this page. Reload it and try again."
        )
    for name, value in values.items():
        setattr(template, name, value)
    db.session.flush()


def delete_template(template: MailTemplate) -> None:
    """Delete a template; emails that were written with it stay."""
    lock(template)
    db.session.delete(template)
    db.session.flush()
