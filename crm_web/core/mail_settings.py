"""The settings for emails out and in."""

from email.utils import parseaddr
from typing import Annotated, Literal

from pydantic import BaseModel, Field

LOOPBACK = ("localhost", "127.0.0.1", "::1")
Port = Annotated[int, Field(ge=1, le=65535, description="a whole number from 1 to 65535")]
Security = Annotated[Literal["starttls", "tls", "none"], Field(description="starttls, tls or none")]


class MailSettings(BaseModel):
    """The part of the settings that is about emails."""

    # The mail server. Without one, the CRM sends nothing to employees, and emails from records become files in
    # ``mail_folder``.
    smtp_host: str = ""
    smtp_port: Port = 587
    smtp_security: Security = "starttls"
    smtp_user: str = ""
    smtp_password: str = Field(default="", repr=False)
    mail_from: str = ""
    # The address at which emails are received, by the mailbox below or ``flask mail receive``; empty for none.
    incoming_address: Annotated[
        str, Field(pattern=r"^([^@\s<>,]+@[^@\s<>,]+)?$", description="an address like crm@example.com")
    ] = ""
    imap_host: str = ""
    imap_port: Port = 993
    imap_security: Security = "tls"
    imap_user: str = ""
    imap_password: str = Field(default="", repr=False)
    imap_folder: str = "INBOX"
    # The public address: links in emails begin with it, and passkeys belong to it.
    site_url: Annotated[
        str, Field(pattern=r"^(https?://[^/\s]+)?/?$", description="an address like https://crm.example.com")
    ] = ""

    @property
    def mail_problem(self) -> str:
        """What is wrong between these settings, in words; empty if nothing is."""
        needed = {
            "smtp_host": ("mail_from", "site_url"),
            "imap_host": ("incoming_address", "imap_user", "imap_password"),
        }
        for host, names in needed.items():
            missing = [name.upper() for name in names if getattr(self, host) and not getattr(self, name)]
            if missing:
                return f"{' and '.join(missing)} missing. {host.upper()} requires it."
        if self.imap_host and self.imap_security == "none" and self.imap_host not in LOOPBACK:
            return "IMAP_SECURITY must be tls or starttls: with none, anyone on the way can read the password."
        return ""

    @property
    def sends_mail(self) -> bool:
        """Whether there is a mail server."""
        return bool(self.smtp_host)

    @property
    def own_addresses(self) -> set[str]:
        """The addresses that emails of this installation come from and go to, in lower case."""
        return {it.lower() for it in (self.incoming_address, parseaddr(self.mail_from)[1]) if it}
