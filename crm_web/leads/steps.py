"""The row of steps on the page of a lead: where it stands, and the ways on.

As long as nothing was sent that is wrong, it depends on the status alone, so that it is drawn once for each.
"""

from flask import render_template, url_for
from markupsafe import Markup

from crm_web.leads.forms import StatusForm
from crm_web.models import Lead, LeadStatus
from crm_web.web.kept_texts import KeptText


def draw_steps(lead: Lead, form: StatusForm | None, *, may_change: bool) -> Markup:
    """Draw the steps.

    :param form: a change that was sent, and refused
    """
    url = url_for("leads.change_status", lead_id=lead.id)
    if form is not None:
        form.show_on(lead.status)
        return _draw(lead.status, url, form if may_change else None)
    return _steps.fill((lead.status, may_change), url=url)


def _draw_to_keep(key: tuple[LeadStatus, bool], url: str) -> Markup:
    status, may_change = key
    form = StatusForm(formdata=None)
    form.show_on(status)
    return _draw(status, url, form if may_change else None)


def _draw(status: LeadStatus, url: str, form: StatusForm | None) -> Markup:
    drawn = render_template("leads/_steps.html", status=status, form=form, url=url)
    return Markup(drawn)  # noqa: S704  (a template escapes what it puts out)


_steps: KeptText[tuple[LeadStatus, bool]] = KeptText(_draw_to_keep, gaps=["url"])
