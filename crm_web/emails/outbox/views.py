"""Showing the outbox, and sending emails again."""

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from crm_web.auth.permissions import Action, allowed
from crm_web.core.config import current_settings
from crm_web.core.extensions import db
from crm_web.emails import blueprint
from crm_web.emails.outbox import queries
from crm_web.mail.operations import retry_mail
from crm_web.web.idempotency import Answer
from crm_web.web.refusals import refusals_shown_at


@blueprint.get("/emails")
@allowed(Action.KEEP_MAIL)
def show_outbox() -> str:
    return render_template(
        "emails/show_outbox.html",
        outbox=queries.load_outbox(),
        mailbox=queries.get_mailbox_check(),
        settings=current_settings(),
    )


@blueprint.post("/emails/<int:mail_id>/retry")
@allowed(Action.KEEP_MAIL)
def retry(mail_id: int) -> ResponseReturnValue:
    mail = queries.get_mail(mail_id) or abort(404)
    answer = Answer(f"The email to {mail.recipient} will be sent again in a few seconds.", url_for(".show_outbox"))
    with refusals_shown_at(answer.place):
        retry_mail(mail)
    db.session.commit()
    return answer.give()
