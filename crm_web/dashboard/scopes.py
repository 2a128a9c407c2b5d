"""Whose leads the dashboard speaks of."""

from enum import StrEnum

from crm_web.models import Employee, Role


class Scope(StrEnum):
    """Mine, my team's (whoever has me as manager, and me), or everyone's."""

    ME = "me"
    TEAM = "team"
    ALL = "all"

    @property
    def label(self) -> str:
        return {"me": "Mine", "team": "My team’s", "all": "Everyone’s"}[self.value]

    @property
    def heading(self) -> str:
        return "My leads" if self is Scope.ME else f"{self.label} leads"


def choose_scope(word: str | None, employee: Employee) -> Scope:
    """
    Tell whose leads to show.

    :param word: what the address asks for; anything unknown means the usual
    :param employee: who looks
    :return: the scope; by default sellers see their own leads, all others everyone's
    """
    if word in set(Scope):
        return Scope(word)
    return Scope.ME if employee.role is Role.SALES else Scope.ALL
