"""The SCIM resources for employees and groups: which attributes are accepted, kept and returned."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field, field_validator
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ComplexAttribute,
    ETag,
    ExtensibleStringEnum,
    Extension,
    Filter,
    Meta,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
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


class DeclaredName(ComplexAttribute):
    """The parts of a person's name."""

    given_name: str | None = None
    family_name: str | None = None


class DeclaredReach(ComplexAttribute):
    """An email or a phone number for work."""

    class Type(ExtensibleStringEnum):
        """What it is for."""

        work = WORK

    value: Annotated[str | None, Required.true] = None
    type: Type | None = None


class DeclaredUser(Resource[Any]):
    """The schema that clients see: what is returned as it was sent. More is accepted, such as the primary email."""

    __schema__ = URN(USER)

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: DeclaredName | None = None
    display_name: Annotated[str | None, Required.true] = None
    title: str | None = None
    active: Annotated[bool | None, Required.true] = None
    emails: Annotated[list[DeclaredReach] | None, Required.true] = None
    phone_numbers: list[DeclaredReach] | None = None
    groups: Annotated[list[Membership] | None, Mutability.read_only] = None


ScimUser: Any = User[EnterpriseUser]  # type: ignore[misc]

CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MOST_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="API token",
            description="A token with read and write access of an admin, from Your account, API tokens.",
            primary=True,
        )
    ],
)
DECLARED: Any = DeclaredUser[EnterpriseUser]  # type: ignore[misc]
PROVIDER = ScimProvider(
    models=[DeclaredUser, EnterpriseUser, Group],
    resource_types=[ResourceType.from_resource(model) for model in (DECLARED, Group)],
    config=CONFIG,
    # Entra ID sends attributes outside the schema, removes members by value, and sets emails that don't exist yet.
    policy=ScimPolicy(
        unknown=ScimPolicy.Unknown.ignore,
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    ),
)


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
