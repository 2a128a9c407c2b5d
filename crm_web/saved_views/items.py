"""The saved views of the signed-in person, loaded once for the navigation, the list's menu and its heading."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import g, request, url_for
from flask_login import current_user

from crm_web.auth.permissions import may_change_view
from crm_web.lists.record_params import RecordListParams
from crm_web.models import Employee, ListName, SavedView
from crm_web.saved_views.queries import list_seen_views

ENDPOINTS = {ListName.LEADS: "leads.list_leads", ListName.CUSTOMERS: "customers.list_customers"}
READERS: dict[ListName, Callable[..., RecordListParams]] = {}
"""What reads the parameters of each list. Each list enters its own: it knows saved views, and they don’t know it."""


@dataclass(frozen=True)
class SavedViewItem:
    """A saved view as pages show it."""

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
        return self.owner_id != self.reader.id

    @property
    def may_change(self) -> bool:
        """Whether the signed-in person may change it."""
        return may_change_view(self.reader, self)

    @property
    def url(self) -> str:
        return url_of_view(self)


class SavedViewItems:
    """The views that the signed-in person sees."""

    def __init__(self, views: Sequence[SavedViewItem], current_id: int | None) -> None:
        self.views = views
        self.current = next((view for view in views if view.id == current_id and view.list in request.path), None)

    def of(self, name: str) -> list[SavedViewItem]:
        """The views of one list."""
        return [view for view in self.views if view.list == name]

    def pinned_under(self, endpoint: str) -> list[SavedViewItem]:
        """The pinned views of a list."""
        return [view for view in self.views if view.is_pinned and ENDPOINTS[view.list] == endpoint]

    def first_url(self, endpoint: str, otherwise: str) -> str:
        """The URL for the navigation: the person's default view, if there is one."""
        views = (view.url for view in self.views if view.is_default and ENDPOINTS[view.list] == endpoint)
        return next(views, otherwise)


def current_saved_views() -> SavedViewItems:
    """Load the views of the signed-in person, once per request."""
    if "kept_views" not in g:
        is_known = current_user and current_user.is_authenticated
        seen = list_seen_views(current_user) if is_known else []
        views = [SavedViewItem(current_user, **view) for view in seen]
        g.kept_views = SavedViewItems(views, request.args.get("view", type=int))
    kept: SavedViewItems = g.kept_views
    return kept


def url_of_view(view: SavedView | SavedViewItem) -> str:
    """The URL of the view's list, with the id of the view."""
    return f"{url_for(ENDPOINTS[view.list])}?{view.address}{'&' if view.address else ''}view={view.id}"
