"""Idempotency of forms: a form that is sent twice creates one thing, and both requests get the same response.

A form that creates something carries a key, made when it was rendered. Its view calls ``replay_response`` first, which
claims the key, and ``store_response`` before its one commit, so that the new record and its response are saved together
or not at all. Double clicks, reloads and retries after a time-out, on any instance, meet at the row of the key: the
second request waits there for the first to end. If the first was refused, its claim is rolled back, and the second goes
ahead in its place.

    if answer := replay_response(form):
        return answer.give()
    ...
    answer = store_response(form, f"{lead.name} was entered.", url_for("leads.show_lead", lead_id=lead.id))
    db.session.commit()
    return answer.give()
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import ColumnElement, bindparam, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.core.extensions import db
from crm_web.core.keys import is_keyed_digest, keyed_digest
from crm_web.core.prepared import Prepared
from crm_web.models import Submission
from crm_web.records.merging import Merge
from crm_web.records.retention import delete_portion
from crm_web.web.flash import Kind, Link, flash_message
from crm_web.web.forms import EditForm, IdempotentForm
from crm_web.web.refills import is_refill

KEPT_FOR = timedelta(days=7)
FILE_PIECE = 1024 * 1024
NOT_TYPED = ("csrf_token", "submission")


@dataclass(frozen=True)
class Answer:
    """The response to a POST that changed something.

    Build it before the commit: afterwards somebody else may have deleted the record that it names.

    :param place: the URL to redirect to
    :param link: label and URL of where else to look
    :param undo: label and URL; a POST to it undoes the change
    :param warnings: about values that were saved but may be wrong
    """

    text: str
    place: str
    link: Link | None = None
    undo: Link | None = None
    warnings: Sequence[str] = ()
    kind: Kind = "success"

    def give(self) -> ResponseReturnValue:
        """Flash the message and redirect. Call it after the commit."""
        flash_message(self.text, kind=self.kind, link=self.link, undo=self.undo)
        for warning in self.warnings:
            flash_message(warning, kind="warning")
        return redirect(self.place, code=303)


def build_saved_answer(form: EditForm, record: Any, merged: Merge, place: str, undo_url: str) -> Answer:
    """Say that a record was saved. Where only some fields were asked for, the message carries its undo.

    :param merged: what the operation gave
    :param place: the URL to redirect to
    :param undo_url: a POST to it undoes the edit
    """
    undo = ("Undo", undo_url) if form.only and record.version != merged.version else None
    return Answer(f"{record.name} saved.{merged.in_words()}", place, undo=undo, warnings=form.phone_warnings)


def replay_response(form: IdempotentForm) -> Answer | None:
    """Claim the key of a form, or return the earlier response to it; waits for a request with the same key.

    A form that was changed after it was sent gets an error message and does not validate.

    :param form: the form, not yet validated; without a key it is always new
    :return: the response to repeat; ``None`` if the form is new
    """
    if is_refill():
        return None
    key = form.submission.data
    typed = _read_form()
    if key is None or claim_key(key, keyed_digest(typed)):
        return None
    earlier = find_response(key)
    if earlier is None:
        return None
    answer = Answer(**(earlier.answer or {}))
    if is_keyed_digest(earlier.request_hash, typed):
        return answer
    form.refuse_changed(
        Markup(
            "You already submitted this form: “{}” What you see here now is not saved. To edit what you created,"
            ' <a href="{}">open it</a>. To create another one, save again.'
        ).format(answer.text, answer.place)
    )
    return None


def store_response(
    form: IdempotentForm, text: str, place: str, *, link: Link | None = None, undo: Link | None = None
) -> Answer:
    """Store the response to a form in the same transaction as its effect.

    :param place: the URL to redirect to
    :param link: label and URL of where else to look
    :param undo: label and URL; a POST to it undoes the change
    """
    answer = Answer(text, place, link, undo, form.phone_warnings)
    key = form.submission.data
    if key is not None:
        keep_response(key, asdict(answer))
    return answer


def claim_key(key: UUID, request_hash: bytes) -> bool:
    """Claim a key of the signed-in employee; waits for another transaction that claims it.

    :param request_hash: digest of what was sent with the key
    :return: whether the key is new
    """
    values = {"employee_id": current_user.id, "key": key, "request_hash": request_hash}
    return _CLAIM.one_or_none(**values) is not None


def find_response(key: UUID) -> Submission | None:
    """Find the stored response to a key of the signed-in employee.

    :return: ``None`` if it has just been deleted as expired
    """
    return db.session.scalar(select(Submission).where(_is_mine(key), Submission.answer.is_not(None)))


def keep_response(key: UUID, answer: dict[str, Any]) -> None:
    """Store the response to a claimed key in the same transaction as its effect."""
    _KEEP.all(by=current_user.id, claimed=key, given=answer)


# Built once, and about the table: every form and request that creates something sends both.
_TABLE: Any = Submission.__table__
_CLAIM = Prepared(
    insert(_TABLE)
    .values({name: bindparam(name) for name in ("employee_id", "key", "request_hash")})
    .on_conflict_do_nothing()
    .returning(_TABLE.c.key)
)
_KEEP = Prepared(
    update(_TABLE)
    .where(_TABLE.c.employee_id == bindparam("by"), _TABLE.c.key == bindparam("claimed"))
    .values(answer=bindparam("given"))
    .returning(_TABLE.c.key)
)


def delete_expired_keys() -> bool:
    """Delete some of the keys that were kept for long enough, each with its answer."""
    return delete_portion(Submission, Submission.created_at < func.now() - KEPT_FOR)


def _is_mine(key: UUID) -> ColumnElement[bool]:
    return tuple_(Submission.employee_id, Submission.key) == (current_user.id, key)


def _read_form() -> bytes:
    """What was typed and sent, to be digested with the key: a password must not be guessable from the digest."""
    typed = sorted((name, values) for name, values in request.form.lists() if name not in NOT_TYPED)
    files = sorted((name, file.filename, digest_file(file.stream)) for name, file in request.files.items(multi=True))
    return json.dumps([request.path, typed, files]).encode()


def digest_file(stream: IO[bytes]) -> str:
    """Return a digest of a file that was sent, a piece at a time, and go back to its start."""
    digest = hashlib.sha256()
    while piece := stream.read(FILE_PIECE):
        digest.update(piece)
    stream.seek(0)
    return digest.hexdigest()
