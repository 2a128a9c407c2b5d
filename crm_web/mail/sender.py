"""The worker's part: send what is due over SMTP."""

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from crm_web.core.clock import now
from crm_web.core.config import Settings
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.mail.operations import PendingMail, claim_mails, delete_sent, record_failure

AT_ONCE = 10
POLL_SECONDS = 2.0
TIMEOUT = 20.0

log = logging.getLogger(__name__)


class MailSender:
    """Sends a round of emails at a time, over one connection."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def run(self) -> bool:
        """Send what is due; returns whether there may be more.

        The claims are committed first, so that no transaction is open while the mail server is slow.
        """
        mails = claim_mails(AT_ONCE)
        db.session.commit()
        if not mails:
            return False
        waiting = list(mails)
        try:
            with self._connect() as server:
                while waiting:
                    error = _send(server, waiting[0], self.settings)
                    _record(waiting.pop(0), error)
        except (OSError, smtplib.SMTPException) as error:
            for mail in waiting:
                _record(mail, error)
        return len(mails) == AT_ONCE

    @contextmanager
    def _connect(self) -> Iterator[smtplib.SMTP]:
        settings = self.settings
        secure = ssl.create_default_context()
        place = (settings.smtp_host, settings.smtp_port)
        made = (
            smtplib.SMTP_SSL(*place, timeout=TIMEOUT, context=secure)
            if settings.smtp_security == "tls"
            else smtplib.SMTP(*place, timeout=TIMEOUT)
        )
        with made as server:
            if settings.smtp_security == "starttls":
                server.starttls(context=secure)
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            yield server


def _send(server: smtplib.SMTP, mail: PendingMail, settings: Settings) -> Exception | None:
    """Send one email; the others of its round are none the worse if it can't be sent."""
    try:
        server.send_message(build_message(mail, settings))
    except smtplib.SMTPServerDisconnected:
        raise
    except (smtplib.SMTPException, ValueError) as error:
        return error
    return None


def build_message(mail: PendingMail, settings: Settings) -> EmailMessage:
    """Build the message as it goes out; the same email always has the same Message-ID."""
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = mail.recipient
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<piper-{mail.id}@{parseaddr(settings.mail_from)[1].rpartition('@')[2]}>"
    # Out-of-office replies to a program help nobody.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


def _record(mail: PendingMail, error: Exception | None) -> None:
    if error is None:
        delete_sent(mail)
    else:
        record_failure(mail, _explain(error), is_final=_is_final(error))
    db.session.commit()
    log_event("mail", mail=mail.id, attempt=mail.attempt, error=error and _explain(error))


def _is_final(error: Exception) -> bool:
    """Whether trying again is of no use; a server that is away or busy may take the email later."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return error.smtp_code >= 500
    return isinstance(error, smtplib.SMTPNotSupportedError | ValueError)


def _explain(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _quote(*next(iter(error.recipients.values())))
    if isinstance(error, smtplib.SMTPResponseException):
        return _quote(error.smtp_code, error.smtp_error)
    return str(error) or type(error).__name__


def _quote(code: int, words: bytes | str) -> str:
    return f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"
