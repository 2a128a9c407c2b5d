"""Emails as files, for an installation without a mail server."""

import os
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from types import TracebackType
from typing import Self


class MailFolder:
    """Takes emails like a mail server, and keeps each in a file that only its owner can read.

    :param folder: created if it doesn't exist
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is left open."""

    def save(self, message: EmailMessage, name: str) -> None:
        """Save a message; one of the same name is replaced, and nobody ever sees half of one."""
        part = self.folder / f".{name}.part"
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(message.as_bytes(policy=SMTP))
        part.replace(self.folder / name)
