"""The fields that templates of emails can hold: a closed list of names in braces, and nothing that is run."""

import re
from collections.abc import Iterator, Mapping

from crm_web.models import Contact, Customer, CustomerKind, Employee, Lead

FIELDS = ("first name", "last name", "name", "company", "owner", "sender")
FIELDS_IN_WORDS = ", ".join(f"{{{name}}}" for name in FIELDS)
_FIELD = re.compile(r"\{([^{}\n]{1,50})\}")


def find_unknown(text: str) -> str | None:
    """Find a field that is not in the list.

    :return: what stands in its braces
    """
    return next((typed for typed, name in _list_fields(text) if name not in FIELDS), None)


def find_unfilled(text: str) -> str | None:
    """Find a field of the list that still stands in a text."""
    return next((name for _, name in _list_fields(text) if name in FIELDS), None)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace the fields that have a value; the others stay, to be seen and replaced by hand."""
    return _FIELD.sub(lambda found: values.get(_name(found[1])) or found[0], text)


def _list_fields(text: str) -> Iterator[tuple[str, str]]:
    return ((typed, _name(typed)) for typed in _FIELD.findall(text))


def _name(typed: str) -> str:
    return " ".join(typed.split()).lower()


def list_values(record: Lead | Customer, contact: Contact | None, sender: Employee) -> dict[str, str]:
    """List what the fields stand for; one without a value is empty.

    :param contact: to whom at the customer the email goes
    """
    person = contact or (record if isinstance(record, Lead) else None)
    is_company = isinstance(record, Customer) and record.kind is CustomerKind.ORGANISATION
    company = record.company if isinstance(record, Lead) else record.name if is_company else None
    values = {
        "first name": person and person.first_name,
        "last name": person and person.last_name,
        "name": (contact or record).name,
        "company": company,
        "owner": record.owner and record.owner.name,
        "sender": sender.name,
    }
    return {name: value or "" for name, value in values.items()}
