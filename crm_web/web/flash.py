"""What a page tells the person after something was done: one sentence, where to look, and how to take it back."""

from typing import Literal, TypedDict

from flask import flash

Kind = Literal["success", "info", "warning", "error"]
Link = tuple[str, str]


class Message(TypedDict):
    """One message as base.html shows it; links are pairs of label and address."""

    text: str
    link: Link | None
    undo: Link | None


def flash_message(text: str, *, kind: Kind = "success", link: Link | None = None, undo: Link | None = None) -> None:
    """
    Show a sentence at the top of the next page; it stays until the person dismisses it.

    :param text: what happened, as one sentence
    :param kind: how it is meant
    :param link: label and address of where to look
    :param undo: label and address that a POST takes the deed back with
    """
    message: Message = {"text": text, "link": link, "undo": undo}
    flash(message, kind)  # type: ignore[arg-type]  # Flask keeps any JSON value, though its signature says str.
