"""The page of what was moved to the trash."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.access import Action, allowed, may_change
from crm_web.list_address import ListAddress, Tab
from crm_web.trash import blueprint, queries

LABELS = {None: "All", "lead": "Leads", "customer": "Customers", "contact": "Contacts"}


@blueprint.get("")
@allowed(Action.READ)
def show_trash() -> ResponseReturnValue:
    view = ListAddress("trash.show_trash", request.args, names=("kind",), sorts=(), default_sort="")
    kind = next((kind for kind in queries.KINDS if kind == view.one("kind")), None)
    return render_template(
        "trash/show_trash.html",
        page=queries.list_trash(kind, mark=view.mark),
        view=view,
        tabs=[Tab(label, view.url(kind=other), other == kind) for other, label in LABELS.items()],
        may_restore=lambda entry: may_change(current_user, entry.owned),
    )
