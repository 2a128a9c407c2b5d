"""The worker's part: read the unread emails of the mailbox over IMAP, and mark each as read once it is kept.

It is marked after the commit: a worker that is killed between the two reads the email again, and knows it then.
``imaplib`` is enough: five commands, and a server's answers are bounded here.
"""

import imaplib
import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crm_web.core.config import Settings
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.emails.incoming.operations import receive_email
from crm_web.emails.incoming.reading.message import BEGINNING, LARGEST
from crm_web.files.storage.bucket import FilesUnreachable
from crm_web.models import MailboxCheck, limit_of

POLL_SECONDS = 60.0
TIMEOUT = 20.0
AT_ONCE = 50
"""So many emails are read in one round; further ones in the next, which follows at once."""
LEASE = timedelta(minutes=2)
"""For so long no other worker reads the mailbox; a round renews it with each email."""
log = logging.getLogger(__name__)
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class MailboxAnswer(Exception):
    """The server refuses a command; the message is its answer."""


class MailboxReader:
    """Reads the mailbox, if there is one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._refused: set[bytes] = set()

    def run(self) -> bool:
        """Read what is unread; returns whether there may be more."""
        if not self.settings.imap_host or not _hold():
            return False
        db.session.commit()
        try:
            with self._open() as server:
                has_more = self._read_all(server)
        except (OSError, imaplib.IMAP4.error, MailboxAnswer, FilesUnreachable) as error:
            db.session.rollback()
            self._record(_explain(error))
            return False
        self._record(None)
        return has_more

    @contextmanager
    def _open(self) -> Iterator[imaplib.IMAP4]:
        settings, secure = self.settings, ssl.create_default_context()
        place = (settings.imap_host, settings.imap_port)
        server = (
            imaplib.IMAP4_SSL(*place, ssl_context=secure, timeout=TIMEOUT)
            if settings.imap_security == "tls"
            else imaplib.IMAP4(*place, timeout=TIMEOUT)
        )
        try:
            if settings.imap_security == "starttls":
                server.starttls(secure)
            server.login(settings.imap_user, settings.imap_password)
            folder = settings.imap_folder.replace("\\", "\\\\").replace('"', '\\"')
            _check(server.select(f'"{folder}"'))
            yield server
        finally:
            # After a time-out it answers nothing any more.
            with suppress(OSError, imaplib.IMAP4.error):
                server.logout()

    def _read_all(self, server: imaplib.IMAP4) -> bool:
        unread = b" ".join(it for it in _check(server.uid("SEARCH", "UNSEEN")) if it).split()
        waiting = [uid for uid in unread if uid not in self._refused]
        for uid in waiting[:AT_ONCE]:
            self._read(server, uid)
        return len(waiting) > AT_ONCE

    def _read(self, server: imaplib.IMAP4, uid: bytes) -> None:
        fetched = _fetch(server, uid)
        if fetched is None:
            return
        message, size = fetched
        try:
            email = receive_email(message, size=size)
            _renew()
            db.session.commit()
        except (InterfaceError, OperationalError, PoolTimeout, FilesUnreachable):
            # No email can be kept at present: the next round begins with this one.
            raise
        except Exception:
            # It stays unread, and holds nobody up. This worker tries it again when it is started anew.
            db.session.rollback()
            self._refused.add(uid)
            log.exception("email %s could not be kept", uid.decode())
            return
        _check(server.uid("STORE", uid.decode(), "+FLAGS.SILENT", r"(\Seen)"))
        log_event("email_received", email=email.id if email else None, is_new=email is not None)

    def _record(self, error: str | None) -> None:
        """Save for admins whether the mailbox could be read, and let other workers read it."""
        values: dict[str, Any] = {"free_at": func.now(), "error": error}
        values |= {"failed_at": func.coalesce(MailboxCheck.failed_at, func.now())} if error else {"failed_at": None}
        values |= {} if error else {"read_at": func.now()}
        db.session.execute(update(MailboxCheck).values(**values), execution_options=_WITHOUT_OBJECTS)
        db.session.commit()
        if error:
            log_event("mailbox", error=error)


_WITHOUT_OBJECTS = {"synchronize_session": False}


def _hold() -> bool:
    """Hold the mailbox for a time, unless another worker does."""
    is_free = MailboxCheck.free_at <= func.now()
    held = update(MailboxCheck).where(is_free).values(free_at=func.now() + LEASE).returning(MailboxCheck.id)
    return db.session.scalar(held.execution_options(synchronize_session=False)) is not None


def _renew() -> None:
    renewed = update(MailboxCheck).values(free_at=func.now() + LEASE)
    db.session.execute(renewed, execution_options=_WITHOUT_OBJECTS)


def _fetch(server: imaplib.IMAP4, uid: bytes) -> tuple[bytes, int | None] | None:
    """Fetch an email without marking it, or the beginning of one that is too large; ``None`` if it is gone."""
    number = uid.decode()
    response = _check(server.uid("FETCH", number, "(RFC822.SIZE)"))
    sizes = [found[1] for it in response if isinstance(it, bytes) and (found := _SIZE.search(it))]
    if not sizes:
        return None
    size = int(sizes[0])
    part = "(BODY.PEEK[])" if size <= LARGEST else f"(BODY.PEEK[]<0.{BEGINNING}>)"
    fetched = _check(server.uid("FETCH", number, part))
    message = next((it[1] for it in fetched if isinstance(it, tuple)), None)
    return None if message is None else (message, None if size <= LARGEST else size)


def _check(answer: tuple[str, list[Any]]) -> list[Any]:
    state, response = answer
    if state != "OK":
        raise MailboxAnswer(" ".join(it.decode(errors="replace") for it in response if isinstance(it, bytes)))
    return response


def _explain(error: Exception) -> str:
    said = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error) or type(error).__name__
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(words.split())[: limit_of(MailboxCheck.error)]
