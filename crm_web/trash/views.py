"""The trash page, and permanent deletion."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, may_change
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.lists.params import ListParams, Tab
from crm_web.trash import blueprint, queries
from crm_web.trash.purge import operations
from crm_web.trash.purge.queries import get_trashed, preview_purge
from crm_web.web.flash import flash_message

LABELS = {None: "All", "lead": "Leads", "customer": "Customers", "contact": "Contacts"}


@blueprint.get("")
@allowed(Action.READ)
def show_trash() -> ResponseReturnValue:
    view = ListParams("trash.show_trash", request.args, names=("kind",))
    view.require("kind", "a record type", lambda word: word in queries.KINDS, is_single=True)
    kind = next((kind for kind in queries.KINDS if kind == view.one("kind")), None)
    return render_template(
        "trash/show_trash.html",
        page=queries.list_trash(kind, cursor=view.mark),
        view=view,
        tabs=[Tab(label, view.url(kind=other), other == kind) for other, label in LABELS.items()],
        may_restore=lambda entry: may_change(current_user, entry.owned),
    )


@blueprint.get("/<kind>/<int:record_id>/purge")
@allowed(Action.PURGE)
def confirm_purge(kind: str, record_id: int) -> ResponseReturnValue:
    record = get_trashed(kind, record_id) or abort(404)
    return render_template("trash/confirm_purge.html", kind=kind, record=record, purge=preview_purge(kind, record))


@blueprint.post("/<kind>/<int:record_id>/purge")
@allowed(Action.PURGE)
def purge(kind: str, record_id: int) -> ResponseReturnValue:
    record = get_trashed(kind, record_id) or abort(404)
    name = record.name
    try:
        operations.purge(kind, record, by=current_user)
    except DomainError as error:
        db.session.rollback()
        flash_message(f"{name} was not deleted. {error.message}", kind="error")
    else:
        db.session.commit()
        log_event("purged", kind=kind, record=record_id)
        flash_message(f"{name} permanently deleted.")
    return redirect(url_for("trash.show_trash"), code=303)
