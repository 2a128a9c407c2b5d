"""The form of a merge: which record stays, and whose value each field gets."""

import re
from typing import Any

from wtforms import HiddenField

from crm_web.merging.fields import FIELDS
from crm_web.models import RecordKind
from crm_web.web.forms import IdempotentForm


class MergeForm(IdempotentForm):
    """What every merge asks."""

    keep = HiddenField("Record to keep")
    versions = HiddenField()
    record_kind: RecordKind

    @property
    def kept_id(self) -> int:
        """The record that stays; 0 if none was chosen."""
        return _read_id(self.keep.data)

    @property
    def seen(self) -> dict[int, int]:
        """The version in which each record was seen."""
        pairs = re.findall(r"\b([0-9]{1,18}):([0-9]{1,9})\b", self.versions.data or "")
        return {int(record_id): int(version) for record_id, version in pairs}

    @property
    def choices(self) -> dict[str, int]:
        """Keys of fields to the record whose value was chosen."""
        chosen = {field.key: _read_id(self[field.key].data) for field in FIELDS[self.record_kind]}
        return {key: record_id for key, record_id in chosen.items() if record_id}


def _read_id(value: Any) -> int:
    return int(value) if re.fullmatch("[0-9]{1,18}", str(value or "")) else 0


FORMS: dict[RecordKind, type[MergeForm]] = {
    kind: type(
        f"Merge{kind.label}Form",
        (MergeForm,),
        {"record_kind": kind, **{field.key: HiddenField(field.label) for field in fields}},
    )
    for kind, fields in FIELDS.items()
}
