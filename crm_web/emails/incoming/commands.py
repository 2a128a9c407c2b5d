"""`flask mail receive`: takes one email from standard input, as a mail server hands it over."""

import os
import sys
from typing import BinaryIO

import click
from flask.cli import AppGroup

from crm_web.core.extensions import db
from crm_web.emails.incoming.operations import receive_email
from crm_web.emails.incoming.reading.message import BEGINNING, LARGEST

mail = AppGroup("mail", help="Receive emails.")


@mail.command("receive")
def receive() -> None:
    """Receive one email from standard input and place it on its record.

    Exits with 0 if it was received, now or earlier, and with 75 if the mail server should try again.
    """
    try:
        message, size = _read_all(sys.stdin.buffer)
        if not message.strip():
            click.echo("Nothing to receive: standard input is empty.", err=True)
            return
        email = receive_email(message, size=size)
        said = "It was received before." if email is None else f"{email.state.label}. {email.reason}"
        db.session.commit()
    except Exception as error:
        # Whatever went wrong: sent back, the email would be lost, since its sender can do nothing about it.
        db.session.rollback()
        click.echo(f"Not received: {str(error).partition(chr(10))[0]}", err=True)
        sys.exit(os.EX_TEMPFAIL)
    click.echo(said)


def _read_all(source: BinaryIO) -> tuple[bytes, int | None]:
    """Read to the end, so that whoever writes is not cut off; of what is too large only the beginning is kept."""
    message = source.read(LARGEST + 1)
    if len(message) <= LARGEST:
        return message, None
    size, message = len(message), message[:BEGINNING]
    while rest := source.read(BEGINNING):
        size += len(rest)
    return message, size
