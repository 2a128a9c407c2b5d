"""The errors that operations raise: a rule said no, or the record is gone."""

from click import ClickException


class DomainError(Exception):
    """
    A rule said no. The message is written for the person who asked.

    :param message: what is wrong and what to do about it
    :param field: the form field that it belongs to; ``None`` for the form as a whole
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Conflict(DomainError):
    """A refusal that another moment would not have made; any other one is about what was sent."""


class RecordGone(Exception):
    """Somebody deleted the record for good after the request had found it: there is no page left to say so on."""


class PostgresError(ClickException):
    """The embedded server cannot do what was asked; the message is one line for the person at the console."""
