"""Bulk edits: POST /bulk/<entity> saves a selection, GET /bulk/<id> confirms the edit and shows its result."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, may, refuse
from crm_web.bulk import blueprint, operations, queries
from crm_web.bulk.formatting import describe_action, format_title
from crm_web.bulk.forms import PlainForm, SelectionForm, SourceForm, form_for, list_actions
from crm_web.bulk.params import EditResultParams
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.customers.listing.params import CustomerListParams
from crm_web.leads.listing.params import LeadListParams
from crm_web.leads.queries import list_sources
from crm_web.lists.params import ListParams
from crm_web.models import BulkEdit, BulkEntity
from crm_web.records.people import list_possible_owners, map_employee_names
from crm_web.web.flash import flash_message
from crm_web.web.form_fields import show_refusal
from crm_web.web.refills import refillable

blueprint.add_app_template_global(list_actions, "bulk_actions")
blueprint.add_app_template_global(format_title, "bulk_title")


@blueprint.post("/<any(lead, customer):entity>")
@allowed(Action.CHANGE_OWN)
def choose_records(entity: str) -> ResponseReturnValue:
    kind = BulkEntity(entity)
    view, matching = _read_list(kind)
    form = SelectionForm()
    form.offer(kind)
    selection = matching if form.everything.data else queries.select_ids(kind, form.ids.data or [])
    try:
        if not form.validate():
            raise DomainError(" ".join(message for messages in form.errors.values() for message in messages))
        action, values = form.chosen
        edit = operations.save_selection(kind, action, selection, place=view.url(), values=values, by=current_user)
    except DomainError as error:
        flash_message(error.message, kind="error")
        return redirect(view.url(), code=303)
    place = url_for("bulk.show_edit", edit_id=edit.id)
    db.session.commit()
    return redirect(place, code=303)


def _read_list(kind: BulkEntity) -> tuple[ListParams, Any]:
    """Read the list that the records were selected in, with its filters."""
    if kind is BulkEntity.LEAD:
        leads = LeadListParams(request.args)
        return leads, queries.select_matching(leads.read_filter())
    customers = CustomerListParams(request.args)
    return customers, queries.select_matching(customers.read_filter())


@blueprint.get("")
@allowed(Action.CHANGE_OWN)
def list_edits() -> ResponseReturnValue:
    view = ListParams("bulk.list_edits", request.args, names=("whose",))
    is_all = may(current_user, Action.CHANGE_ANY) and view.one("whose") == "all"
    page = queries.list_edits(None if is_all else current_user, cursor=view.mark)
    counts, names = queries.count_outcomes(page.rows), map_employee_names()
    titles = {edit.id: describe_action(edit, names) for edit in page.rows}
    return render_template("bulk/list_edits.html", page=page, view=view, counts=counts, titles=titles, is_all=is_all)


@blueprint.get("/<int:edit_id>")
@allowed(Action.CHANGE_OWN)
def show_edit(edit_id: int) -> ResponseReturnValue:
    edit = _edit_or_404(edit_id)
    if edit.is_applied:
        return _receipt(edit)
    return _confirmation(edit, form_for(edit, list_possible_owners()))


@blueprint.post("/<int:edit_id>/apply")
@allowed(Action.CHANGE_OWN)
@refillable()
def apply_edit(edit_id: int) -> ResponseReturnValue:
    edit = _edit_or_404(edit_id)
    if not edit.is_applied:
        if edit.made_by_id != current_user.id:
            refuse("Only the person who selected these records can apply this edit.")
        form = form_for(edit, list_possible_owners())
        if not form.validate():
            return _confirmation(edit, form), 422
        try:
            operations.apply_edit(edit, form.values(), by=current_user)
        except operations.EditUnderWay as error:
            flash_message(error.message, kind="info")
        except DomainError as error:
            db.session.rollback()
            show_refusal(form, error)
            return _confirmation(_edit_or_404(edit_id), form), 422
        db.session.commit()
    return redirect(url_for("bulk.show_edit", edit_id=edit_id), code=303)


@blueprint.post("/<int:edit_id>/undo")
@allowed(Action.CHANGE_OWN)
def undo_edit(edit_id: int) -> ResponseReturnValue:
    edit = _edit_or_404(edit_id)
    try:
        operations.undo_edit(edit, by=current_user)
    except operations.EditUnderWay as error:
        flash_message(error.message, kind="info")
    db.session.commit()
    return redirect(url_for("bulk.show_edit", edit_id=edit_id), code=303)


def _edit_or_404(edit_id: int) -> BulkEdit:
    edit = queries.get_edit(edit_id) or abort(404)
    if edit.made_by_id != current_user.id and not may(current_user, Action.CHANGE_ANY):
        refuse("This is someone else’s bulk edit. Only they, a manager or an admin can see it.")
    return edit


def _confirmation(edit: BulkEdit, form: PlainForm) -> str:
    if isinstance(form, SourceForm):
        form.source.suggestions = list_sources()
    return render_template(
        "bulk/confirm_edit.html",
        edit=edit,
        form=form,
        preview=queries.preview_edit(edit, by=edit.made_by),
        is_mine=edit.made_by_id == current_user.id,
    )


def _receipt(edit: BulkEdit) -> str:
    counts = queries.count_outcomes([edit])[edit.id]
    view = EditResultParams(request.args, edit=edit, counts=counts)
    page = queries.list_items(edit, view.outcome, cursor=view.mark)
    names = queries.map_names(edit, [item.record_id for item in page.rows])
    title = describe_action(edit, map_employee_names()) if counts["done"] else "Nothing changed"
    return render_template(
        "bulk/receipt.html", edit=edit, counts=counts, view=view, page=page, names=names, title=title
    )
