"""The frame of every page: navigation, search box and account links."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, g, request, url_for
from flask_login import current_user

from crm_web.auth.permissions import Action, may, may_change
from crm_web.auth.start_page import url_of_start_page
from crm_web.models import Employee
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


def register_frame(app: Flask) -> None:
    """Add the frame to the context of templates."""
    app.context_processor(_frame)
    app.jinja_env.globals["url_before_id"] = url_before_id
    app.jinja_env.globals["urls_by_id"] = urls_by_id
    app.jinja_env.globals["urls_of_fields"] = urls_of_fields
    app.jinja_env.globals["next_url"] = next_url


def _frame() -> dict[str, Any]:
    # The employee itself: to ask through ``current_user`` again and again costs more than the answer.
    employee = current_user._get_current_object()
    signed_in = bool(employee and employee.is_authenticated)
    return {
        "navigation": list_navigation(employee) if signed_in else [],
        "new_lead_url": url_for("leads.new_lead") if signed_in and may(employee, Action.CREATE) else "",
        "search_url": url_for("search.show_results"),
        "suggest_url": url_for("search.suggest"),
        "searched": request.args.get("q", "") if request.blueprint == "search" else "",
        "start_url": url_of_start_page(employee) if signed_in else "/",
        "account_url": url_for("auth.show_account"),
        "help_url": url_for("help.list_topics"),
        "sign_out_url": url_for("auth.sign_out"),
        "may": lambda action: signed_in and may(employee, Action(action)),
        "may_change_record": lambda record: signed_in and may_change(employee, record),
    }


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
