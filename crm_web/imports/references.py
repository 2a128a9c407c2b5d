"""Columns that hold the ID of a related record, such as the account of a deal."""

from collections.abc import Collection

from crm_web.imports.recognition import Kind
from crm_web.imports.vocabulary import FIELD_OF, GENERAL_IDS

REFERENCES = {
    "company_ref": """
        companyid associatedcompanyid associatedcompanyids primaryassociatedcompanyid organizationid organisationid
        accountid accountnameid companynameid dealorganizationid personorganizationid customerid clientid
    """,
    "contact_ref": """
        contactid associatedcontactid associatedcontactids contactnameid primarycontactid personid dealpersonid
    """,
}
"""The names of such columns; some are the IDs of the rows themselves where the file is about such records."""

_OWN_IDS = {
    Kind.DEAL: frozenset(),
    Kind.PERSON: frozenset({"contactid", "personid", "customerid", "clientid"}),
    Kind.COMPANY: frozenset({"companyid", "organizationid", "organisationid", "accountid", "customerid", "clientid"}),
}
REFERENCE_OF = {word: field for field, line in REFERENCES.items() for word in line.split()}


def find_reference(key: str, kind: Kind, keys: Collection[str]) -> str | None:
    """Find out which related record a column names.

    :param key: its squashed heading
    :param keys: those of all columns
    :return: the field; ``None`` if it names none, or the row itself
    """
    name = REFERENCE_OF.get(key)
    if name is None or kind is Kind.ACTIVITY:
        return None
    own = _OWN_IDS[kind]
    ids = [other for other in keys if other in own or other in GENERAL_IDS or _is_plain_id(other)]
    return None if key in own and min(ids, key=_rank) == key else name


def _is_plain_id(key: str) -> bool:
    return FIELD_OF.get(key, ("", 0))[0] == "external_id" and key not in REFERENCE_OF


def _rank(key: str) -> int:
    return FIELD_OF[key][1]
