"""Forms that are shown again as they were sent, because they came after their session had ended.

The view that takes such a form is called as ever, but each form in it is refused with one sentence: the page is that of
a form with something wrong in it, with all that was typed. See ``crm_web.auth.drafts.interrupted``.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import g

View = TypeVar("View", bound=Callable[..., Any])

MESSAGE = "You were signed out before this was saved. Check it, then save again."


def refillable(*only_with: str) -> Callable[[View], View]:
    """
    Mark a view that answers a wrong form with the page of that form.

    Until the form is validated the view only reads.

    :param only_with: fields of which one must be filled, where the view is mostly pressed from pages without the form
    :return: the decorator
    """

    def mark(view: View) -> View:
        view.refillable_with = only_with  # type: ignore[attr-defined]
        return view

    return mark


def can_refill(view: Callable[..., Any], fields: Mapping[str, str]) -> bool:
    """
    Tell whether a view can show a form again.

    :param view: the view that takes it
    :param fields: what was sent
    :return: true where the view is marked, and what it is marked with was filled
    """
    only_with = getattr(view, "refillable_with", None)
    return only_with is not None and (not only_with or any(fields.get(name) for name in only_with))


def begin_refill() -> None:
    """Refuse every form of this request from now on."""
    g.is_refill = True


def is_refill() -> bool:
    """
    Tell whether this request only shows a form again.

    :return: true where nothing may be saved
    """
    return bool(g.get("is_refill", False))
