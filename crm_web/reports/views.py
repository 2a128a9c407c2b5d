"""The pages of the reports, and their files."""

from flask import Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed
from crm_web.leads.queries import list_sources
from crm_web.lists.exports import send_csv, send_xlsx
from crm_web.lists.params import Chip
from crm_web.records.people import list_possible_owners
from crm_web.reports import blueprint
from crm_web.reports.figures import REPORTS, Report, ReportFormatter
from crm_web.reports.params import PERIODS, ReportParams
from crm_web.web.template_filters import current_user_locale


@blueprint.get("/reports")
@allowed(Action.READ)
def list_reports() -> str:
    return render_template("reports/list_reports.html", reports=REPORTS)


@blueprint.get("/reports/<name>")
@allowed(Action.READ)
def show_report(name: str) -> ResponseReturnValue:
    report, view = _report(name)
    if view.canonical_url:
        return redirect(view.canonical_url)
    people = list_possible_owners()
    return render_template(
        "reports/show_report.html",
        report=report,
        reports=REPORTS,
        view=view,
        table=report.build(view),
        period=ReportFormatter(view).period() if report.period_of else "",
        periods=list(PERIODS.items()),
        people=people,
        sources=list_sources() if report.has_sources else [],
        chips=view.list_chips(people),
    )


@blueprint.get("/reports/<name>.csv")
@allowed(Action.READ)
def export_report(name: str) -> Response:
    report, view = _report(name)
    table = report.build(view)
    return send_csv(report.title, table.file_head, list(table.file_rows))


@blueprint.get("/reports/<name>.xlsx")
@allowed(Action.READ)
def export_report_xlsx(name: str) -> Response:
    report, view = _report(name)
    table = report.build(view)
    period = [Chip(f"{report.period_of}: {ReportFormatter(view).period()}", "")] if report.period_of else []
    chips = [*period, *view.list_chips(list_possible_owners())]
    return send_xlsx(report.title, table.file_head, list(table.file_rows), view=view, chips=chips)


def _report(name: str) -> tuple[Report, ReportParams]:
    report = REPORTS.get(name) or abort(404)
    return report, ReportParams(
        name, request.args, me=current_user, user_locale=current_user_locale(), ways=dict(report.ways)
    )
