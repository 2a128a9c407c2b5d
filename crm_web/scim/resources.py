"""The SCIM resources for employees and groups: which attributes are accepted, kept and returned."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field, field_validator
from scim2_models import (
    URN,
    ComplexAttribute,
    ExtensibleStringEnum,
    Extension,
    Meta,
    Mutability,
    Reference,
    Required,
    Resource,
    Uniqueness,
)

from crm_web.models import Employee, ProvisionedEmployee, ProvisionedGroup

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
WORK = "work"
MOST_RESULTS = 200


class Name(ComplexAttribute):
    """A person's name."""

    formatted: str | None = None
    given_name: str | None = None
    family_name: str | None = None


class Reach(ComplexAttribute):
    """An email or phone number; the one for work is kept."""

    value: Annotated[str | None, Required.true] = None
    type: str | None = None
    primary: bool | None = None


class Membership(ComplexAttribute):
    """A group that somebody is in."""

    value: Annotated[str | None, Mutability.read_only] = None
    display: Annotated[str | None, Mutability.read_only] = None


class Leader(ComplexAttribute):
    """Whom somebody reports to."""

    value: str | None = None
    ref: Reference["User"] | None = Field(None, serialization_alias="$ref", validation_alias="$ref")


class User(Resource[Any]):
    """An employee."""

    __schema__ = URN(USER)

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    title: str | None = None
    active: bool | None = None
    emails: list[Reach] | None = None
    phone_numbers: list[Reach] | None = None
    groups: Annotated[list[Membership] | None, Mutability.read_only] = None


class EnterpriseUser(Extension):
    """The attributes of employees that are kept beyond the core ones."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    manager: Leader | None = None

    @field_validator("manager", mode="before")
    @classmethod
    def _read_bare_id(cls, value: Any) -> Any:
        """Entra ID may send the id alone."""
        return {"value": value} if isinstance(value, str) else value


class Member(ComplexAttribute):
    """An employee in a group."""

    class Type(ExtensibleStringEnum):
        """What it is: groups have no groups in them."""

        user = "User"

    type: Annotated[Type | None, Mutability.immutable] = None
    value: Annotated[str | None, Mutability.immutable, Required.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )


class Group(Resource[Any]):
    """A group, which may give its members a role."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    members: list[Member] | None = None


ScimUser: Any = User[EnterpriseUser]  # type: ignore[misc]


def build_user(
    employee: Employee, known: ProvisionedEmployee | None, groups: Sequence[ProvisionedGroup], base: str
) -> User:
    """Describe an employee.

    :param known: how the identity provider knows them; ``None`` if it doesn't yet
    :param groups: the groups that they are in
    :param base: the URL of this service
    """
    user: User = ScimUser(
        id=str(employee.id),
        external_id=known.external_id if known else None,
        user_name=known.user_name if known else employee.email,
        name=_build_name(known),
        display_name=employee.name,
        title=employee.job_title,
        active=employee.is_active,
        emails=[Reach(value=employee.email, type=WORK)],
        phone_numbers=[Reach(value=employee.phone, type=WORK)] if employee.phone else None,
        groups=[Membership(value=str(group.id), display=group.name) for group in groups] or None,
        meta=Meta(
            resource_type="User",
            location=f"{base}/Users/{employee.id}",
            created=employee.created_at,
            last_modified=employee.updated_at,
            version=f'W/"{employee.version}"',
        ),
    )
    if employee.manager is not None:
        leader = Leader(value=str(employee.manager.id), ref=_refer_to(employee.manager, base))
        user[EnterpriseUser] = EnterpriseUser(manager=leader)
    return user


def build_group(group: ProvisionedGroup, base: str, *, with_members: bool = True) -> Group:
    """Describe a group.

    :param base: the URL of this service
    :param with_members: whether to list its members
    """
    members = group.members if with_members else []
    return Group(
        id=str(group.id),
        external_id=group.external_id,
        display_name=group.name,
        members=[_build_member(member, base) for member in members] or None,
        meta=Meta(
            resource_type="Group",
            location=f"{base}/Groups/{group.id}",
            version=_name_version(group) if with_members else None,
        ),
    )


def _name_version(group: ProvisionedGroup) -> str:
    """Name what there is of a group."""
    content = repr((group.name, group.external_id, sorted(member.id for member in group.members)))
    return f'W/"{sha256(content.encode()).hexdigest()[:24]}"'


def _build_name(known: ProvisionedEmployee | None) -> Name | None:
    if known is None or not (known.given_name or known.family_name):
        return None
    return Name(given_name=known.given_name, family_name=known.family_name)


def _build_member(member: Employee, base: str) -> Member:
    return Member(value=str(member.id), type=Member.Type.user, ref=_refer_to(member, base))


def _refer_to(employee: Employee, base: str) -> Reference[User]:
    return Reference(f"{base}/Users/{employee.id}")
