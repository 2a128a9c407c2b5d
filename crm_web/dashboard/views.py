"""The dashboard page."""

from collections.abc import Sequence
from datetime import date

from flask import render_template, request, url_for
from flask_login import current_user

from crm_web.auth.permissions import Action, may, signed_in
from crm_web.core.clock import now
from crm_web.dashboard import blueprint, queries
from crm_web.dashboard.figures import DashboardFigures, DashboardFormatter
from crm_web.dashboard.first_steps import find_first_steps
from crm_web.dashboard.scopes import Scope, choose_scope, list_scopes
from crm_web.lists.params import Tab
from crm_web.stats.periods import month_before, month_of, week_of
from crm_web.web.template_filters import current_user_locale

FIRST_TASKS = 8
MOST_TASKS = 200


@blueprint.get("/")
@signed_in
def show_dashboard() -> str:
    scope = choose_scope(request.args.get("scope"), current_user)
    owner_ids = queries.list_owner_ids(scope, by=current_user)
    today = now().astimezone(current_user_locale().zone).date()
    most_tasks = MOST_TASKS if request.args.get("tasks") == "all" else FIRST_TASKS
    changed = queries.list_recently_changed(owner_ids)
    may_begin = scope is not Scope.TEAM and may(current_user, Action.CREATE)
    return render_template(
        "dashboard/show_dashboard.html",
        scope=scope,
        scopes=[
            Tab(other.label, url_for(".show_dashboard", scope=other), other is scope)
            for other in list_scopes(current_user)
        ],
        figures=_count_leads(scope, owner_ids, today),
        changed=changed,
        steps=find_first_steps(changed) if may_begin else None,
        tasks=queries.list_open_tasks(current_user, limit=most_tasks),
        all_tasks_url=url_for(".show_dashboard", scope=scope, tasks="all", _anchor="tasks"),
        today=today,
    )


def _count_leads(scope: Scope, owner_ids: Sequence[int], today: date) -> DashboardFigures:
    formatter, zone = DashboardFormatter(scope, current_user_locale()), current_user_locale().zone
    week, month = week_of(today, zone), month_of(today, zone)
    last_month = month_before(month)
    counts = queries.count_leads(week, month, last_month, owner_ids)
    return DashboardFigures(
        open=formatter.build_open(counts.by_status),
        new=formatter.build_created(counts.created, week),
        months=[formatter.build_closed(kind, both, month, last_month) for kind, both in counts.closed.items()],
        bars=formatter.build_statuses(counts.by_status),
        all_url=formatter.url(),
    )
