"""The first steps of somebody who has hardly any leads yet; what is done is seen from the leads themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from crm_web.models import StatusKind

FEW_LEADS = 3
"""With more leads than this, people know their way around."""


@dataclass(frozen=True)
class FirstStep:
    """A step: where it is taken, and whether it is done."""

    url: str
    is_done: bool


@dataclass(frozen=True)
class FirstSteps:
    """Creating a lead, logging an activity on one and winning it."""

    create: FirstStep
    log: FirstStep
    win: FirstStep

    @property
    def are_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.create.is_done and self.log.is_done and self.win.is_done


def find_first_steps(leads: Sequence[Any]) -> FirstSteps | None:
    """Find the steps of somebody with these leads; ``None`` if they have many, or have done everything.

    :param leads: the latest ones, each with its ``status`` and ``last_activity_at``; more than ``FEW_LEADS`` if there
        are more
    """
    latest = next((lead for lead in leads if lead.status.kind is StatusKind.OPEN), leads[0] if leads else None)
    page = url_for("leads.show_lead", lead_id=latest.id) if latest else None
    steps = FirstSteps(
        create=FirstStep(url_for("leads.new_lead"), bool(leads)),
        log=FirstStep(
            f"{page}#activities" if page else url_for("help.show_topic", topic="activities"),
            any(lead.last_activity_at for lead in leads),
        ),
        win=FirstStep(
            page or url_for("help.show_topic", topic="winning"),
            any(lead.status.kind is StatusKind.WON for lead in leads),
        ),
    )
    return None if len(leads) > FEW_LEADS or steps.are_done else steps
