"""The help pages: one template per topic."""

from flask import render_template

from crm_web.auth.permissions import signed_in
from crm_web.help import blueprint

TOPICS = {
    "today": "help/today.html",
    "calendar": "help/calendar.html",
    "notifications": "help/notifications.html",
    "leads": "help/leads.html",
    "board": "help/board.html",
    "customers": "help/customers.html",
    "winning": "help/winning.html",
    "activities": "help/activities.html",
    "emails": "help/emails.html",
    "files": "help/files.html",
    "search": "help/search.html",
    "views": "help/views.html",
    "bulk": "help/bulk.html",
    "imports": "help/imports.html",
    "reports": "help/reports.html",
    "duplicates": "help/duplicates.html",
    "merging": "help/merging.html",
    "history": "help/history.html",
    "signing_in": "help/signing_in.html",
    "employees": "help/employees.html",
    "privacy": "help/privacy.html",
    "trash": "help/trash.html",
    "shortcuts": "help/shortcuts.html",
    "api": "help/api.html",
}


@blueprint.get("/help")
@signed_in
def list_topics() -> str:
    return render_template("help/list_topics.html")


@blueprint.get(f"/help/<any({', '.join(TOPICS)}):topic>")
@signed_in
def show_topic(topic: str) -> str:
    return render_template(TOPICS[topic], topic=topic)
