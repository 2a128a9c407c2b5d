"""The page on which the surest groups of duplicates are merged at once."""

import re
from dataclasses import replace

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed
from crm_web.bulk import blueprint
from crm_web.bulk.merges.operations import merge_groups
from crm_web.bulk.merges.queries import list_sure_groups
from crm_web.core.extensions import db
from crm_web.duplicates.queries import GROUPS_ON_A_PAGE
from crm_web.models import RecordKind
from crm_web.web.forms import IdempotentForm
from crm_web.web.idempotency import replay_response, store_response
from crm_web.web.refills import refillable

_GROUP = re.compile(rf"({'|'.join(RecordKind)})((?: [0-9]{{1,18}}:[0-9]{{1,9}}){{2,10}})")
MOST_SHOWN = 5


@blueprint.get("/merges")
@allowed(Action.CHANGE_OWN)
def preview_merges() -> ResponseReturnValue:
    return _page(IdempotentForm(formdata=None))


@blueprint.post("/merges")
@allowed(Action.CHANGE_OWN)
@refillable()
def merge_many() -> ResponseReturnValue:
    form = IdempotentForm()
    if answer := replay_response(form):
        return answer.give()
    groups = [_read(match) for word in request.form.getlist("groups") if (match := _GROUP.fullmatch(word))]
    if not form.validate():
        return _page(form), 422
    if not groups:
        form.form_errors = ["Select at least one group."]
        return _page(form), 422
    done = merge_groups(groups[:GROUPS_ON_A_PAGE], by=current_user)
    text = f"{done.records} records merged into {done.merged}. Undo each under Recent merges."
    stored = store_response(form, text if done.merged else "Nothing was merged.", url_for("merging.list_merges"))
    answer = replace(stored, warnings=done.refused[:MOST_SHOWN])
    db.session.commit()
    return answer.give()


def _page(form: IdempotentForm) -> str:
    return render_template("bulk/preview_merges.html", form=form, groups=list_sure_groups(current_user))


def _read(match: re.Match[str]) -> tuple[RecordKind, dict[int, int]]:
    pairs = (word.split(":") for word in match[2].split())
    return RecordKind(match[1]), {int(record_id): int(version) for record_id, version in pairs}
