"""The form on the page of a record that adds an activity to it.

Few people use it, and it takes a fifth of a page's time, so that it is drawn once for each person and day. Only what is
new with each page is filled in.
"""

from typing import Any
from uuid import uuid4

from flask import render_template, request
from flask_login import current_user
from markupsafe import Markup

from crm_web.activities.forms import KINDS, ActivityForm, empty_activity_form
from crm_web.web.kept_texts import KeptText
from crm_web.web.template_filters import today

MOST_KEPT = 200
"""How many are kept at most, of 7 KB each."""


def draw_activity_form(url: str) -> Markup:
    """Draw the form, which stands open where the page is asked for with a kind of activity in ``log``.

    :param url: where it is sent
    """
    kind = request.args.get("log")
    if kind in KINDS:
        return _draw(empty_activity_form(current_user, kind), url)
    return _forms.fill((current_user.id, today(), request.environ.get("SCRIPT_NAME")), url=url, submission=uuid4())


def _draw_to_keep(_key: tuple[Any, ...], url: str, submission: str) -> Markup:
    form = empty_activity_form(current_user, None)
    return _draw(form, url).replace(str(form.submission.data), submission)


def _draw(form: ActivityForm, url: str) -> Markup:
    drawn = render_template("activities/_add.html", activity_form=form, add_activity_url=url)
    return Markup(drawn)  # noqa: S704  (a template escapes what it puts out)


_forms: KeptText[tuple[Any, ...]] = KeptText(_draw_to_keep, "employees", gaps=["url", "submission"], most=MOST_KEPT)
