"""The fields of which one value is chosen when records are merged, and what is proposed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_web.models import Base, Contact, Customer, Lead, RecordKind, limit_of
from crm_web.records.labels import label_of

FEWEST, MOST = 2, 10
LONGEST = limit_of(Lead.company)
NOT_CHOSEN = {"lost_note", "external_system", "external_id"}
"""Lines of text that stay with their record."""


@dataclass(frozen=True)
class MergedField:
    """A field, or several that mean something only together.

    :param key: its first column, by which forms and the API name it
    :param kind: how it is shown: ``text``, ``long``, ``address``, ``money``, ``day``, ``percent``, ``word``, ``person``
    """

    key: str
    label: str
    columns: Sequence[str]
    kind: str = "text"

    def values_of(self, record: Any) -> tuple[Any, ...]:
        """The values of its columns; blank text counts as empty."""
        return tuple(getattr(record, column) or None for column in self.columns)

    def is_filled(self, record: Any) -> bool:
        """Return whether a record has a value; a currency without an amount is none."""
        if self.kind == "money":
            return getattr(record, self.key) is not None
        return any(self.values_of(record))


def _field(key: str, kind: str = "text", label: str = "", also: Sequence[str] = ()) -> MergedField:
    return MergedField(key, label or label_of(key), (key, *also), kind)


def _address(label: str, prefix: str = "") -> MergedField:
    parts = ("street", "city", "state", "postal_code", "country")
    return MergedField(f"{prefix}street", label, [prefix + part for part in parts], "address")


def _add_lines(model: type[Base], *fields: MergedField) -> Sequence[MergedField]:
    """Add the model's other lines of text, so that no merge loses a column that is new."""
    known = NOT_CHOSEN.union(*(field.columns for field in fields))
    lines = [column.key for column in model.__table__.columns if column.info.get("limit", LONGEST + 1) <= LONGEST]
    return (*fields[:-2], *(_field(key) for key in lines if key not in known), *fields[-2:])


_PHONE = _field("phone", also=["phone_e164"])
_MOBILE = _field("mobile", also=["mobile_e164"])
_PERSON = (_field("first_name"), _field("last_name"), _field("salutation"), _field("job_title"))
FIELDS: dict[RecordKind, Sequence[MergedField]] = {
    RecordKind.LEAD: _add_lines(
        Lead,
        *(*_PERSON, _field("company"), _field("email"), _PHONE, _MOBILE, _field("website"), _address("Address")),
        *(_field("amount", "money", also=["currency"]), _field("probability", "percent")),
        *(_field("expected_close_on", "day"), _field("source"), _field("rating", "word")),
        *(_field("owner_id", "person"), _field("description", "long")),
    ),
    RecordKind.CUSTOMER: _add_lines(
        Customer,
        *(_field("name"), _field("kind", "word"), _field("status", "word"), _field("email"), _PHONE),
        *(_field("website"), _address("Billing address", "billing_"), _address("Shipping address", "shipping_")),
        *(_field("owner_id", "person"), _field("description", "long")),
    ),
    RecordKind.CONTACT: _add_lines(Contact, *_PERSON, _field("email"), _PHONE, _MOBILE, _field("description", "long")),
}


def choose_kept(kind: RecordKind, records: Sequence[Any]) -> Any:
    """Propose which record stays: a won lead, else the fullest one, of equally full ones the newest."""

    def rank(record: Any) -> tuple[Any, ...]:
        filled = sum(field.values_of(record)[0] is not None for field in FIELDS[kind])
        return kind is RecordKind.LEAD and record.is_won, filled, record.updated_at, record.id

    return max(records, key=rank)


def choose_value(field: MergedField, records: Sequence[Any], kept: Any) -> Any:
    """Propose whose value stays: that of the record that stays, or where it has none the newest of the others."""
    filled = [record for record in records if field.is_filled(record)]
    if kept in filled or not filled:
        return kept
    return max(filled, key=lambda record: (record.updated_at, record.id))


def differs(field: MergedField, records: Sequence[Any]) -> bool:
    """Return whether there is anything to choose."""
    return len({field.values_of(record) for record in records}) > 1


def collect_values(kind: RecordKind, records: Sequence[Any], kept: Any, choices: Mapping[str, int]) -> dict[str, Any]:
    """Collect the values that the record that stays gets.

    :param choices: keys of fields to the id of the record whose value was chosen; the rest is as proposed
    """
    by_id = {record.id: record for record in records}
    values: dict[str, Any] = {}
    for field in FIELDS[kind]:
        source = by_id.get(choices.get(field.key, 0)) or choose_value(field, records, kept)
        values |= {column: getattr(source, column) for column in field.columns}
    return values
