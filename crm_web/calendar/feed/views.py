"""The feed that calendar apps read, the file of one activity, and the account page of the feed."""

from collections.abc import Iterable
from datetime import timedelta, tzinfo
from typing import NoReturn

from flask import Response, abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.activities.places import url_of_record
from crm_web.activities.queries import get_activity
from crm_web.auth.permissions import Action, allowed, public, signed_in
from crm_web.calendar import blueprint
from crm_web.calendar.feed import operations, queries
from crm_web.core.clock import now
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.core.security_headers import send_secret
from crm_web.models import Activity
from crm_web.web.idempotency import Answer
from crm_web.web.template_filters import current_user_locale, user_locale_of

PAST, AHEAD = timedelta(days=90), timedelta(days=366)
MOST = 2000
"""How many tasks, and how many calls and meetings, a feed shows."""


@blueprint.get("/calendar.ics")
@public
def send_feed() -> ResponseReturnValue:
    """The key is in the query, which no log of ours holds."""
    owner = queries.find_feed_owner(request.args.get("key", "")) or _refuse()
    zone = user_locale_of(owner.locale, owner.time_zone).zone
    activities = queries.list_events(owner, now() - PAST, now() + AHEAD, limit=MOST)
    written = _write(activities, zone, name=f"Piper · {owner.name}")
    return _send(written, "calendar.ics").make_conditional(request)


def _refuse() -> NoReturn:
    abort(404, "This calendar address no longer works. Create a new one in your account.")


@blueprint.get("/activities/<int:activity_id>.ics")
@allowed(Action.READ)
def send_activity(activity_id: int) -> ResponseReturnValue:
    activity = get_activity(activity_id) or abort(404)
    if activity.record.is_in_trash or (activity.is_task and activity.due_on is None):
        abort(404)
    written = _write([activity], current_user_locale().zone)
    return _send(written, f"activity-{activity.id}.ics")


def _write(activities: Iterable[Activity], zone: tzinfo, *, name: str = "") -> bytes:
    # It takes three megabytes, which only a process that sends a calendar has to spend.
    from crm_web.calendar.feed.writing import write_calendar

    return write_calendar(activities, zone, host=request.host, url_of=_url_of, name=name)


def _send(written: bytes, name: str) -> Response:
    response = make_response(written)
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    # May be kept by the app that asks, but is asked about each time.
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response


def _url_of(activity: Activity) -> str:
    return request.host_url.rstrip("/") + url_of_record(activity.record)


@blueprint.get("/account/calendar")
@signed_in
def show_feed() -> str:
    return render_template("calendar/show_feed.html", feed=queries.find_feed(current_user))


@blueprint.post("/account/calendar")
@signed_in
def renew_feed() -> ResponseReturnValue:
    key = operations.renew_feed(current_user)
    answer = send_secret(
        render_template("calendar/show_address.html", address=url_for(".send_feed", key=key, _external=True))
    )
    db.session.commit()
    log_event("calendar_feed_renewed")
    return answer


@blueprint.post("/account/calendar/remove")
@signed_in
def remove_feed() -> ResponseReturnValue:
    operations.remove_feed(current_user)
    answer = Answer("Calendar address removed. Apps that used it no longer get updates.", url_for(".show_feed"))
    db.session.commit()
    log_event("calendar_feed_removed")
    return answer.give()
