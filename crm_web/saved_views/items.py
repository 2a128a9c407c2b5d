"""The saved views of whoever reads a page: loaded once, for the navigation, the menu of a list and its heading."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import g, request, url_for
from flask_login import current_user

from crm_web.auth.permissions import may_change_view
from crm_web.lists.record_params import RecordListParams
from crm_web.models import Employee, ListName, SavedView

ENDPOINTS = {ListName.LEADS: "leads.list_leads", ListName.CUSTOMERS: "customers.list_customers"}
READERS: dict[ListName, Callable[..., RecordListParams]] = {}
"""What reads the parameters of each list. Each list enters its own: it knows saved views, and they don’t know it."""


@dataclass(frozen=True)
class SavedViewItem:
    """
    A saved view as pages show it to somebody.

    :param reader: who sees it
    :param id: its id
    :param list: the list that it is a view of
    :param name: how it is called
    :param address: the query of the list
    :param is_shared: whether everyone sees it
    :param owner_id: whose it is
    :param owner_name: how they are called
    :param is_pinned: whether it stands in the reader's navigation
    :param is_default: whether the reader begins with it
    """

    reader: Employee
    id: int
    list: ListName
    name: str
    address: str
    is_shared: bool
    owner_id: int
    owner_name: str
    is_pinned: bool
    is_default: bool

    @property
    def is_of_another(self) -> bool:
        """Whether it is somebody else's."""
        return self.owner_id != self.reader.id

    @property
    def may_change(self) -> bool:
        """Whether the reader may change it."""
        return may_change_view(self.reader, self)

    @property
    def url(self) -> str:
        """Where it leads."""
        return url_of_view(self)


class SavedViewItems:
    """
    The views that somebody sees.

    :param views: all of them
    :param current_id: the one that the address names
    """

    def __init__(self, views: Sequence[SavedViewItem], current_id: int | None) -> None:
        self.views = views
        self.current = next((view for view in views if view.id == current_id and view.list in request.path), None)

    def of(self, name: str) -> list[SavedViewItem]:
        """Those of one list."""
        return [view for view in self.views if view.list == name]

    def pinned_under(self, endpoint: str) -> list[SavedViewItem]:
        """Those that stand in the navigation under a list."""
        return [view for view in self.views if view.is_pinned and ENDPOINTS[view.list] == endpoint]

    def first_url(self, endpoint: str, otherwise: str) -> str:
        """Where the navigation leads: to the view that the person begins with, if there is one."""
        views = (view.url for view in self.views if view.is_default and ENDPOINTS[view.list] == endpoint)
        return next(views, otherwise)


def current_saved_views() -> SavedViewItems:
    """
    Load the views of whoever reads this page, once a request.

    :return: none where nobody is signed in
    """
    if "kept_views" not in g:
        is_known = current_user and current_user.is_authenticated
        seen = g.saved_views if is_known else []
        views = [SavedViewItem(current_user, **{**view, "list": ListName(view["list"])}) for view in seen]
        g.kept_views = SavedViewItems(views, request.args.get("view", type=int))
    kept: SavedViewItems = g.kept_views
    return kept


def url_of_view(view: SavedView | SavedViewItem) -> str:
    """The address that a view stands for, with its own id, so that the list knows its name."""
    return f"{url_for(ENDPOINTS[view.list])}?{view.address}{'&' if view.address else ''}view={view.id}"
