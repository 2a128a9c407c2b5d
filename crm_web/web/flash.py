"""Flash messages: what happened, where to look, and how to undo it."""

from typing import Literal, TypedDict

from flask import flash

Kind = Literal["success", "info", "warning", "error"]
Link = tuple[str, str]


class Message(TypedDict):
    """One message as base.html shows it; links are pairs of label and URL."""

    text: str
    link: Link | None
    undo: Link | None


def flash_message(text: str, *, kind: Kind = "success", link: Link | None = None, undo: Link | None = None) -> None:
    """Show a message at the top of the next page.

    :param link: label and URL of where to look
    :param undo: label and URL; a POST to it undoes the change
    """
    message: Message = {"text": text, "link": link, "undo": undo}
    flash(message, kind)  # type: ignore[arg-type]  # Flask keeps any JSON value, though its signature says str.
