"""Reads a file of the other system's users, which says who the IDs of owners in the other files are."""

import re
from collections.abc import Collection, Sequence

from crm_web.imports.recognition import has_own_id
from crm_web.imports.references import lengthen_id
from crm_web.imports.tables import Table
from crm_web.imports.vocabulary import GENERAL_IDS, squash
from crm_web.records.parsing import read_email

_PERSON = re.compile(r"(?P<name>.*)<(?P<email>[^<>]+@[^<>]+)>")
_IDS = ("ownerid", "userid", "id", "recordid", "username")
_NAMES = ("fullname", "name", "username")
_FIRST, _LAST = ("firstname", "givenname"), ("lastname", "surname")
_OF_USERS = frozenset({"profile", "profileid", "profilename", "userroleid", "role", "alias", "managerid"})


def are_users(header: Sequence[str]) -> bool:
    """Tell by its headings whether a file is a list of users, such as Salesforce’s User.csv or HubSpot’s owners."""
    keys = {squash(name) for name in header}
    if "email" not in keys:
        return False
    if "ownerid" in keys:
        return not keys & GENERAL_IDS and not has_own_id(keys)
    return bool(keys & {"username", "userid"} and keys & _OF_USERS)


def read_users(csv: Table) -> dict[str, str]:
    """Read who the users are.

    :return: each of their IDs and names to ``Ann Keller <ann@company.example>``
    """
    keys = [squash(name) for name in csv.header]
    ids = [keys.index(key) for key in _IDS if key in keys]
    people: dict[str, str] = {}
    for _, cells in csv.rows:
        if len(cells) >= len(keys) and (person := _name(keys, cells)):
            words = [word for place in ids if (word := cells[place].strip())]
            people |= dict.fromkeys([*words, *map(_shorten, words), person.rpartition(" <")[0]], person)
    people.pop("", None)
    return people


def part_person(word: str) -> tuple[str, str]:
    """Take ``Ann Keller <ann@company.example>`` apart.

    :return: the name, empty if there is none, and the email, or else the word
    """
    match = _PERSON.fullmatch(word.strip())
    return (match["name"].strip(), match["email"]) if match else ("", word.strip())


def _shorten(word: str) -> str:
    """Reports have the first 15 characters of an ID of Salesforce."""
    return word[:15] if lengthen_id(word[:15]) == word else word


def _name(keys: Sequence[str], cells: Sequence[str]) -> str:
    try:
        email = read_email(cells[keys.index("email")])
    except ValueError:
        return ""
    parts = [_pick(keys, cells, _FIRST), _pick(keys, cells, _LAST)]
    name = " ".join(filter(None, parts)) or _pick(keys, cells, _NAMES)
    return f"{name} <{email}>".strip()


def _pick(keys: Sequence[str], cells: Sequence[str], wanted: Collection[str]) -> str:
    return next((cells[place].strip() for place, key in enumerate(keys) if key in wanted and cells[place].strip()), "")
