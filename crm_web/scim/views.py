"""SCIM 2.0: users, groups, and the description of this service."""

from collections.abc import Sequence
from typing import Any, NoReturn

from flask import Response, abort, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from scim2_models import Context, SCIMException, SearchRequest
from scim2_models.path import CompareOperator, Comparison
from werkzeug.http import unquote_etag

from crm_web.auth.permissions import Action, allowed
from crm_web.auth.tokens.access import LARGEST_BODY, require_scope
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import csrf, db
from crm_web.core.problem_details import MEDIA_TYPE as PROBLEM
from crm_web.employees.operations import take_turn
from crm_web.employees.roles import GroupRoles, read_group_roles
from crm_web.models import ProvisionedGroup
from crm_web.records.parsing import is_storable
from crm_web.scim import blueprint, operations, queries
from crm_web.scim.declared import CONFIG, PROVIDER
from crm_web.scim.http import MEDIA_TYPE, explain, read_patch, read_resource, read_search, show, show_error, show_list
from crm_web.scim.queries import SeenEmployee
from crm_web.scim.reading import read_group, read_user
from crm_web.scim.resources import Group, ScimUser, User, build_group, build_user

csrf.exempt(blueprint)


@blueprint.before_request
def require_token() -> None:
    """Accept API tokens only, not a browser's session."""
    request.max_content_length = LARGEST_BODY
    if g.get("api_token") is None:
        abort(401)
    require_scope()


@blueprint.errorhandler(SCIMException)
def refuse_request(error: SCIMException) -> ResponseReturnValue:
    """Answer a request that is not valid."""
    db.session.rollback()
    shown = error.to_error()
    return show_error(shown.status or 400, shown.detail or str(error), shown.scim_type)


@blueprint.errorhandler(DomainError)
def refuse_action(error: DomainError) -> ResponseReturnValue:
    """Answer a refusal by a rule, and roll back."""
    db.session.rollback()
    return explain(error)


@blueprint.after_app_request
def put_errors_as_scim(response: Response) -> Response:
    """Return errors from outside the views, such as 404, 429 or 503, in SCIM's format."""
    if request.path.startswith(f"{blueprint.url_prefix}/") and response.mimetype == PROBLEM:
        shown = show_error(response.status_code, response.get_json()["detail"])
        response.set_data(shown.get_data())
        response.mimetype = MEDIA_TYPE
    return response


@blueprint.get("/Users")
@blueprint.post("/Users/.search")
@allowed(Action.KEEP_EMPLOYEES)
def list_users() -> ResponseReturnValue:
    """List employees, by default 200."""
    search = read_search(ScimUser)
    return show_list(ScimUser, _build_all(queries.list_employees(*_conditions_of(search))), search)


def _conditions_of(search: SearchRequest[Any]) -> list[Any]:
    """Let the database answer the filters that identity providers use before they add somebody."""
    filter_ = search.filter.ast if search.filter is not None else None
    if isinstance(filter_, Comparison) and filter_.op is CompareOperator.eq and isinstance(filter_.value, str):
        sought = {"username": queries.has_user_name, "externalid": queries.has_external_id}
        condition = sought.get(str(filter_.attr_path.attr).lower())
        if condition and is_storable(filter_.value):
            return [condition(filter_.value)]
    return []


@blueprint.post("/Users")
@allowed(Action.KEEP_EMPLOYEES)
def create_user() -> ResponseReturnValue:
    """Add an employee."""
    user = read_resource(ScimUser, Context.RESOURCE_CREATION_REQUEST)
    employee = operations.provision_user(read_user(user), _roles(), by=current_user)
    return _commit(_show_user(_seen_or_404(employee.id), 201))


@blueprint.get("/Users/<int:employee_id>")
@allowed(Action.KEEP_EMPLOYEES)
def show_user(employee_id: int) -> ResponseReturnValue:
    """Show an employee."""
    return _show_user(_seen_or_404(employee_id))


@blueprint.put("/Users/<int:employee_id>")
@allowed(Action.KEEP_EMPLOYEES)
def replace_user(employee_id: int) -> ResponseReturnValue:
    """Replace an employee's attributes."""
    seen = _seen_or_404(employee_id)
    before = _build(seen)
    user = read_resource(ScimUser, Context.RESOURCE_REPLACEMENT_REQUEST)
    return _change(seen, before, user)


@blueprint.patch("/Users/<int:employee_id>")
@allowed(Action.KEEP_EMPLOYEES)
def change_user(employee_id: int) -> ResponseReturnValue:
    """Change some of an employee's attributes."""
    seen = _seen_or_404(employee_id)
    before, user = _build(seen), _build(seen)
    with PROVIDER:
        read_patch(ScimUser).patch(user)
    return _change(seen, before, user)


@blueprint.delete("/Users/<int:employee_id>")
@allowed(Action.KEEP_EMPLOYEES)
def remove_user(employee_id: int) -> ResponseReturnValue:
    """Deactivate an employee that the identity provider deleted."""
    seen = _seen_or_404(employee_id)
    _require_version(_build(seen))
    operations.remove_user(seen.employee, by=current_user)
    return _commit(Response(status=204))


@blueprint.get("/Groups")
@blueprint.post("/Groups/.search")
@allowed(Action.KEEP_EMPLOYEES)
def list_groups() -> ResponseReturnValue:
    """List groups."""
    search = read_search(Group)
    excluded = {str(name).lower() for name in search.excluded_attributes or ()}
    with_members = "members" not in excluded or "members" in str(search.filter).lower()
    groups = queries.list_groups(with_members=with_members)
    return show_list(Group, [build_group(group, _base(), with_members=with_members) for group in groups], search)


@blueprint.post("/Groups")
@allowed(Action.KEEP_EMPLOYEES)
def create_group() -> ResponseReturnValue:
    """Add a group."""
    return _save_group(ProvisionedGroup(), read_resource(Group, Context.RESOURCE_CREATION_REQUEST), 201)


@blueprint.get("/Groups/<int:group_id>")
@allowed(Action.KEEP_EMPLOYEES)
def show_group(group_id: int) -> ResponseReturnValue:
    """Show a group."""
    return show(build_group(_group_or_404(group_id), _base()))


@blueprint.put("/Groups/<int:group_id>")
@allowed(Action.KEEP_EMPLOYEES)
def replace_group(group_id: int) -> ResponseReturnValue:
    """Replace the name and the members of a group."""
    take_turn()
    group = _group_or_404(group_id)
    _require_version(build_group(group, _base()))
    return _save_group(group, read_resource(Group, Context.RESOURCE_REPLACEMENT_REQUEST))


@blueprint.patch("/Groups/<int:group_id>")
@allowed(Action.KEEP_EMPLOYEES)
def change_group(group_id: int) -> ResponseReturnValue:
    """Change the name or some members of a group."""
    take_turn()
    group = _group_or_404(group_id)
    resource = build_group(group, _base())
    _require_version(resource)
    with PROVIDER:
        read_patch(Group).patch(resource)
    return _save_group(group, resource)


@blueprint.delete("/Groups/<int:group_id>")
@allowed(Action.KEEP_EMPLOYEES)
def remove_group(group_id: int) -> ResponseReturnValue:
    """Remove a group."""
    take_turn()
    group = _group_or_404(group_id)
    _require_version(build_group(group, _base()))
    operations.remove_group(group, _roles(), by=current_user)
    return _commit(Response(status=204))


@blueprint.post("/.search")
@allowed(Action.KEEP_EMPLOYEES)
def search_all() -> ResponseReturnValue:
    """List employees and groups."""
    groups = [build_group(group, _base()) for group in queries.list_groups()]
    return show_list(ScimUser | Group, [*_build_all(queries.list_employees()), *groups], read_search(ScimUser | Group))


@blueprint.get("/ServiceProviderConfig")
@allowed(Action.KEEP_EMPLOYEES)
def show_config() -> ResponseReturnValue:
    """Describe which parts of SCIM are supported."""
    return show(CONFIG)


@blueprint.get("/Schemas", defaults={"name": None})
@blueprint.get("/Schemas/<name>")
@allowed(Action.KEEP_EMPLOYEES)
def show_schemas(name: str | None) -> ResponseReturnValue:
    """Describe the attributes of users and groups."""
    return _show_described(PROVIDER.schemas, name)


@blueprint.get("/ResourceTypes", defaults={"name": None})
@blueprint.get("/ResourceTypes/<name>")
@allowed(Action.KEEP_EMPLOYEES)
def show_resource_types(name: str | None) -> ResponseReturnValue:
    """Describe the kinds of resources."""
    return _show_described(PROVIDER.resource_types, name)


def _show_described(described: Sequence[Any], name: str | None) -> Response:
    if name is None:
        kind = type(described[0])
        return show_list(kind, list(described), read_search(kind))
    found: Any = next((one for one in described if name in (one.id, one.name)), None)
    return show(found or _refuse_missing())


def _change(seen: SeenEmployee, before: User, user: User) -> Response:
    _require_version(before)
    said = read_user(user, before)
    operations.change_user(seen.employee, said, version=seen.employee.version, by=current_user)
    return _commit(_show_user(_seen_or_404(seen.employee.id)))


def _save_group(group: ProvisionedGroup, resource: Group, status: int = 200) -> Response:
    operations.save_group(group, read_group(resource), _roles(), by=current_user)
    return _commit(show(build_group(group, _base()), status))


def _commit(response: Response) -> Response:
    db.session.commit()
    return response


def _show_user(seen: SeenEmployee, status: int = 200) -> Response:
    return show(_build(seen), status)


def _build(seen: SeenEmployee) -> User:
    return _build_all([seen])[0]


def _build_all(found: Sequence[SeenEmployee]) -> list[User]:
    groups = queries.map_groups([seen.employee.id for seen in found])
    return [build_user(*seen, groups.get(seen.employee.id, []), _base()) for seen in found]


def _seen_or_404(employee_id: int) -> SeenEmployee:
    return queries.find_employee(employee_id) or _refuse_missing()


def _group_or_404(group_id: int) -> ProvisionedGroup:
    return queries.find_group(group_id) or _refuse_missing()


def _refuse_missing() -> NoReturn:
    abort(404, "Nothing found at this URL.")


def _require_version(resource: User | Group) -> None:
    known = resource.meta.version if resource.meta else None
    if "If-Match" in request.headers and not request.if_match.contains_weak(unquote_etag(known or "")[0] or ""):
        abort(412, "This has changed since you read it. Read it again.")


def _roles() -> GroupRoles:
    return read_group_roles(current_settings())


def _base() -> str:
    return url_for("scim.show_config", _external=True).rpartition("/")[0]
