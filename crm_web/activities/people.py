"""Whose activities a page shows: managers choose a person or their team."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm_web.auth.permissions import Action, may
from crm_web.models import Employee
from crm_web.records.people import list_possible_owners, list_team_ids

ME, TEAM = "me", "team"


@dataclass(frozen=True)
class PeopleChoice:
    """The people whose activities a page shows.

    :param word: ``me``, ``team`` or the id of an employee, as in the URL
    :param name: whose they are; empty for one's own
    :param choices: what can be chosen instead; empty if nothing can
    """

    word: str
    name: str
    employee_ids: Sequence[int]
    choices: Sequence[tuple[str, str]] = ()

    @property
    def is_me(self) -> bool:
        return self.word == ME


def choose_people(word: str | None, by: Employee) -> PeopleChoice:
    """Choose whose activities to show; anything unknown, and any choice of who is no manager, means one's own."""
    if not may(by, Action.CHANGE_ANY):
        return PeopleChoice(ME, "", (by.id,))
    others = {str(person.id): person.name for person in list_possible_owners(but=by)}
    choices = [(ME, "Me"), (TEAM, "My team"), *others.items()]
    if word == TEAM:
        return PeopleChoice(TEAM, "My team", list_team_ids(by), choices)
    if word in others:
        return PeopleChoice(word, others[word], (int(word),), choices)
    return PeopleChoice(ME, "", (by.id,), choices)
