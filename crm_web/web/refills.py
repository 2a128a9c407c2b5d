"""Forms that are shown again because their session had ended when they were sent.

The view runs as always, but each form is refused with one message, so the page is that of an invalid form with
everything that was typed. See ``crm_web.auth.drafts.interrupted``.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import g

View = TypeVar("View", bound=Callable[..., Any])

MESSAGE = "You were signed out before this was saved. Check it, then save again."


def refillable(*only_with: str) -> Callable[[View], View]:
    """Mark a view that answers an invalid form with the page of that form. Until it validates the form it may only
    read.

    :param only_with: fields of which one must be filled, for views that are mostly called without the form's page
    """

    def mark(view: View) -> View:
        view.refillable_with = only_with  # type: ignore[attr-defined]
        return view

    return mark


def can_refill(view: Callable[..., Any], fields: Mapping[str, str]) -> bool:
    """Return whether a view can show a form again."""
    only_with = getattr(view, "refillable_with", None)
    return only_with is not None and (not only_with or any(fields.get(name) for name in only_with))


def begin_refill() -> None:
    """Refuse every form of this request from now on."""
    g.is_refill = True


def is_refill() -> bool:
    """Return whether this request only shows a form again."""
    return bool(g.get("is_refill", False))
