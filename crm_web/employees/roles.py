"""Roles that an identity provider's groups give."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from crm_web.core.config import Settings
from crm_web.models import Role


@dataclass(frozen=True)
class GroupRoles:
    """Which role each group gives.

    :param by_group: groups to roles; if empty, roles are kept here alone
    :param default: the role of those in none of these groups; ``None`` for none
    """

    by_group: Mapping[str, Role] = field(default_factory=dict)
    default: Role | None = None

    def choose(self, groups: Collection[str]) -> Role | None:
        """Choose the highest role that somebody's groups give them."""
        given = {role for group, role in self.by_group.items() if group in groups}
        return max(given, key=list(Role).index, default=self.default)


def read_group_roles(settings: Settings) -> GroupRoles:
    """Read which groups of the identity provider give which role."""
    by_group = {group: Role(role) for group, role in settings.oidc_roles.items()}
    return GroupRoles(by_group, Role(settings.oidc_default_role) if settings.oidc_default_role else None)
