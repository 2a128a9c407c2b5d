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
    """Fields that stand together under a heading.

    :param lines: the names of the fields, such as ``company``; with blanks between them they stand in one row, and a
        width may follow a name: ``postal_code:number city``
    :param is_folded: whether the group is folded away until something in it is filled in or wrong
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
        """Return whether people must see a folded group: something in it is wrong, or filled in and not just preset."""
        return any(field.errors or self._is_filled(field) for field in (self[n] for n in group.names if n in self))

    def _is_filled(self, field: Field) -> bool:
        # Without a version this is a new record, whose presets nobody has to read.
        is_preset = "version" not in self and field.data == field.object_data
        return bool(field.data) and not is_preset
