"""The scope of the dashboard."""

from enum import StrEnum

from crm_web.auth.permissions import Action, may
from crm_web.models import Employee, Role


class Scope(StrEnum):
    """My leads, my team's (my own and those of my direct reports), or all."""

    ME = "me"
    TEAM = "team"
    ALL = "all"

    @property
    def label(self) -> str:
        return {"me": "Mine", "team": "My team’s", "all": "All"}[self.value]

    @property
    def heading(self) -> str:
        return "My leads" if self is Scope.ME else f"{self.label} leads"


def list_scopes(employee: Employee) -> list[Scope]:
    """List the scopes to choose from: who can't own leads has none of their own."""
    return [scope for scope in Scope if scope is not Scope.ME or may(employee, Action.CREATE)]


def choose_scope(word: str | None, employee: Employee) -> Scope:
    """Choose the scope: by default sellers see their own leads, everybody else all.

    :param word: the URL parameter; an unknown value means the default
    """
    if word in set(Scope):
        return Scope(word)
    return Scope.ME if employee.role is Role.SALES else Scope.ALL
