"""The page Today."""

from typing import Any

from flask import render_template, request, url_for
from flask_login import current_user

from crm_web.activities.people import PeopleChoice, choose_people
from crm_web.activities.queries import get_activity
from crm_web.auth.permissions import Action, allowed, may
from crm_web.core.clock import now
from crm_web.models import Activity
from crm_web.today import blueprint, queries
from crm_web.today.agenda import QUIET_DAYS, sort_by_day, times_of
from crm_web.web.template_filters import current_user_locale

MOST = 50
"""How many tasks that are not overdue, and how many calls and meetings, the page shows; more are in the list of
activities.
"""
MOST_OVERDUE, ALL_OVERDUE = 20, 200
"""How many overdue tasks it shows, and how many of all of them."""
LEADS_SHOWN = 5


@blueprint.get("/today")
@allowed(Action.READ)
def show_today() -> str:
    zone = current_user_locale().zone
    people, times = choose_people(request.args.get("who"), current_user), times_of(now(), zone)
    overdue = "all" if request.args.get("overdue") == "all" else None
    most_overdue = ALL_OVERDUE if overdue else MOST_OVERDUE
    entries = queries.list_agenda(people.employee_ids, times, limit=MOST, most_overdue=most_overdue + 1)
    today = times.days.first_day
    agenda = sort_by_day(entries, today, zone)
    who = None if people.is_me else people.word
    return render_template(
        "today/show_today.html",
        people=people,
        today_date=today,
        here=url_for(".show_today", who=who, overdue=overdue),
        agenda=agenda.cut_overdue(most_overdue),
        more_overdue_url="" if overdue else url_for(".show_today", who=who, overdue="all"),
        are_more=sum(entry.is_task for entry in entries) - len(agenda.overdue) == MOST,
        leads=queries.list_lead_groups(people.employee_ids, times, limit=LEADS_SHOWN),
        lists=_list_urls(people),
        done=_find_done(),
        may_take=may(current_user, Action.CHANGE_OWN) and current_user.can_own,
    )


def _list_urls(people: PeopleChoice) -> dict[str, str]:
    """Where the rest of each group is, as far as the list of leads can tell."""
    owner = people.word
    return {
        "quiet": url_for("leads.list_leads", kind="open", owner=owner, untouched=QUIET_DAYS),
        "unassigned": url_for("leads.list_leads", kind="open", owner="nobody"),
        "all": url_for("activities.list_activities", tasks="open", assignee=owner if people.word != "team" else None),
    }


def _find_done() -> Activity | None:
    """The task that was just done, whose record needs a next step."""
    done: Any = request.args.get("done", type=int)
    activity = get_activity(done) if done and 0 < done < 2**63 and may(current_user, Action.CREATE) else None
    return activity if activity and activity.done_at and not activity.record.is_in_trash else None
