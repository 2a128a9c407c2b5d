"""The board page. Cards are moved with the form of ``change_status``."""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed
from crm_web.board.layout import BoardParams, lay_out
from crm_web.leads import blueprint, queries
from crm_web.leads.forms import StatusForm


@blueprint.get("/leads/board")
@allowed(Action.READ)
def show_board() -> ResponseReturnValue:
    view = BoardParams(request.args)
    if view.canonical_url:
        return redirect(view.canonical_url)
    return render_template(
        "board/show_board.html",
        columns=lay_out(view, by=current_user._get_current_object()),
        view=view,
        people=view.people,
        words=queries.list_words_in_use(),
        chips=view.list_chips(),
        form=StatusForm(formdata=None),
    )
