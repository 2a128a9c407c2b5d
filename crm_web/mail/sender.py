"""The worker's part: send what is due over SMTP, or save it as files where there is no mail server."""

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from crm_web.core.clock import now
from crm_web.core.config import Settings
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.mail.folder import MailFolder
from crm_web.mail.operations import PendingMail, claim_mails, record_failure, record_sent

AT_ONCE = 10
POLL_SECONDS = 2.0
TIMEOUT = 20.0
NO_ADDRESS = "piper-crm@localhost"
"""The sender of files, where ``MAIL_FROM`` is not set."""

log = logging.getLogger(__name__)


class MailSender:
    """Sends a round of emails at a time, over one connection; without a mail server they become files."""

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
                    _send(server, waiting[0], self.settings)
                    waiting.pop(0)
        except (OSError, smtplib.SMTPException) as error:
            for mail in waiting:
                _record_failure(mail, error)
        return len(mails) == AT_ONCE

    @contextmanager
    def _connect(self) -> Iterator[smtplib.SMTP | MailFolder]:
        settings = self.settings
        if not settings.sends_mail:
            with MailFolder(settings.mail_folder) as folder:
                yield folder
            return
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


def _send(server: smtplib.SMTP | MailFolder, mail: PendingMail, settings: Settings) -> None:
    """Send one email; the others of its round are none the worse if it can't be sent."""
    saved_as = None
    try:
        message = build_message(mail, settings)
        if isinstance(server, MailFolder):
            saved_as = f"{mail.id}.eml"
            server.save(message, saved_as)
        else:
            server.send_message(message, from_addr=_sending_address(settings), to_addrs=[mail.recipient])
    except smtplib.SMTPServerDisconnected:
        raise
    except (smtplib.SMTPException, ValueError) as error:
        _record_failure(mail, error)
        return
    record_sent(mail, saved_as)
    db.session.commit()
    log_event("mail", mail=mail.id, attempt=mail.attempt, error=None)


def build_message(mail: PendingMail, settings: Settings) -> EmailMessage:
    """Build the message as it goes out; the same email always has the same Message-ID.

    :raise ValueError: if an address or a header holds what none can hold, such as the end of a line
    """
    address = _sending_address(settings)
    message = EmailMessage()
    message["From"] = _name_address(mail.sender_name, address) if mail.sender_name else _own_name(settings)
    message["To"] = _name_address("", mail.recipient)
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<piper-{mail.thread_token or mail.id}@{address.rpartition('@')[2]}>"
    # Whatever happens to its Message-ID on the way, this one is known again if it comes back.
    message["X-Piper-CRM"] = settings.own_marks[0]
    if mail.sender_email:
        message["Reply-To"] = _list_repliers(mail.sender_name or "", mail.sender_email, settings)
    else:
        # Out-of-office replies to a program help nobody.
        message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


def describe_sender(name: str, email: str, settings: Settings) -> tuple[str, str]:
    """Return the sender of an email from a record, and who gets the replies."""
    repliers = ", ".join(map(str, _list_repliers(name, email, settings)))
    return str(_name_address(name, _sending_address(settings))), repliers


def _list_repliers(name: str, email: str, settings: Settings) -> list[Address]:
    """Who wrote it, and the address that is read, so that the reply is placed on the record."""
    own = [_name_address("", settings.incoming_address)] if settings.incoming_address else []
    return [_name_address(name, email), *own]


def _name_address(name: str, address: str) -> Address:
    """Quotes what has a meaning in a header; Address refuses the end of a line."""
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def _own_name(settings: Settings) -> str:
    return settings.mail_from or f"Piper CRM <{NO_ADDRESS}>"


def _sending_address(settings: Settings) -> str:
    return parseaddr(_own_name(settings))[1]


def _record_failure(mail: PendingMail, error: Exception) -> None:
    record_failure(mail, _explain(error), is_final=_is_final(error))
    db.session.commit()
    log_event("mail", mail=mail.id, attempt=mail.attempt, error=_explain(error))


def _is_final(error: Exception) -> bool:
    """Whether trying again is of no use; a server that is away or busy may take the email later."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return error.smtp_code >= 500
    if isinstance(error, OSError):
        # A server whose certificate has expired is a ValueError, too.
        return isinstance(error, smtplib.SMTPNotSupportedError)
    return isinstance(error, ValueError)


def _explain(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _quote(*next(iter(error.recipients.values())))
    if isinstance(error, smtplib.SMTPResponseException):
        return _quote(error.smtp_code, error.smtp_error)
    return str(error) or type(error).__name__


def _quote(code: int, words: bytes | str) -> str:
    return f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"
