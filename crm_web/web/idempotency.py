"""Idempotency of forms: a form that is sent twice makes one thing, and both get the same response.

A form that creates something carries a key, made when the form was shown. Its view calls ``replay_response`` first,
which claims the key, and ``store_response`` before its one commit, so that what was made and the response to it exist
together or not at all. Double clicks, reloads and retries after a time-out, on any instance, meet at the row of the
key: the second one waits there until the first has ended. If the first was refused, its claim is rolled back with
everything else, and the second one goes on in its place.

    if answer := replay_response(form):
        return answer.give()
    ...
    answer = store_response(form, f"{lead.name} was entered.", url_for("leads.show_lead", lead_id=lead.id))
    db.session.commit()
    return answer.give()
"""

import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import ColumnElement, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.core.extensions import db
from crm_web.models import Submission
from crm_web.records.retention import delete_portion
from crm_web.web.flash import Kind, Link, flash_message
from crm_web.web.forms import IdempotentForm
from crm_web.web.refills import is_refill

KEPT_FOR = timedelta(days=7)
NOT_TYPED = ("csrf_token", "submission")


@dataclass(frozen=True)
class Answer:
    """
    What a POST that changed something is answered with.

    It is put together before the commit: after it somebody else may have deleted the record that it speaks of.

    :param text: what the person is told, as one sentence
    :param place: the address that they are sent to
    :param link: label and address of where to look besides
    :param undo: label and address that a POST takes the deed back with
    :param warnings: what was taken though it may be wrong
    :param kind: how it is meant
    """

    text: str
    place: str
    link: Link | None = None
    undo: Link | None = None
    warnings: Sequence[str] = ()
    kind: Kind = "success"

    def give(self) -> ResponseReturnValue:
        """Send the person on; after the commit, so that nobody is told of what did not happen."""
        flash_message(self.text, kind=self.kind, link=self.link, undo=self.undo)
        for warning in self.warnings:
            flash_message(warning, kind="warning")
        return redirect(self.place, code=303)


def replay_response(form: IdempotentForm) -> Answer | None:
    """
    Claim the key of a form that was sent, or find what it was answered with before; waits for one under way.

    A form that was changed after it was sent is given the words about that, and does not validate.

    :param form: the form, not validated yet; without a key it is never known
    :return: the answer to give again; ``None`` where the form is to be dealt with
    """
    if is_refill():
        return None
    key = form.submission.data
    digest = _digest_what_was_typed()
    if key is None or claim(key, digest):
        return None
    earlier = find_kept(key)
    if earlier is None:
        return None
    answer = Answer(**(earlier.answer or {}))
    if earlier.request_hash == digest:
        return answer
    form.refuse_changed(
        Markup(
            "This form was already sent, and answered “{}”. What stands here now is not saved. To change what was"
            ' entered, <a href="{}">look there</a>; to enter one more, save again.'
        ).format(answer.text, answer.place)
    )
    return None


def store_response(
    form: IdempotentForm, text: str, place: str, *, link: Link | None = None, undo: Link | None = None
) -> Answer:
    """
    Keep the answer to a form beside what was made of it; the view commits both, then gives it.

    :param form: the form that ``replay_response`` had nothing for
    :param text: what the person is told, as one sentence
    :param place: the address that they are sent to
    :param link: label and address of where to look besides
    :param undo: label and address that a POST takes the deed back with
    :return: the answer
    """
    answer = Answer(text, place, link, undo, form.doubts)
    key = form.submission.data
    if key is not None:
        keep(key, asdict(answer))
    return answer


def claim(key: UUID, digest: bytes) -> bool:
    """
    Claim the key of something that is to be done once; waits for another claim that is under way.

    The table lets only one transaction insert a key; any other waits here for the end of that one.

    :param key: the key, of the employee who is signed in
    :param digest: what was sent with it
    :return: true where it is new, and whoever sent it may go on
    """
    claimed = insert(Submission).values(employee_id=current_user.id, key=key, request_hash=digest)
    return db.session.scalar(claimed.on_conflict_do_nothing().returning(Submission.key)) is not None


def find_kept(key: UUID) -> Submission | None:
    """
    Find what a key was answered with before.

    :param key: the key, of the employee who is signed in
    :return: the line; ``None`` where it was forgotten in this very moment, and nothing is left to repeat
    """
    return db.session.scalar(select(Submission).where(_is_mine(key), Submission.answer.is_not(None)))


def keep(key: UUID, answer: dict[str, Any]) -> None:
    """
    Keep the answer to a key that was claimed, beside what was made of it.

    :param key: the key, of the employee who is signed in
    :param answer: what to answer from now on
    """
    db.session.execute(update(Submission).where(_is_mine(key)).values(answer=answer))


def delete_expired_keys() -> bool:
    """
    Delete some of the keys that were kept for long enough, each with its answer.

    :return: whether there may be more
    """
    return delete_portion(Submission, Submission.created_at < func.now() - KEPT_FOR)


def _is_mine(key: UUID) -> ColumnElement[bool]:
    return tuple_(Submission.employee_id, Submission.key) == (current_user.id, key)


def _digest_what_was_typed() -> bytes:
    """Keyed with the secret of the installation: a first password may be in it, which must not be guessed from it."""
    typed = sorted((name, values) for name, values in request.form.lists() if name not in NOT_TYPED)
    secret: str = current_app.config["SECRET_KEY"]
    return hmac.digest(secret.encode(), json.dumps([request.path, typed]).encode(), "sha256")
