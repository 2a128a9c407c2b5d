"""Columns that hold the ID of a related record, such as the account of a deal."""

import re
from collections.abc import Collection

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.recognition import OF_CLOSE, Kind
from crm_web.imports.vocabulary import FIELD_OF, GENERAL_IDS

REFERENCES = {
    "company_ref": """
        companyid associatedcompanyid associatedcompanyids primaryassociatedcompanyid organizationid organisationid
        accountid accountnameid companynameid dealorganizationid personorganizationid customerid clientid
    """,
    "contact_ref": """
        contactid associatedcontactid associatedcontactids contactnameid primarycontactid personid dealpersonid
        contactpersonid dealcontactpersonid
    """,
}
"""The names of such columns; some are the IDs of the rows themselves where the file is about such records."""

_OWN_IDS = {
    Kind.DEAL: frozenset(),
    Kind.PERSON: frozenset({"contactid", "personid", "customerid", "clientid"}),
    Kind.COMPANY: frozenset({"companyid", "organizationid", "organisationid", "accountid", "customerid", "clientid"}),
}
_SHORT_ID = re.compile(r"(?=.*[A-Za-z])(?:00\w|500|701)[0-9A-Za-z]{12}")
_ENDING = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_KEEP_SHORT = """
UPDATE import_rows r SET external_id = left(r.external_id, 15) FROM (
    SELECT external_system AS system, external_id FROM leads
    UNION ALL SELECT system, external_id FROM external_ids
) e WHERE e.system = r.external_system AND e.external_id = left(r.external_id, 15) AND length(r.external_id) = 18
"""
REFERENCE_OF = {word: field for field, line in REFERENCES.items() for word in line.split()}


def find_reference(key: str, kind: Kind, keys: Collection[str]) -> str | None:
    """Find out which related record a column names.

    :param key: its squashed heading
    :param keys: those of all columns
    :return: the field; ``None`` if it names none, or the row itself
    """
    name = "company_ref" if key == "leadid" and OF_CLOSE.issubset(keys) else REFERENCE_OF.get(key)
    if name is None or kind is Kind.ACTIVITY:
        return None
    own = _OWN_IDS[kind]
    ids = [other for other in keys if other in own or other in GENERAL_IDS or _is_plain_id(other)]
    return None if key in own and min(ids, key=_rank) == key else name


def _is_plain_id(key: str) -> bool:
    return FIELD_OF.get(key, ("", 0))[0] == "external_id" and key not in REFERENCE_OF


def _rank(key: str) -> int:
    return FIELD_OF[key][1]


def lengthen_id(text: str) -> str:
    """Write an ID of Salesforce with 18 characters, as its exports do, where a report has only the first 15.

    The last three say which of the others are capitals.
    """
    if len(text) != 15 or not _SHORT_ID.fullmatch(text):
        return text
    fives = (text[:5], text[5:10], text[10:])
    return text + "".join(_ENDING[sum(sign.isupper() << place for place, sign in enumerate(five))] for five in fives)


def keep_short_ids(cursor: Cursor) -> None:
    """Leave the short IDs to rows whose records came with them before all were lengthened."""
    cursor.execute("SELECT FROM import_rows WHERE length(external_id) = 18 LIMIT 1")
    if cursor.rowcount:
        cursor.execute(_KEEP_SHORT)
