"""The pages of API tokens: one's own, and all of them for administrators."""

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed, signed_in
from crm_web.auth.tokens import blueprint, operations, queries
from crm_web.auth.tokens.forms import NewTokenForm
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.core.security_headers import send_secret
from crm_web.models import ApiToken
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable


@blueprint.get("/account/tokens")
@signed_in
def list_tokens() -> ResponseReturnValue:
    return _page(NewTokenForm())


@blueprint.post("/account/tokens")
@signed_in
@refillable()
def create_token() -> ResponseReturnValue:
    form = NewTokenForm()
    if earlier := replay_response(form):
        return earlier.give()
    if not form.validate():
        return _page(form), 422
    try:
        token, secret = operations.create_token(form.name.data, form.scope.data, form.lifetime, by=current_user)
    except DomainError as error:
        show_refusal(form, error)
        return _page(form), 422
    text = f"Token “{token.name}” already exists, and its secret was shown once. If you lost it, revoke the token."
    store_response(form, text, url_for("tokens.list_tokens"))
    answer = send_secret(render_template("tokens/show_secret.html", token=token, secret=secret))
    known = {"id": token.id, "scope": token.scope}
    db.session.commit()
    log_event("token_created", **known)
    return answer


def _page(form: NewTokenForm) -> str:
    return render_template("tokens/list_tokens.html", form=form, tokens=queries.list_own_tokens(current_user))


@blueprint.post("/account/tokens/<int:token_id>/revoke")
@signed_in
def revoke_token(token_id: int) -> ResponseReturnValue:
    return _revoke(queries.get_own_token(current_user, token_id) or abort(404), "tokens.list_tokens")


@blueprint.get("/employees/tokens")
@allowed(Action.KEEP_EMPLOYEES)
def list_all_tokens() -> ResponseReturnValue:
    return render_template("tokens/list_all_tokens.html", tokens=queries.list_all_tokens())


@blueprint.post("/employees/tokens/<int:token_id>/revoke")
@allowed(Action.KEEP_EMPLOYEES)
def revoke_any_token(token_id: int) -> ResponseReturnValue:
    return _revoke(queries.get_token(token_id) or abort(404), "tokens.list_all_tokens")


def _revoke(token: ApiToken, endpoint: str) -> ResponseReturnValue:
    operations.revoke_token(token, by=current_user)
    token_id = token.id
    answer = Answer(f"Token “{token.name}” revoked.", url_for(endpoint))
    db.session.commit()
    log_event("token_revoked", id=token_id)
    return answer.give()
