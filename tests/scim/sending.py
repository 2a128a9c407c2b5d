"""What Entra ID and Okta send."""

from collections.abc import Callable
from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
# From Entra ID's documentation, with an email of our own.
ENTRA_USER: dict[str, Any] = {
    "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "userName": "Test_User_ab6490ee-1e48-479e-a20b-2d77186b5dd1",
    "active": True,
    "emails": [{"primary": True, "type": "work", "value": "test.user@piper.example"}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
    "roles": [],
}
ENTRA_GROUP: dict[str, Any] = {
    "schemas": [
        "urn:ietf:params:scim:schemas:core:2.0:Group",
        "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
    ],
    "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
    "displayName": "CRM Sales",
    "meta": {"resourceType": "Group"},
}
# From Okta's documentation.
OKTA_USER: dict[str, Any] = {
    "schemas": [USER],
    "userName": "test.user@okta.example",
    "name": {"givenName": "Test", "familyName": "User"},
    "emails": [{"primary": True, "value": "test.user@okta.example", "type": "work"}],
    "displayName": "Test User",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}
Send = Callable[..., Any]


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    """The body of a change."""
    return {"schemas": [PATCH], "Operations": list(operations)}
