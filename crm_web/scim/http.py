"""Reading SCIM requests and writing responses."""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from flask import Response, abort, request
from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    ListResponse,
    Meta,
    PatchOp,
    Resource,
    SCIMException,
    SearchRequest,
)

from crm_web.core.errors import Conflict, DomainError
from crm_web.employees.operations import EmailTaken
from crm_web.scim.declared import PROVIDER
from crm_web.scim.operations import AlreadyThere
from crm_web.scim.resources import MOST_RESULTS

Kind = TypeVar("Kind", bound=Resource[Any])
MEDIA_TYPE = "application/scim+json"
ONE_MEMBER = re.compile(r'members\[value eq "([^"\\]*)"\]', re.IGNORECASE)


def read_resource(model: type[Kind], context: Context) -> Kind:
    """Read the resource in the body of a request.

    :raise SCIMException: if it is invalid
    """
    body: Kind = _read_body(model, context)
    return body


def read_patch(model: type[Kind]) -> PatchOp[Kind]:
    """Read the changes in the body of a request.

    :raise SCIMException: if they are invalid
    """
    body: PatchOp[Kind] = _read_body(PatchOp[model], Context.RESOURCE_PATCH_REQUEST)  # type: ignore[valid-type]
    for operation in body.operations or ():
        operation.value = _leave_out_nulls(operation.value)
    body.operations = _join(body.operations or ())
    return body


def _join(operations: Sequence[Any]) -> list[Any]:
    """Make one operation of those in a row that add members, or remove them, of which each goes through all members."""
    joined: list[Any] = []
    for operation in map(_read_removal, operations):
        if joined and _are_alike(joined[-1], operation):
            joined[-1].value = [*joined[-1].value, *operation.value]
        else:
            joined.append(operation)
    return joined


def _are_alike(before: Any, operation: Any) -> bool:
    have_members = (isinstance(one.value, list) and str(one.path) == "members" for one in (before, operation))
    return bool(before.op == operation.op != "replace" and all(have_members))


def _read_removal(operation: Any) -> Any:
    found = ONE_MEMBER.fullmatch(str(operation.path)) if operation.op == "remove" and operation.value is None else None
    if found:
        return operation.model_copy(update={"path": type(operation.path)("members"), "value": [{"value": found[1]}]})
    return operation


def _leave_out_nulls(value: Any) -> Any:
    """Entra ID sends members with ``"$ref": null``, which would match none of them."""
    if not isinstance(value, list):
        return value
    return [{name: it for name, it in one.items() if it is not None} if isinstance(one, dict) else one for one in value]


def _read_body(model: Any, context: Context) -> Any:
    if request.mimetype not in (MEDIA_TYPE, "application/json"):
        abort(415, f"Send JSON, with Content-Type: {MEDIA_TYPE}.")
    try:
        with PROVIDER:
            return model.model_validate_json(request.get_data(), scim_ctx=context)
    except ValidationError as error:
        raise SCIMException.from_error(Error.from_validation_errors(error)[0]) from error


def read_search(model: Any) -> SearchRequest[Any]:
    """Read the parameters of a list, from the query string or the body.

    :raise SCIMException: if a filter or another parameter is invalid
    """
    search: Any = SearchRequest[model]
    if request.method == "POST" and request.path.endswith("/.search"):
        found: SearchRequest[Any] = _read_body(search, Context.SEARCH_REQUEST)
        return found
    try:
        with PROVIDER:
            found = search.model_validate(request.args.to_dict(), scim_ctx=Context.DEFAULT)
    except ValidationError as error:
        raise SCIMException.from_error(Error.from_validation_errors(error)[0]) from error
    return found


def show(resource: Resource[Any], status: int = 200) -> Response:
    """Answer with a resource."""
    context = Context.RESOURCE_CREATION_RESPONSE if status == 201 else Context.RESOURCE_QUERY_RESPONSE
    with PROVIDER:
        body = resource.model_dump_json(scim_ctx=context, response_parameters=read_search(type(resource)))
    response = Response(body, status, mimetype=MEDIA_TYPE)
    if isinstance(meta := getattr(resource, "meta", None), Meta):
        response.headers["Location"] = str(meta.location)
        if meta.version:
            response.headers["ETag"] = meta.version
            response.make_conditional(request)
    return response


def show_list(model: Any, resources: Sequence[Any], search: SearchRequest[Any]) -> Response:
    """Answer with the requested part of a list."""
    if search.filter is not None:
        resources = [resource for resource in resources if search.filter.match(resource)]
    if search.sort_by is not None:
        resources = search.sort(resources)
    first, most = search.start_index_0 or 0, min(MOST_RESULTS if search.count is None else search.count, MOST_RESULTS)
    shown = resources[first : first + most]
    with PROVIDER:
        answer = ListResponse[model](
            total_results=len(resources), start_index=first + 1, items_per_page=len(shown), resources=shown
        )
        body = answer.model_dump_json(scim_ctx=Context.SEARCH_RESPONSE, response_parameters=search)
    return Response(body, mimetype=MEDIA_TYPE)


def show_error(status: int, detail: str, scim_type: str | None = None) -> Response:
    """Answer with an error."""
    error = Error(status=status, detail=detail, scim_type=scim_type)
    return Response(error.model_dump_json(), status, mimetype=MEDIA_TYPE)


def explain(error: DomainError) -> Response:
    """Answer with the reason for a refusal."""
    if isinstance(error, EmailTaken | AlreadyThere):
        return show_error(409, error.message, "uniqueness")
    if isinstance(error, Conflict):
        return show_error(409, error.message)
    field = f"{error.field}: " if error.field else ""
    return show_error(400, f"{field}{error.message}", "invalidValue")
