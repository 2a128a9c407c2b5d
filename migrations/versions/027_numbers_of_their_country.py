"""
Phone numbers that were typed without a country code are dialed in the country of their record.

They were all taken for numbers of the installation's country. Where the record, or the customer of a contact, names a
country that has such a number, the number to dial is written anew; all others stay as they are. That is nobody's
change: versions and times stay, so that no form that is open conflicts with it and no list is put in another order.
"""

import unicodedata
from typing import Any

import phonenumbers
import sqlalchemy as sa
from alembic import op

revision = "027"
down_revision = "026"
branch_labels = None
depends_on = None

AT_ONCE = 10_000
COUNTRY_OF = {
    "leads": "SELECT r.*, r.country AS its_country FROM leads r",
    "customers": "SELECT r.*, coalesce(r.billing_country, r.shipping_country) AS its_country FROM customers r",
    "contacts": "SELECT r.*, coalesce(c.billing_country, c.shipping_country) AS its_country"
    " FROM contacts r JOIN customers c ON c.id = r.customer_id",
}
NUMBERS = {"leads": ("phone", "mobile"), "customers": ("phone",), "contacts": ("phone", "mobile")}
READ = """
SELECT id, its_country, {name}, {name}_e164 FROM ({records}) known
WHERE id > :last AND its_country IS NOT NULL AND {name} ~ '^[^+]' ORDER BY id LIMIT :most
"""
# What somebody changes in this moment is read by the new rules already.
WRITE = """
UPDATE {table} SET {name}_e164 = new.e164
FROM unnest(CAST(:ids AS bigint[]), CAST(:typed AS text[]), CAST(:e164 AS text[])) AS new(id, typed, e164)
WHERE {table}.id = new.id AND {table}.{name} = new.typed
"""


def upgrade() -> None:
    for table, names in NUMBERS.items():
        changes = {name: _list_changes(table, name) for name in names}
        if any(changes.values()):
            op.execute(f"ALTER TABLE {table} DISABLE TRIGGER touch")
            for name, rows in changes.items():
                _write(table, name, rows)
            op.execute(f"ALTER TABLE {table} ENABLE TRIGGER touch")


def _list_changes(table: str, name: str) -> list[tuple[int, str, str]]:
    query = sa.text(READ.format(name=name, records=COUNTRY_OF[table]))
    changes, last = [], 0
    while rows := op.get_bind().execute(query, {"last": last, "most": AT_ONCE}).all():
        last = rows[-1][0]
        read = ((row_id, typed, before, _dial(typed, country)) for row_id, country, typed, before in rows)
        changes += [(row_id, typed, e164) for row_id, typed, before, e164 in read if e164 and e164 != before]
    return changes


def _dial(typed: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", typed.strip()), country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _write(table: str, name: str, rows: list[tuple[int, str, str]]) -> None:
    for start in range(0, len(rows), AT_ONCE):
        ids, typed, e164 = zip(*rows[start : start + AT_ONCE], strict=True)
        values: dict[str, Any] = {"ids": list(ids), "typed": list(typed), "e164": list(e164)}
        op.get_bind().execute(sa.text(WRITE.format(table=table, name=name)), values)


def downgrade() -> None:
    """Whatever was wrong before is not made wrong again."""
