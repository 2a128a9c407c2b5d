"""The page of duplicates."""

from collections.abc import Sequence

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed
from crm_web.core.extensions import db
from crm_web.duplicates import blueprint, operations, queries
from crm_web.lists.params import ListParams, Tab, is_record_id
from crm_web.models import RecordKind
from crm_web.web.idempotency import Answer
from crm_web.web.urls import safe_redirect_target

KINDS = {None: "All", "lead": "Leads", "customer": "Customers", "contact": "Contacts"}
MOST_RESTORED = 200


@blueprint.get("")
@allowed(Action.READ)
def list_duplicates() -> ResponseReturnValue:
    view = ListParams("duplicates.list_duplicates", request.args, names=("kind", "strength"))
    view.require("kind", "a record type", lambda word: word in set(RecordKind), is_single=True)
    view.require("strength", "a strength", lambda word: word in queries.STRENGTHS, is_single=True)
    kind, strength = view.one("kind") or None, view.one("strength") or None
    return render_template(
        "duplicates/list_duplicates.html",
        page=queries.list_groups(kind=kind, strength=strength, cursor=view.mark),
        view=view,
        tabs=[Tab(label, view.url(kind=other), other == kind) for other, label in KINDS.items()],
        strengths=[
            Tab("Any strength", view.url(strength=None), strength is None),
            *(Tab(it.label, view.url(strength=word), word == strength) for word, it in queries.STRENGTHS.items()),
        ],
    )


@blueprint.post("/groups/<int:group_id>/dismiss")
@allowed(Action.CHANGE_OWN)
def dismiss_group(group_id: int) -> ResponseReturnValue:
    pair_ids = operations.dismiss_group(group_id, by=current_user)
    text = "Marked as not the same." if pair_ids else "Already marked as not the same."
    return _answer(text, pair_ids)


@blueprint.post("/<int:pair_id>/dismiss")
@allowed(Action.CHANGE_OWN)
def dismiss_pair(pair_id: int) -> ResponseReturnValue:
    pair = queries.get_pair(pair_id) or abort(404)
    operations.dismiss_pair(pair, by=current_user)
    return _answer("Marked as not the same.", [pair_id])


def _answer(text: str, pair_ids: Sequence[int]) -> ResponseReturnValue:
    ids = ",".join(str(pair_id) for pair_id in pair_ids[:MOST_RESTORED])
    undo = ("Undo", url_for("duplicates.restore_pairs", ids=ids)) if ids else None
    answer = Answer(text, _come_from(), undo=undo)
    db.session.commit()
    return answer.give()


@blueprint.post("/restore")
@allowed(Action.CHANGE_OWN)
def restore_pairs() -> ResponseReturnValue:
    ids = [int(word) for word in request.args.get("ids", "").split(",")[:MOST_RESTORED] if is_record_id(word)]
    is_done = operations.restore_pairs(ids)
    answer = Answer("Listed as possible duplicates again." if is_done else "There is nothing to undo.", _come_from())
    db.session.commit()
    return answer.give()


def _come_from() -> str:
    return safe_redirect_target(request.form.get("next")) or url_for("duplicates.list_duplicates")
