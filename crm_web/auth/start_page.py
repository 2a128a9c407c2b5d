"""The page that somebody starts from."""

from flask import url_for

from crm_web.models import Employee, StartPage

ENDPOINTS = {
    StartPage.TODAY: "today.show_today",
    StartPage.DASHBOARD: "dashboard.show_dashboard",
    StartPage.LEADS: "leads.list_leads",
    StartPage.BOARD: "leads.show_board",
}


def url_of_start_page(employee: Employee) -> str:
    """The URL of the page that a person starts from."""
    return url_for(ENDPOINTS[employee.start_page])
