"""Who may do what: one table of roles, the access marks of views, and the guard that refuses views without one."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NoReturn, Protocol, TypeVar, cast

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from crm_web.core.config import current_settings
from crm_web.core.extensions import login_manager
from crm_web.core.problem_details import is_api_request
from crm_web.core.request_log import log_event
from crm_web.models import Activity, Customer, Employee, Import, Lead, Role

View = TypeVar("View", bound=Callable[..., Any])


class Action(StrEnum):
    """What roles differ in, in the browser and through the API alike.

    ``READ`` covers everything that employees share: records, history, reports and the list of colleagues.
    ``CHANGE_OWN`` covers what is theirs or unassigned: records by their owner, tasks as in ``may_finish``.
    """

    READ = "read"
    KEEP_VIEWS = "keep_views"
    CREATE = "create"
    CHANGE_OWN = "change_own"
    CHANGE_ANY = "change_any"
    IMPORT = "import"
    KEEP_EMPLOYEES = "keep_employees"
    PURGE = "purge"
    KEEP_WEBHOOKS = "keep_webhooks"
    KEEP_MAIL = "keep_mail"
    KEEP_RATES = "keep_rates"


_VIEWER = frozenset({Action.READ, Action.KEEP_VIEWS})
_SALES = _VIEWER | {Action.CREATE, Action.CHANGE_OWN}
_MANAGER = _SALES | {Action.CHANGE_ANY, Action.IMPORT}

ROLES: dict[Role, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.SALES: _SALES,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _MANAGER
    | {Action.KEEP_EMPLOYEES, Action.PURGE, Action.KEEP_WEBHOOKS, Action.KEEP_MAIL, Action.KEEP_RATES},
}

REFUSALS = {
    Action.READ: "You don’t have access to this.",
    Action.KEEP_VIEWS: "You can’t save views.",
    Action.CREATE: "Viewers can’t add or edit records. Ask an admin for the Sales role.",
    Action.CHANGE_OWN: "Viewers can’t add or edit records. Ask an admin for the Sales role.",
    Action.CHANGE_ANY: "Only managers and admins can do this.",
    Action.IMPORT: "Only managers and admins can import files.",
    Action.KEEP_EMPLOYEES: "Only admins can manage employees.",
    Action.PURGE: "Only admins can delete records permanently.",
    Action.KEEP_WEBHOOKS: "Only admins can manage webhooks.",
    Action.KEEP_MAIL: "Only admins can manage email.",
    Action.KEEP_RATES: "Only admins can manage exchange rates.",
}

WITHOUT_FACTOR = (
    "second_factor.edit_factor",
    "second_factor.set_up_factor",
    "passkeys.list_passkeys",
    "passkeys.begin_adding",
    "passkeys.add_passkey",
    "auth.sign_out",
)
"""What people may use before they have set up the second factor that their role requires."""
WITH_OTHERS_PASSWORD = ("auth.show_account", "auth.change_password", "auth.sign_out")
"""What people may use before they have changed the password that somebody else set."""


class HasOwner(Protocol):
    """Anything with an owner."""

    @property
    def owner_id(self) -> Any: ...


class Owned(HasOwner, Protocol):
    """A record that belongs to an employee or is unassigned."""

    @property
    def owner(self) -> Any: ...


class Authored(Protocol):
    """Something that an employee wrote."""

    @property
    def created_by_id(self) -> Any: ...


class Task(Authored, Protocol):
    """A task on a record."""

    @property
    def assignee_id(self) -> Any: ...

    @property
    def is_task(self) -> bool: ...

    @property
    def record(self) -> Any: ...


class Attached(Protocol):
    """A file on a record, with the activity that it belongs to, if it belongs to one."""

    @property
    def activity(self) -> Any: ...

    @property
    def record(self) -> Any: ...


class Shared(Protocol):
    """Something of an employee that they may share."""

    @property
    def owner_id(self) -> Any: ...

    @property
    def is_shared(self) -> Any: ...


def may(employee: Employee, action: Action) -> bool:
    """Return whether a person's role includes an action."""
    return action in ROLES[employee.role]


def may_change(employee: Employee, record: HasOwner) -> bool:
    """Return whether a person may change, assign or trash a record: any with ``CHANGE_ANY``, else theirs or
    unassigned.
    """
    if may(employee, Action.CHANGE_ANY):
        return True
    return may(employee, Action.CHANGE_OWN) and record.owner_id in (None, employee.id)


def reason_not_to_change(employee: Employee, record: Owned) -> str:
    """Explain why a person may not change a record, and who may."""
    return reason_not_to_change_of(employee, record.owner.name if record.owner else "")


def reason_not_to_change_of(employee: Employee, owner_name: str) -> str:
    """Explain why a person may not change a record of somebody, and who may."""
    if not may(employee, Action.CHANGE_OWN):
        return REFUSALS[Action.CHANGE_OWN]
    return f"Owned by {owner_name}. Only the owner, a manager or an admin can edit it."


def may_remove(employee: Employee, activity: Authored) -> bool:
    """Return whether a person may remove an activity: with ``CHANGE_ANY``, or as its author."""
    if may(employee, Action.CHANGE_ANY):
        return True
    return may(employee, Action.CREATE) and activity.created_by_id == employee.id


def may_finish(employee: Employee, task: Task) -> bool:
    """Return whether a person may complete or reopen a task.

    Sellers may if the task is theirs or unassigned, if they wrote it, or if they own its record.
    """
    if may(employee, Action.CHANGE_ANY):
        return True
    is_theirs = task.assignee_id in (None, employee.id) or employee.id in (task.created_by_id, task.record.owner_id)
    return may(employee, Action.CHANGE_OWN) and is_theirs


def may_edit(employee: Employee, activity: Task) -> bool:
    """Return whether a person may edit or put off an activity: who may remove it, and who may complete the task."""
    return may_remove(employee, activity) or (activity.is_task and may_finish(employee, activity))


def may_keep_file(employee: Employee, file: Attached) -> bool:
    """Return whether a person may add and remove such files: who may edit the activity, or change the record."""
    return may_edit(employee, file.activity) if file.activity else may_change(employee, file.record)


def may_change_view(employee: Employee, view: Shared) -> bool:
    """Return whether a person may rename, share, change or delete a saved view: its owner may, and for shared views
    whoever has ``CHANGE_ANY``.
    """
    return view.owner_id == employee.id or (view.is_shared and may(employee, Action.CHANGE_ANY))


class Uploaded(Protocol):
    """A file that somebody uploaded to be imported."""

    @property
    def made_by_id(self) -> Any: ...


def may_continue_import(employee: Employee, record: Uploaded) -> bool:
    """Return whether a person may go on with an import that is not done: whoever uploaded the file, and admins."""
    is_theirs = record.made_by_id == employee.id
    return may(employee, Action.IMPORT) and (is_theirs or may(employee, Action.KEEP_EMPLOYEES))


def public(view: View) -> View:
    """Mark a view as open to everyone."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Mark a view as open to every signed-in employee."""
    view.access = "signed in"  # type: ignore[attr-defined]
    return view


def allowed(action: Action) -> Callable[[View], View]:
    """Mark a view as open to the roles that may do ``action``."""

    def mark(view: View) -> View:
        view.access = action  # type: ignore[attr-defined]
        return view

    return mark


def refuse(reason: str) -> NoReturn:
    """End the request with 403 and a reason, and log it.

    :raise Forbidden: always
    """
    log_event("refused", reason=reason)
    abort(403, reason)


def require_change(record: Owned) -> None:
    """Refuse the request unless the signed-in employee may change the record.

    :raise Forbidden: with the reason and who may
    """
    if not may_change(current_user, record):
        refuse(reason_not_to_change(current_user, record))


def require_removal(activity: Authored) -> None:
    """Refuse the request unless the signed-in employee may remove the activity.

    :raise Forbidden: with the reason and who may
    """
    if not may_remove(current_user, activity):
        refuse("Someone else wrote this. Only its author, a manager or an admin can remove it.")


def require_finish(task: Task) -> None:
    """Refuse the request unless the signed-in employee may complete or reopen the task.

    :raise Forbidden: with the reason and who may
    """
    if not may_finish(current_user, task):
        refuse(
            "This task is assigned to someone else. Only they, its author, the record’s owner, a manager or an admin"
            " can complete or reopen it."
        )


def require_edit(activity: Task) -> None:
    """Refuse the request unless the signed-in employee may edit the activity.

    :raise Forbidden: with the reason and who may
    """
    if not may_edit(current_user, activity):
        others = "the person it is assigned to, the record’s owner, " if activity.is_task else ""
        refuse(f"Someone else added this. Only its author, {others}a manager or an admin can edit it.")


def require_files(place: Lead | Customer | Activity) -> None:
    """Refuse the request unless the signed-in employee may add and remove the files of a record or activity.

    :raise Forbidden: with the reason and who may
    """
    if isinstance(place, Activity):
        require_edit(place)
    else:
        require_change(place)


def requires_factor(employee: Employee) -> bool:
    """Whether this installation requires a second factor of somebody's role."""
    return employee.role in current_settings().second_factor_roles


def require_import(record: Import) -> None:
    """Refuse the request unless the signed-in employee may go on with an import.

    :raise Forbidden: with the reason and who may
    """
    if not may_continue_import(current_user, record):
        refuse(f"{record.made_by.name} uploaded this file. Only they or an admin can continue the import.")


def guard_every_view(app: Flask) -> None:
    """Check the access mark of the view before each request; a view without one is refused."""
    app.before_request(check_access)


def check_access() -> ResponseReturnValue | None:
    """Check that the current request may use its view.

    :return: a redirect to the sign-in page, or ``None`` if the request may go on
    :raise HTTPException: 401 for a program without a token, 403 if the person's role does not allow it
    """
    if request.endpoint is None:
        return None
    access = getattr(current_app.view_functions[request.endpoint], "access", None)
    if access == "public" or request.endpoint in ("static", "bootstrap.static") or _asks_for_methods():
        return None
    if not current_user.is_authenticated:
        return _ask_to_sign_in()
    if _has_to_choose_password() and request.endpoint not in WITH_OTHERS_PASSWORD:
        return redirect(url_for("auth.show_account"), code=303)
    if _has_to_set_up_factor() and request.endpoint not in (*WITHOUT_FACTOR, *WITH_OTHERS_PASSWORD):
        return redirect(url_for("second_factor.edit_factor"), code=303)
    if access is None:
        refuse("This page has no access rule.")
    if isinstance(access, Action) and not may(current_user, access):
        refuse(REFUSALS[access])
    return None


def _ask_to_sign_in() -> ResponseReturnValue:
    if is_api_request():
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
    if request.method == "POST":
        return cast(ResponseReturnValue, login_manager.unauthorized())
    return redirect(url_for("auth.show_sign_in", next=_place()), code=303)


def _has_to_choose_password() -> bool:
    """Whether somebody else knows the password of the signed-in person."""
    is_due = current_user.must_change_password and not is_api_request()
    return is_due and current_settings().allows_password(current_user.email)


def _has_to_set_up_factor() -> bool:
    """Whether a person's role requires a second factor, and they came in without one."""
    if not requires_factor(current_user) or is_api_request():
        return False
    return g.sign_in_method is None or bool(g.sign_in_method.is_one_factor)


def _asks_for_methods() -> bool:
    """Anyone may ask which methods an API URL takes; Flask answers that without a view."""
    return request.method == "OPTIONS" and is_api_request()


def _place() -> str | None:
    """Return the URL to come back to after signing in: only what can be requested with GET."""
    if request.method not in ("GET", "HEAD") or request.path == "/":
        return None
    return request.full_path if request.query_string else request.path
