"""What clients are told about the service and its resources. More is accepted: see ``resources``."""

from typing import Annotated, Any

from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ComplexAttribute,
    ETag,
    ExtensibleStringEnum,
    Filter,
    Mutability,
    Patch,
    Required,
    Resource,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from crm_web.scim.resources import MOST_RESULTS, USER, WORK, EnterpriseUser, Group, Membership


class Name(ComplexAttribute):
    """The parts of a person's name."""

    given_name: str | None = None
    family_name: str | None = None


class Reach(ComplexAttribute):
    """An email or a phone number for work."""

    class Type(ExtensibleStringEnum):
        """What it is for."""

        work = WORK

    value: Annotated[str | None, Required.true] = None
    type: Type | None = None


class User(Resource[Any]):
    """An employee."""

    __schema__ = URN(USER)

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: Annotated[str | None, Required.true] = None
    title: str | None = None
    active: Annotated[bool | None, Required.true] = None
    emails: Annotated[list[Reach] | None, Required.true] = None
    phone_numbers: list[Reach] | None = None
    groups: Annotated[list[Membership] | None, Mutability.read_only] = None


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
DECLARED: Any = User[EnterpriseUser]  # type: ignore[misc]
PROVIDER = ScimProvider(
    models=[User, EnterpriseUser, Group],
    resource_types=[ResourceType.from_resource(model) for model in (DECLARED, Group)],
    config=CONFIG,
    # Entra ID sends attributes outside the schema, removes members by value, and sets emails that don't exist yet.
    policy=ScimPolicy(
        unknown=ScimPolicy.Unknown.ignore,
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    ),
)
