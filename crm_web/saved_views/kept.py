"""The saved views of whoever reads a page: loaded once, for the navigation, the menu of a list and its heading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, request, url_for
from flask_login import current_user

from crm_web.access import may_change_view
from crm_web.models import Employee, ListName, SavedView

ENDPOINTS = {ListName.LEADS: "leads.list_leads", ListName.CUSTOMERS: "customers.list_customers"}


@dataclass(frozen=True)
class KeptView:
    """
    A saved view as pages show it.

    :param id: its id
    :param list: the list that it is a view of
    :param name: how it is called
    :param address: the query of the list
    :param is_shared: whether everyone sees it
    :param owner_name: whose it is
    :param is_of_another: whether it is somebody else's
    :param may_change: whether the reader may change it
    :param is_pinned: whether it stands in the reader's navigation
    :param is_default: whether the reader begins with it
    """

    id: int
    list: ListName
    name: str
    address: str
    is_shared: bool
    owner_name: str
    is_of_another: bool
    may_change: bool
    is_pinned: bool
    is_default: bool

    @property
    def url(self) -> str:
        """Where it leads: the address that it stands for, with its own id, so that the list knows its name."""
        return f"{url_for(ENDPOINTS[self.list])}?{self.address}{'&' if self.address else ''}view={self.id}"


class KeptViews:
    """
    The views that somebody sees.

    :param views: all of them
    :param current_id: the one that the address names
    """

    def __init__(self, views: Sequence[KeptView], current_id: int | None) -> None:
        self.views = views
        self.current = next((view for view in views if view.id == current_id and view.list in _path()), None)

    def of(self, name: str) -> list[KeptView]:
        """Those of one list."""
        return [view for view in self.views if view.list == name]

    def pinned_under(self, endpoint: str) -> list[KeptView]:
        """Those that stand in the navigation under a list."""
        return [view for view in self.views if view.is_pinned and ENDPOINTS[view.list] == endpoint]

    def first_url(self, endpoint: str, otherwise: str) -> str:
        """Where the navigation leads: to the view that the person begins with, if there is one."""
        views = (view.url for view in self.views if view.is_default and ENDPOINTS[view.list] == endpoint)
        return next(views, otherwise)


def current_kept_views() -> KeptViews:
    """
    Load the views of whoever reads this page, once a request.

    :return: none where nobody is signed in
    """
    if "kept_views" not in g:
        is_known = current_user and current_user.is_authenticated
        views = [_show(view, current_user) for view in g.saved_views] if is_known else []
        g.kept_views = KeptViews(views, request.args.get("view", type=int))
    kept: KeptViews = g.kept_views
    return kept


def _path() -> str:
    return request.path


def _show(view: Mapping[str, Any], reader: Employee) -> KeptView:
    known = dict(view)
    owner_id = known.pop("owner_id")
    may_change = may_change_view(reader, SavedView(owner_id=owner_id, is_shared=view["is_shared"]))
    return KeptView(
        **(known | {"list": ListName(view["list"])}), is_of_another=owner_id != reader.id, may_change=may_change
    )
