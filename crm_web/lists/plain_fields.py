"""Form fields for the plain columns of a list."""

from collections.abc import Callable
from typing import TypeVar

from crm_web.lists.spec import ListSpec
from crm_web.models import limit_of
from crm_web.web.field_groups import GroupedForm
from crm_web.web.form_fields import TextLine

F = TypeVar("F", bound=type[GroupedForm])


def with_plain_fields(spec: ListSpec) -> Callable[[F], F]:
    """Add a text field to a form for each plain column, with the column's label and length."""

    def add(form: F) -> F:
        for column in spec.plain:
            setattr(form, column.key, TextLine(column.label, limit_of(getattr(spec.model, column.key))))
        return form

    return add
