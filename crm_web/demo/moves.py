"""The statuses that the demo company's leads went through."""

from datetime import datetime

from crm_web.demo.timeline import Row, Scenario
from crm_web.models import WAY_TO_WON, LeadStatus, StatusKind


def move_leads(scenario: Scenario) -> None:
    """Add how each lead came to its status: how long it stayed in each one, and how far it got if it was lost.

    :param scenario: the leads; it gets the status periods
    """
    for lead in scenario.leads:
        lead["furthest_status"] = None
        passed = _choose_passed(scenario, lead["status"])
        if passed:
            lead["furthest_status"] = passed[-1]
            scenario.status_periods += _build_status_periods(scenario, lead, passed)


def _choose_passed(scenario: Scenario, status: LeadStatus) -> list[LeadStatus]:
    """The statuses that a lead has passed: nearly all before its own; a random number for a lost one."""
    if status in WAY_TO_WON:
        before = WAY_TO_WON[: WAY_TO_WON.index(status)]
    else:
        most = 3 if status is LeadStatus.DISQUALIFIED else 5
        before = WAY_TO_WON[: scenario.chance.draw.randint(1, most)]
    skips = status.kind is StatusKind.WON
    return [passed for passed in before if passed is LeadStatus.NEW or not (skips and scenario.chance.happens(0.15))]


def _build_status_periods(scenario: Scenario, lead: Row, passed: list[LeadStatus]) -> list[Row]:
    start, end = lead["created_at"], lead["status_changed_at"]
    shares = [scenario.chance.draw.uniform(0.5, 2) for _ in passed]
    times: list[datetime] = [start]
    for share in shares:
        times.append(min(times[-1] + (end - start) * (share / sum(shares)), end))
    times[-1] = end
    return [
        {
            "lead": lead,
            "status": status,
            "owner_id": lead["owner_id"],
            "source": lead["source"],
            "entered_at": entered_at,
            "left_at": left_at,
        }
        for status, entered_at, left_at in zip(passed, times, times[1:], strict=False)
    ]
