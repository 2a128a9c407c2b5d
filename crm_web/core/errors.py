"""The errors that operations raise."""

from click import ClickException


class DomainError(Exception):
    """A rule was broken. The message is written for the person who asked: what is wrong and what to do.

    :param field: the form field that it belongs to; ``None`` for the form as a whole
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Conflict(DomainError):
    """A refusal because of the record's current state rather than the values that were sent."""


class RecordGone(Exception):
    """The record was deleted permanently."""


class PostgresError(ClickException):
    """The embedded server failed; the message is one line for the console."""
