"""Reads users and groups from what an identity provider sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crm_web.core.errors import DomainError
from crm_web.models import Employee, ProvisionedEmployee, ProvisionedGroup
from crm_web.models.base import limit_of
from crm_web.records.parsing import read_email, read_text
from crm_web.scim.resources import WORK, EnterpriseUser, Group, Member, Name, Reach, User


@dataclass(frozen=True)
class Description:
    """A user as the identity provider describes them.

    :param values: columns of the employee
    :param known: columns of ``ProvisionedEmployee``
    :param is_active: whether they may sign in
    """

    values: dict[str, Any]
    known: dict[str, str | None]
    is_active: bool


def read_user(user: User, before: User | None = None) -> Description:
    """Read a user.

    :param user: as sent, or as a change leaves it
    :param before: as it was before the change; ``None`` for a new one
    :raise DomainError: if a value is invalid
    """
    user_name = _read(read_text, user.user_name or "", limit_of(ProvisionedEmployee.user_name), "userName")
    email = _choose_email(user, before) or user_name
    values = {
        "name": _read(read_text, _choose_name(user, before) or user_name, limit_of(Employee.name), "displayName"),
        "email": _read(read_email, email, limit_of(Employee.email), "emails"),
        "job_title": _read(read_text, user.title or "", limit_of(Employee.job_title), "title") or None,
        "phone": _read(read_text, _of_work(user.phone_numbers), limit_of(Employee.phone), "phoneNumbers") or None,
        "manager_id": _read_leader_id(user),
    }
    is_active = user.active if user.active is not None else before is None or bool(before.active)
    return Description(values, {"user_name": user_name, **_read_known(user)}, is_active)


def _read_known(user: User) -> dict[str, str | None]:
    parts = user.name or Name()
    said = {"external_id": user.external_id, "given_name": parts.given_name, "family_name": parts.family_name}
    limit = limit_of(ProvisionedEmployee.external_id)
    return {name: _read(read_text, text or "", limit, name) or None for name, text in said.items()}


@dataclass(frozen=True)
class GroupDescription:
    """A group as the identity provider describes it.

    :param external_id: the provider's own ID
    :param member_ids: the employees in it
    """

    name: str
    external_id: str | None
    member_ids: frozenset[int]


def read_group(group: Group) -> GroupDescription:
    """Read a group.

    :raise DomainError: if a value is invalid
    """
    name = _read(read_text, group.display_name or "", limit_of(ProvisionedGroup.name), "displayName")
    external_id = _read(read_text, group.external_id or "", limit_of(ProvisionedGroup.external_id), "externalId")
    members = frozenset(_read_member(member) for member in group.members or ())
    return GroupDescription(name, external_id or None, members)


def _read_member(member: Member) -> int:
    if str(member.type or "user").lower() != "user" or "/Groups/" in str(member.ref or ""):
        raise DomainError("Groups can’t be members of groups. Send the users in them.", "members")
    return _read_id(member.value or "", "members")


def _choose_email(user: User, before: User | None) -> str:
    """A new user name becomes the email as well if the old one was the email."""
    email = _of_work(user.emails)
    was_user_name = before is not None and _of_work(before.emails) == before.user_name
    return "" if before is not None and was_user_name and email == before.user_name else email


def _choose_name(user: User, before: User | None) -> str:
    """Take the first that is new: the display name, the formatted name, the parts of the name."""
    said, known = [_list_names(one) for one in (user, before)]
    return next((name for name, old in zip(said, known, strict=True) if name and name != old), known[0])


def _list_names(user: User | None) -> tuple[str, str, str]:
    if user is None:
        return "", "", ""
    name = user.name or Name()
    parts = " ".join(part.strip() for part in (name.given_name, name.family_name) if part)
    return (user.display_name or "").strip(), (name.formatted or "").strip(), parts


def _of_work(reaches: Sequence[Reach] | None) -> str:
    """The one for work, else the primary one, else the first."""
    order = sorted(reaches or [], key=lambda reach: (reach.type != WORK, not reach.primary))
    return next((reach.value.strip() for reach in order if reach.value), "")


def _read_leader_id(user: User) -> int | None:
    more = user[EnterpriseUser]
    manager = more.manager.value if more and more.manager else None
    return _read_id(manager, "manager") if manager else None


def _read_id(text: str, field: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise DomainError("Send the id of a user.", field)
    return int(text)


def _read(read: Any, value: str, limit: int, field: str) -> str:
    try:
        return str(read(value, limit))
    except ValueError as error:
        raise DomainError(str(error), field) from error
