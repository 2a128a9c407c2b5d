"""What every page has around it: the navigation, the search box and the links of the account."""

import re
from dataclasses import dataclass
from typing import Any

from flask import Flask, request, url_for
from flask_login import current_user
from werkzeug.routing import IntegerConverter

from crm_web.auth.permissions import Action, may
from crm_web.models import Employee

# A path of ours: browsers read "//", a backslash or a tab behind the first slash as the start of another host.
OWN_PAGE = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*(?:\?[^\s\\#\x00-\x1f\x7f]*)?")


def safe_redirect_target(wanted: str | None) -> str | None:
    """
    Take an address that a request names as the place to go on to.

    :param wanted: the address, which anybody may have written
    :return: the same where it is a page of this site; ``None`` for anything else
    """
    return wanted if wanted and OWN_PAGE.fullmatch(wanted) else None


class RecordId(IntegerConverter):
    """A number in an address that surely fits a bigint; any longer one is simply not there (404), by any method."""

    regex = "[0-9]{1,18}"


@dataclass(frozen=True)
class NavigationLink:
    """
    One line of the navigation.

    :param label: the word to press
    :param url: where it leads
    :param icon: the name of its icon in the components
    :param is_current: whether the page shown belongs to it
    :param endpoint: the view that it leads to
    """

    label: str
    url: str
    icon: str
    is_current: bool
    endpoint: str = ""


NAVIGATION = (
    ("Dashboard", "dashboard.show_dashboard", "dashboard", None),
    ("Leads", "leads.list_leads", "lead", None),
    ("Customers", "customers.list_customers", "customer", None),
    ("Activities", "activities.list_activities", "note", None),
    ("Reports", "reports.list_reports", "report", None),
    ("History", "history.list_changes", "history", None),
    ("Trash", "trash.show_trash", "trash", None),
    ("Employees", "employees.list_employees", "employee", None),
    ("Webhooks", "webhooks.list_webhooks", "webhook", Action.KEEP_WEBHOOKS),
)


def register_frame(app: Flask) -> None:
    """
    Give every template its frame.

    :param app: the application to equip
    """
    app.context_processor(_frame)
    app.jinja_env.globals["url_before_id"] = url_before_id


def url_before_id(endpoint: str, id_name: str) -> str:
    """
    Give what the addresses of all records of a kind begin with: a list needs it fifty times.

    :param endpoint: a view whose address ends in the id
    :param id_name: how the view calls the id
    :return: such as ``/leads/``
    """
    first: dict[str, Any] = {id_name: 0}
    return url_for(endpoint, **first).removesuffix("0")


def _frame() -> dict[str, Any]:
    signed_in = bool(current_user and current_user.is_authenticated)
    return {
        "navigation": list_navigation(current_user) if signed_in else [],
        "search_url": url_for("search.show_results"),
        "suggest_url": url_for("search.suggest"),
        "searched": request.args.get("q", "") if request.blueprint == "search" else "",
        "account_url": url_for("auth.show_account"),
        "sign_out_url": url_for("auth.sign_out"),
        "may": lambda action: signed_in and may(current_user, Action(action)),
    }


def list_navigation(employee: Employee) -> list[NavigationLink]:
    """
    List the places that an employee can go to.

    :param employee: the person who is signed in
    :return: the lines of the navigation, in order
    """
    return [
        NavigationLink(label, url_for(endpoint), icon, request.blueprint == endpoint.partition(".")[0], endpoint)
        for label, endpoint, icon, action in NAVIGATION
        if action is None or may(employee, action)
    ]
