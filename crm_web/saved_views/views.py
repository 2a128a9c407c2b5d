"""The pages of saved views."""

from urllib.parse import parse_qsl

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from crm_web.auth.permissions import Action, allowed, may, may_change_view, refuse
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.models import ListName, SavedView, limit_of
from crm_web.saved_views import blueprint, operations, queries
from crm_web.saved_views.forms import NewViewForm, ViewForm
from crm_web.saved_views.items import ENDPOINTS, READERS, current_saved_views, url_of_view
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.refusals import refusals_shown_at


@blueprint.app_context_processor
def give_views() -> dict[str, object]:
    """Add the saved views to the context of templates; they are loaded only if a template uses them."""
    return {"saved_views": current_saved_views}


@blueprint.get("")
@allowed(Action.READ)
def list_views() -> ResponseReturnValue:
    return render_template("saved_views/list_views.html", views=current_saved_views().views)


@blueprint.get("/new")
@allowed(Action.READ)
def new_view() -> ResponseReturnValue:
    list_name = _list_or_404(request.args.get("list", ""))
    form = _for_me(NewViewForm(list=list_name, address=_tidy(list_name, request.args)))
    return _new_page(form)


@blueprint.post("/new")
@allowed(Action.KEEP_VIEWS)
@refillable()
def create_view() -> ResponseReturnValue:
    form = _for_me(NewViewForm())
    list_name = _list_or_404(form.list.data or "")
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _new_page(form), 422
    try:
        address = _tidy(list_name, _read(form.address.data or ""))
        view = operations.create_view(list_name, address, _values(form), by=current_user)
        operations.pin_view(view, form.is_pinned.data, by=current_user)
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        return _new_page(form), 422
    answer = store_response(form, f"View “{view.name}” saved.", url_of_view(view))
    db.session.commit()
    return answer.give()


def _new_page(form: NewViewForm) -> str:
    list_name = _list_or_404(form.list.data or "")
    back_url = f"{url_for(ENDPOINTS[list_name])}?{_tidy(list_name, _read(form.address.data or ''))}"
    return render_template("saved_views/new_view.html", form=form, back=(list_name.label, back_url))


@blueprint.get("/<int:view_id>")
@allowed(Action.READ)
def open_view(view_id: int) -> ResponseReturnValue:
    return redirect(url_of_view(_view_or_404(view_id)), code=303)


@blueprint.get("/<int:view_id>/edit")
@allowed(Action.READ)
def edit_view(view_id: int) -> ResponseReturnValue:
    view = _view_to_change(view_id)
    return _edit_page(_for_me(ViewForm(obj=view)), view)


@blueprint.post("/<int:view_id>/edit")
@allowed(Action.KEEP_VIEWS)
@refillable()
def change_view(view_id: int) -> ResponseReturnValue:
    view = _view_to_change(view_id)
    form = _for_me(ViewForm(obj=view))
    if not form.validate():
        return _edit_page(form, view), 422
    try:
        operations.change_view(view, _values(form), by=current_user)
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        return _edit_page(form, view), 422
    answer = Answer(f"View “{view.name}” saved.", url_for("saved_views.list_views"))
    db.session.commit()
    return answer.give()


def _edit_page(form: ViewForm, view: SavedView) -> str:
    return render_template("saved_views/edit_view.html", form=form, view=view)


@blueprint.post("/<int:view_id>/save")
@allowed(Action.KEEP_VIEWS)
def save_address(view_id: int) -> ResponseReturnValue:
    view = _view_to_change(view_id)
    operations.save_address(view, _tidy(view.list, _read(request.form.get("address", ""))), by=current_user)
    answer = Answer(f"View “{view.name}” updated.", url_of_view(view))
    db.session.commit()
    return answer.give()


@blueprint.post("/<int:view_id>/trash")
@allowed(Action.KEEP_VIEWS)
def trash_view(view_id: int) -> ResponseReturnValue:
    view = _view_to_change(view_id)
    operations.trash_view(view, by=current_user)
    undo = ("Undo", url_for("saved_views.restore_view", view_id=view_id))
    is_mine = view.owner_id == current_user.id
    answer = Answer(f"View “{view.name}” deleted.", url_for("saved_views.list_views"), undo=undo if is_mine else None)
    db.session.commit()
    return answer.give()


@blueprint.post("/<int:view_id>/restore")
@allowed(Action.KEEP_VIEWS)
def restore_view(view_id: int) -> ResponseReturnValue:
    view = queries.find_view(view_id, by=current_user) or abort(404)
    place = url_for("saved_views.list_views")
    with refusals_shown_at(place):
        operations.restore_view(view, by=current_user)
    answer = Answer(f"View “{view.name}” restored.", place)
    db.session.commit()
    return answer.give()


@blueprint.post("/<int:view_id>/pin")
@allowed(Action.KEEP_VIEWS)
def pin_view(view_id: int) -> ResponseReturnValue:
    operations.pin_view(_view_or_404(view_id), request.form.get("on") == "1", by=current_user)
    db.session.commit()
    return redirect(url_for("saved_views.list_views"), code=303)


@blueprint.post("/<int:view_id>/begin")
@allowed(Action.KEEP_VIEWS)
def begin_with_view(view_id: int) -> ResponseReturnValue:
    operations.begin_with_view(_view_or_404(view_id), request.form.get("on") == "1", by=current_user)
    db.session.commit()
    return redirect(url_for("saved_views.list_views"), code=303)


def _for_me(form: ViewForm) -> ViewForm:
    if not may(current_user, Action.CREATE):
        form.keep_private()
    return form


def _values(form: ViewForm) -> dict[str, object]:
    shared = {"is_shared": form.is_shared.data} if "is_shared" in form else {}
    return {"name": (form.name.data or "").strip(), **shared}


def _read(query: str) -> MultiDict[str, str]:
    return MultiDict(parse_qsl(query[: limit_of(SavedView.address)]))


def _tidy(list_name: ListName, args: MultiDict[str, str]) -> str:
    """Normalize the query string to what the list knows, and cut it if it is too long."""
    address = READERS[list_name](args).query_string
    return address if len(address) <= limit_of(SavedView.address) else ""


def _list_or_404(name: str) -> ListName:
    return ListName(name) if name in list(ListName) else abort(404)


def _view_or_404(view_id: int) -> SavedView:
    view = queries.find_view(view_id, by=current_user)
    return view if view and not view.is_in_trash else abort(404)


def _view_to_change(view_id: int) -> SavedView:
    view = _view_or_404(view_id)
    if not may_change_view(current_user, view):
        refuse("Someone else owns this view. Only its owner, a manager or an admin can edit it.")
    return view
