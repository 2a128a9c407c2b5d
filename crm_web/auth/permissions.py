"""Who may do what: one table of roles, the marks that views carry, and the refusal of any view without one."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NoReturn, Protocol, TypeVar, cast

from flask import Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from crm_web.core.extensions import login_manager
from crm_web.core.problem_details import is_from_program
from crm_web.core.request_log import log_event
from crm_web.models import Employee, Role

View = TypeVar("View", bound=Callable[..., Any])


class Action(StrEnum):
    """
    The things that roles differ in, in the browser and for programs alike.

    ``READ`` is everything that employees share: records, their history, reports, and who their colleagues are.
    ``CHANGE_OWN`` is what is theirs or nobody's: of records by their owner, of tasks as ``may_finish`` says.
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


_VIEWER = frozenset({Action.READ, Action.KEEP_VIEWS})
_SALES = _VIEWER | {Action.CREATE, Action.CHANGE_OWN}
_MANAGER = _SALES | {Action.CHANGE_ANY, Action.IMPORT}

ROLES: dict[Role, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.SALES: _SALES,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _MANAGER | {Action.KEEP_EMPLOYEES, Action.PURGE, Action.KEEP_WEBHOOKS},
}

REFUSALS = {
    Action.READ: "Your account may not see this.",
    Action.KEEP_VIEWS: "Your account may not keep views.",
    Action.CREATE: "Your role may look at everything but enter nothing. Ask an administrator for the sales role.",
    Action.CHANGE_OWN: "Your role may look at everything but change nothing. Ask an administrator for the sales role.",
    Action.CHANGE_ANY: "Only a manager or an administrator can do this.",
    Action.IMPORT: "Only a manager or an administrator can import files, by the command “flask leads import”.",
    Action.KEEP_EMPLOYEES: "Only an administrator can keep the list of employees.",
    Action.PURGE: "Only an administrator can delete anything for good.",
    Action.KEEP_WEBHOOKS: "Only an administrator can keep webhooks.",
}


class Belonging(Protocol):
    """Anything that says whose it is."""

    @property
    def owner_id(self) -> Any: ...


class Owned(Belonging, Protocol):
    """A record that belongs to an employee or to nobody."""

    @property
    def owner(self) -> Any: ...


class Authored(Protocol):
    """Something that an employee wrote."""

    @property
    def created_by_id(self) -> Any: ...


class Task(Authored, Protocol):
    """Something that an employee is to do about a record."""

    @property
    def assignee_id(self) -> Any: ...

    @property
    def record(self) -> Any: ...


class Shared(Protocol):
    """Something that belongs to an employee, who may show it to others."""

    @property
    def owner_id(self) -> Any: ...

    @property
    def is_shared(self) -> Any: ...


def may(employee: Employee, action: Action) -> bool:
    """
    Tell whether a person's role includes an action.

    :param employee: the person who asks
    :param action: what they want to do
    :return: true if their role includes it
    """
    return action in ROLES[employee.role]


def may_change(employee: Employee, record: Belonging) -> bool:
    """
    Tell whether a person may change, assign or trash a record.

    :param employee: the person who asks
    :param record: the lead or customer
    :return: true for whoever may change anything, and for sellers where it is theirs or nobody's
    """
    if may(employee, Action.CHANGE_ANY):
        return True
    return may(employee, Action.CHANGE_OWN) and record.owner_id in (None, employee.id)


def reason_not_to_change(employee: Employee, record: Owned) -> str:
    """
    Say why a person may not change a record, and who could.

    :param employee: the person who is refused
    :param record: the lead or customer
    :return: a sentence for the page
    """
    if not may(employee, Action.CHANGE_OWN):
        return REFUSALS[Action.CHANGE_OWN]
    return (
        f"This belongs to {record.owner.name}. Only {record.owner.name}, a manager or an administrator can change it."
    )


def may_remove(employee: Employee, activity: Authored) -> bool:
    """
    Tell whether a person may take a note, call, meeting, e-mail or task away.

    :param employee: the person who asks
    :param activity: the activity
    :return: true for whoever may change anything, and for its author
    """
    if may(employee, Action.CHANGE_ANY):
        return True
    return may(employee, Action.CREATE) and activity.created_by_id == employee.id


def may_finish(employee: Employee, task: Task) -> bool:
    """
    Tell whether a person may mark a task as done, or take it up again.

    :param employee: the person who asks
    :param task: the task
    :return: true for whoever may change anything, and for sellers where it is assigned to them or to nobody, where they
        wrote it, and where the record that it is on is theirs
    """
    if may(employee, Action.CHANGE_ANY):
        return True
    is_theirs = task.assignee_id in (None, employee.id) or employee.id in (task.created_by_id, task.record.owner_id)
    return may(employee, Action.CHANGE_OWN) and is_theirs


def may_change_view(employee: Employee, view: Shared) -> bool:
    """
    Tell whether a person may rename, share, change or delete a saved view.

    :param employee: the person who asks
    :param view: the view
    :return: true for whoever keeps it, and where it is shared for whoever may change anything
    """
    return view.owner_id == employee.id or (view.is_shared and may(employee, Action.CHANGE_ANY))


def public(view: View) -> View:
    """Mark a view as open to everyone, signed in or not."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Mark a view as open to every employee who is signed in."""
    view.access = "signed in"  # type: ignore[attr-defined]
    return view


def allowed(action: Action) -> Callable[[View], View]:
    """Mark a view as open to the roles that the table gives ``action``."""

    def mark(view: View) -> View:
        view.access = action  # type: ignore[attr-defined]
        return view

    return mark


def refuse(reason: str) -> NoReturn:
    """
    End the request with 403 and a reason in words, and put it in the log.

    :param reason: why, and who could
    :raise Forbidden: always
    """
    log_event("refused", reason=reason)
    abort(403, reason)


def require_change(record: Owned) -> None:
    """
    Let the request go on only if the signed-in employee may change a record.

    :param record: the lead or customer
    :raise Forbidden: with the reason and who could
    """
    if not may_change(current_user, record):
        refuse(reason_not_to_change(current_user, record))


def require_removal(activity: Authored) -> None:
    """
    Let the request go on only if the signed-in employee may take an activity away.

    :param activity: the note, call, meeting, e-mail or task
    :raise Forbidden: with the reason and who could
    """
    if not may_remove(current_user, activity):
        refuse("Somebody else wrote this. Only its author, a manager or an administrator can remove it.")


def require_finish(task: Task) -> None:
    """
    Let the request go on only if the signed-in employee may mark a task as done, or take it up again.

    :param task: the task
    :raise Forbidden: with the reason and who could
    """
    if not may_finish(current_user, task):
        refuse(
            "This task is assigned to somebody else. Only they, its author, the owner of its record, a manager or an"
            " administrator can mark it as done or take it up again."
        )


def guard_every_view(app: Flask) -> None:
    """
    Check the mark of the view before each request; a view without one is refused.

    :param app: the application to guard
    """
    app.before_request(check_access)


def check_access() -> ResponseReturnValue | None:
    """
    Let a request go on only if whoever is signed in may use its view.

    :return: the way to sign in; ``None`` where the request may go on
    :raise HTTPException: 401 for a program without a token, 403 for a person whose role does not include it
    """
    if request.endpoint is None:
        return None
    access = getattr(current_app.view_functions[request.endpoint], "access", None)
    if access == "public" or request.endpoint in ("static", "bootstrap.static") or _asks_for_methods():
        return None
    if not current_user.is_authenticated and is_from_program():
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
    if not current_user.is_authenticated:
        if request.method == "POST":
            return cast(ResponseReturnValue, login_manager.unauthorized())
        return redirect(url_for("auth.show_sign_in", next=_place()), code=303)
    if access is None:
        refuse("This page does not say who may use it.")
    if isinstance(access, Action) and not may(current_user, access):
        refuse(REFUSALS[access])
    return None


def _asks_for_methods() -> bool:
    """Which methods an address for programs takes is no secret; Flask answers that, and no view."""
    return request.method == "OPTIONS" and is_from_program()


def _place() -> str | None:
    """Where to come back to after signing in: only what can be asked for again with GET."""
    if request.method not in ("GET", "HEAD") or request.path == "/":
        return None
    return request.full_path if request.query_string else request.path
