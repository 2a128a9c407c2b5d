"""The pages of the reports, and their files."""

from flask import Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from crm_web.auth.permissions import Action, allowed
from crm_web.leads.queries import list_sources
from crm_web.lists.exports import send_csv, send_xlsx
from crm_web.lists.params import Chip
from crm_web.reports import blueprint
from crm_web.reports.figures import REPORTS, Report
from crm_web.reports.formatting import ReportFormatter
from crm_web.reports.params import PERIODS, ReportParams


@blueprint.get("/reports")
@allowed(Action.READ)
def list_reports() -> str:
    tables = {name: report.build(_params(name, report, MultiDict())) for name, report in REPORTS.items()}
    return render_template("reports/list_reports.html", reports=REPORTS, tables=tables)


@blueprint.get("/reports/<name>")
@allowed(Action.READ)
def show_report(name: str) -> ResponseReturnValue:
    report, view = _report(name)
    if view.canonical_url:
        return redirect(view.canonical_url)
    return render_template(
        "reports/show_report.html",
        report=report,
        reports=REPORTS,
        view=view,
        table=report.build(view),
        caption=ReportFormatter(view).caption(report.caption),
        periods=list(PERIODS.items()),
        people=view.people,
        sources=list_sources() if report.has_sources else [],
        chips=view.list_chips(),
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
    chips = [*period, *view.list_chips()]
    return send_xlsx(report.title, table.file_head, list(table.file_rows), view=view, chips=chips)


def _report(name: str) -> tuple[Report, ReportParams]:
    report = REPORTS.get(name) or abort(404)
    return report, _params(name, report, request.args)


def _params(name: str, report: Report, args: MultiDict[str, str]) -> ReportParams:
    return ReportParams(name, args, ways=dict(report.ways))
