"""The frame of every page: navigation, search box and account links."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Flask, g, request, url_for
from flask_login import current_user
from jinja2.runtime import Macro
from markupsafe import Markup

from crm_web.auth.permissions import Action, may, may_change
from crm_web.auth.start_page import url_of_start_page
from crm_web.models import Employee
from crm_web.saved_views.items import SavedViewItems, current_saved_views
from crm_web.web.kept_texts import KeptText
from crm_web.web.urls import next_url, url_before_id, urls_by_id, urls_of_fields


@dataclass(frozen=True)
class NavigationLink:
    """An entry of the navigation."""

    label: str
    url: str
    icon: str
    is_current: bool
    endpoint: str = ""
    count: int = 0


NAVIGATION = (
    ("Today", "today.show_today", "today", None),
    ("Notifications", "notifications.list_notifications", "info", None),
    ("Calendar", "calendar.show_calendar", "meeting", None),
    ("Dashboard", "dashboard.show_dashboard", "dashboard", None),
    ("Leads", "leads.list_leads", "lead", None),
    ("Customers", "customers.list_customers", "customer", None),
    ("Contacts", "contacts.list_contacts", "person", None),
    ("Activities", "activities.list_activities", "note", None),
    ("Reports", "reports.list_reports", "report", None),
    ("Duplicates", "duplicates.list_duplicates", "duplicate", None),
    ("History", "history.list_changes", "history", None),
    ("Trash", "trash.show_trash", "trash", None),
    ("Employees", "employees.list_employees", "employee", None),
    ("Imports", "imports.list_imports", "import", Action.IMPORT),
    ("Incoming email", "incoming_emails.list_emails", "email", Action.CHANGE_ANY),
    ("Privacy", "privacy.find_people", "lock", Action.PURGE),
    ("Exchange rates", "rates.list_rates", "restore", Action.KEEP_RATES),
    ("Email", "emails.show_outbox", "email", Action.KEEP_MAIL),
    ("Webhooks", "webhooks.list_webhooks", "webhook", Action.KEEP_WEBHOOKS),
)


MOST_FRAMES = 200
"""How many frames are kept at most, of 9 KB each."""


class Frame(NamedTuple):
    """What the frame shows."""

    person: Employee
    navigation: list[NavigationLink]
    views: SavedViewItems
    start_url: str
    new_lead_url: str


def register_frame(app: Flask) -> None:
    """Add the frame to the context of templates."""
    app.context_processor(_offer_frame)
    app.jinja_env.globals["kept_in_frame"] = kept_in_frame
    app.jinja_env.globals["url_before_id"] = url_before_id
    app.jinja_env.globals["urls_by_id"] = urls_by_id
    app.jinja_env.globals["urls_of_fields"] = urls_of_fields
    app.jinja_env.globals["next_url"] = next_url


def _offer_frame() -> dict[str, Any]:
    # The employee itself: to ask through ``current_user`` again and again costs more than the answer.
    employee = current_user._get_current_object()
    signed_in = bool(employee and employee.is_authenticated)
    return {
        "searched": request.args.get("q", "") if request.blueprint == "search" else "",
        "may": lambda action: signed_in and may(employee, Action(action)),
        "may_change_record": lambda record: signed_in and may_change(employee, record),
    }


def kept_in_frame(macro: Macro) -> Callable[..., Markup]:
    """Draw a part of the frame once for each person, and each part of the application that they visit.

    :param macro: draws a ``Frame``; what else it takes each page fills in anew
    """
    _, *gaps = macro.arguments
    tables = ("employees", "saved_views", "view_choices")
    text: KeptText[Any] = KeptText(
        lambda _, **signs: macro(_show_frame(), **signs), *tables, gaps=gaps, most=MOST_FRAMES
    )
    return lambda *values: text.fill(_find_place(), **dict(zip(gaps, values, strict=True)))


def _find_place() -> tuple[Any, ...]:
    """Return all that the frame depends on beside those tables."""
    if "frame_place" not in g:
        section = request.blueprint if request.blueprint in _SECTIONS else None
        view = current_saved_views().current if "view" in request.args else None
        unread, root = g.get("unread_notifications", 0), request.environ.get("SCRIPT_NAME")
        g.frame_place = current_user.id, section, view.id if view else None, unread, root
    place: tuple[Any, ...] = g.frame_place
    return place


def _show_frame() -> Frame:
    employee = current_user._get_current_object()
    new_lead_url = url_for("leads.new_lead") if may(employee, Action.CREATE) else ""
    return Frame(employee, list_navigation(employee), current_saved_views(), url_of_start_page(employee), new_lead_url)


_SECTIONS = {endpoint.partition(".")[0] for _, endpoint, _, _ in NAVIGATION}


def list_navigation(employee: Employee) -> list[NavigationLink]:
    """List the navigation for an employee."""
    return [
        NavigationLink(
            label,
            url_for(endpoint),
            icon,
            request.blueprint == endpoint.partition(".")[0],
            endpoint,
            g.get("unread_notifications", 0) if endpoint == "notifications.list_notifications" else 0,
        )
        for label, endpoint, icon, action in NAVIGATION
        if action is None or may(employee, action)
    ]
