"""Forms whose fields stand in groups: the form says which, and one macro draws them all."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from wtforms import Field

from crm_web.web.form_fields import RecordForm


class FieldPlace(NamedTuple):
    """A field in a group, and the class of its width; empty for the field's own."""

    name: str
    width: str


@dataclass
class FieldGroup:
    """
    Fields that stand together under a heading.

    :param lines: the names of the fields, such as ``company``; with blanks between them they stand in one row, and a
        width may follow a name: ``postal_code:number city``
    :param is_folded: whether the group is folded away as long as nothing in it is filled or wrong
    """

    title: str
    lines: Iterable[str]
    help: str = ""
    is_folded: bool = False
    rows: list[list[FieldPlace]] = field(init=False)

    def __post_init__(self) -> None:
        places = [[word.partition(":") for word in line.split()] for line in self.lines]
        self.rows = [[FieldPlace(name, width) for name, _, width in row] for row in places]

    @property
    def names(self) -> list[str]:
        return [place.name for row in self.rows for place in row]


class GroupedForm(RecordForm):
    """A form in groups; its fields come in their order, in the summary of errors too."""

    _fields: dict[str, Field]
    groups: ClassVar[tuple[FieldGroup, ...]]

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        grouped = [name for group in self.groups for name in group.names if name in self._fields]
        self._fields = {name: self._fields[name] for name in dict.fromkeys((*grouped, *self._fields))}

    def is_open(self, group: FieldGroup) -> bool:
        """Return whether a field of a folded group is filled or wrong, so that people must see it."""
        fields = [self[name] for name in group.names if name in self]
        return any(field.data or field.errors or field.raw_data not in (None, [""]) for field in fields)
