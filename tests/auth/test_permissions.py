"""Who gets in where: rules that hold for every address, whatever features there are."""

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import AnyConverter, BaseConverter, IntegerConverter, Rule

from crm_web.auth.permissions import REFUSALS, ROLES, Action, may, may_change, reason_not_to_change
from crm_web.core.problem_details import PROGRAMS
from crm_web.models import Employee, Role
from tests.architecture import list_files, list_templates
from tests.factories import make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
FILES = ("static", "bootstrap.static")
# What no browser sends: an identity provider signs its messages instead.
SIGNED_MESSAGES = {"single_sign_on.end_sign_ins"}
# Takes API tokens only, never a browser's session.
TOKENS_ALONE = "scim."
# What everyone does for themselves, whatever their role.
OWN_BUSINESS = {
    "auth.sign_out",
    "auth.change_password",
    "auth.change_preferences",
    "auth.end_sign_in",
    "auth.end_other_sign_ins",
    "passkeys.add_passkey",
    "passkeys.begin_adding",
    "passkeys.remove_passkey",
    "second_factor.renew_codes",
    "second_factor.set_up_factor",
    "second_factor.turn_off",
    "calendar.renew_feed",
    "calendar.remove_feed",
    "notifications.change_channels",
    "notifications.mark_all_read",
    "notifications.mark_read",
    "tokens.create_token",
    "tokens.revoke_token",
    "api.mark_notification_read",
    "api.mark_notifications_read",
}

# What is sent as a POST for its length alone, and leads to a page.
CHANGE_NOTHING = {"customers.choose_to_print"}

# What a word promises on a page, and the blueprint that keeps it; until that is there, only a command may be named.
PROMISES = {
    r"\bimport": "imports",
    r"\bcalendar": "calendar",
    r"\bnotif(y|ied|ication)": "notifications",
    r"\bremind": "notifications",
    r"\bmerge (them|two|these)": "duplicates",
}


def list_rules(app: Flask, method: str) -> list[Rule]:
    """The rules that take a method, without those of files."""
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ()) and rule.endpoint not in FILES]


def is_for_programs(rule: Rule) -> bool:
    """Whether programs use the address: they are told 401, and never led to a page."""
    return rule.rule.startswith(PROGRAMS)


def access_of(app: Flask, rule: Rule) -> Any:
    """The mark on the view of a rule."""
    return getattr(app.view_functions[rule.endpoint], "access", None)


def address_of(app: Flask, rule: Rule) -> str:
    """Some address of a rule; its record need not exist."""
    values = {name: _some_value(converter) for name, converter in rule._converters.items()}
    with app.test_request_context():
        return app.url_for(rule.endpoint, **values)


def _some_value(converter: BaseConverter) -> Any:
    if isinstance(converter, AnyConverter):
        return sorted(converter.items)[0]
    return 4711 if isinstance(converter, IntegerConverter) else "x"


def test_every_post_without_a_csrf_token_is_refused(app: Flask, ada: Employee, browser_as: BrowserAs) -> None:
    client = browser_as(ada).client
    rules = [rule for rule in list_rules(app, "POST") if rule.endpoint not in SIGNED_MESSAGES]
    assert len(rules) > 5
    answers = [(rule, client.post(address_of(app, rule)).status_code) for rule in rules]
    assert {rule.rule: status for rule, status in answers if status != _refusal_of(rule)} == {}


def _refusal_of(rule: Rule) -> int:
    return 401 if rule.endpoint.startswith(TOKENS_ALONE) else 400


def test_every_post_with_a_strangers_csrf_token_is_refused(
    app: Flask, ada: Employee, ann: Employee, browser_as: BrowserAs
) -> None:
    stolen = browser_as(ann)._csrf_token()
    client = browser_as(ada).client
    rules = [rule for rule in list_rules(app, "POST") if rule.endpoint not in SIGNED_MESSAGES]
    answers = [(rule, client.post(address_of(app, rule), data={"csrf_token": stolen}).status_code) for rule in rules]
    assert {rule.rule: status for rule, status in answers if status != _refusal_of(rule)} == {}


def test_a_refused_token_says_so_in_words(visitor: Browser) -> None:
    page = visitor.open("/sign-in", method="POST", data={"csrf_token": "made up"})
    assert page.status == 400
    assert page.has("h1")


def test_every_page_that_is_not_public_asks_a_visitor_to_sign_in(app: Flask, visitor: Browser) -> None:
    rules = [rule for rule in list_rules(app, "GET") if access_of(app, rule) != "public"]
    assert len(rules) > 5
    for rule in rules:
        answer = visitor.open(address_of(app, rule))
        where = (answer.location or "").partition("?")[0]
        assert (answer.status, where) == ((401, "") if is_for_programs(rule) else (303, "/sign-in")), rule.rule


def test_every_deed_that_is_not_public_asks_a_visitor_to_sign_in(app: Flask, visitor: Browser) -> None:
    for rule in list_rules(app, "POST"):
        if access_of(app, rule) != "public":
            answer = visitor.open(address_of(app, rule), method="POST", data={})
            refused = (401, None) if is_for_programs(rule) else (303, "/sign-in")
            assert (answer.status, answer.location) == refused, rule.rule


def test_signing_in_leads_back_to_the_page_asked_for(visitor: Browser) -> None:
    page = visitor.open("/leads?status=new&q=a%26b")
    assert page.location == "/sign-in?next=/leads?status%3Dnew%26q%3Da%2526b"


def test_no_view_mixes_reading_and_writing(app: Flask, ada: Employee, browser_as: BrowserAs) -> None:
    # Unread: what a 405 looks like is the same wherever it is given, and seen below and in tests/api.
    client = browser_as(ada).client
    for path, methods in _methods_by_path(app).items():
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - methods:
            answer = client.open(path, method=method)
            assert answer.status_code == 405, f"{method} {path}: {answer.status_code}"
            assert set(answer.headers["Allow"].split(", ")) >= methods - {"OPTIONS"}, path


def _methods_by_path(app: Flask) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in FILES:
            found.setdefault(address_of(app, rule), set()).update(rule.methods or ())
    return found


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_file_takes_only_get(visitor: Browser, method: str) -> None:
    assert visitor.open("/static/app.js", method=method).status == 405


def test_no_address_ends_in_a_slash(app: Flask) -> None:
    assert [rule.rule for rule in app.url_map.iter_rules() if rule.rule.endswith("/") and rule.rule != "/"] == []


def test_what_a_role_may_not_do_is_refused_in_words(
    app: Flask, ann: Employee, vera: Employee, max: Employee, browser_as: BrowserAs
) -> None:
    for person in (vera, ann, max):
        browser = browser_as(person)
        for method in ("GET", "POST"):
            for rule in list_rules(app, method):
                action = access_of(app, rule)
                if isinstance(action, Action) and not may(person, action):
                    page = browser.open(address_of(app, rule), method=method, data={} if method == "POST" else None)
                    assert page.status == 403, f"{person.name}: {method} {rule.rule}"
                    told = page.response.get_json()["detail"] if is_for_programs(rule) else page.text
                    assert REFUSALS[action] in told


def test_every_deed_needs_an_action_of_the_table(app: Flask) -> None:
    """``@signed_in`` is for what people do with their own account; everything else names an action."""
    unnamed = {r.endpoint for r in list_rules(app, "POST") if access_of(app, r) in ("signed in", Action.READ)}
    assert unnamed <= OWN_BUSINESS | CHANGE_NOTHING


def test_an_id_that_no_bigint_can_be_is_not_there(ann: Employee, browser_as: BrowserAs) -> None:
    assert browser_as(ann).open(f"/leads/{2**63}").status == 404


def test_the_table_of_roles() -> None:
    reading = {Action.READ, Action.KEEP_VIEWS}
    selling = reading | {Action.CREATE, Action.CHANGE_OWN}
    managing = selling | {Action.CHANGE_ANY, Action.IMPORT}
    assert {
        Role.VIEWER: reading,
        Role.SALES: selling,
        Role.MANAGER: managing,
        Role.ADMIN: managing
        | {Action.KEEP_EMPLOYEES, Action.PURGE, Action.KEEP_WEBHOOKS, Action.KEEP_MAIL, Action.KEEP_RATES},
    } == ROLES


def test_every_action_has_words_for_its_refusal() -> None:
    assert set(REFUSALS) == set(Action)


@pytest.mark.parametrize(
    ("person", "theirs", "nobodys", "anothers"),
    [
        ("vera", None, False, False),
        ("ann", True, True, False),
        ("max", True, True, True),
        ("ada", True, True, True),
    ],
)
@pytest.mark.parametrize("make", [make_lead, make_customer])
def test_whose_records_a_person_may_change(
    request: pytest.FixtureRequest,
    session: Session,
    bob: Employee,
    make: Callable[..., Any],
    person: str,
    theirs: bool | None,
    nobodys: bool,
    anothers: bool,
) -> None:
    who: Employee = request.getfixturevalue(person)
    assert may_change(who, make(session)) is nobodys
    assert may_change(who, make(session, owner_id=bob.id)) is anothers
    if theirs is not None:
        assert may_change(who, make(session, owner_id=who.id)) is theirs


def test_a_seller_hears_whose_record_it_is(session: Session, ann: Employee, bob: Employee) -> None:
    assert reason_not_to_change(ann, make_lead(session, owner_id=bob.id)) == (
        "Owned by Bob Tanaka. Only the owner, a manager or an admin can edit it."
    )


def test_a_viewer_hears_what_role_it_takes(session: Session, vera: Employee, bob: Employee) -> None:
    assert "Ask an admin for the Sales role" in reason_not_to_change(vera, make_lead(session, owner_id=bob.id))


def test_no_page_promises_what_is_not_there(installation: Flask) -> None:
    built = {endpoint.partition(".")[0] for endpoint in installation.view_functions}
    missing = [word for word, feature in PROMISES.items() if feature not in built]
    said = {
        path: re.sub(r"{#.*?#}|{%-? (from|import|include) .*?%}", "", path.read_text()) for path in list_templates()
    }
    for file in (file for file in list_files("forms", "views", "core") if file.path.name != "config.py"):
        docstrings = {id(node.value) for node in ast.walk(file.tree) if isinstance(node, ast.Expr)}
        texts = [node for node in ast.walk(file.tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
        # What people read has a blank in it or begins with a capital.
        said[file.path] = "\n".join(str(node.value) for node in texts if re.match(r"[A-Z“]|.* ", str(node.value)))
    lines = [(path.name, line) for path, text in said.items() for line in text.splitlines() if "command" not in line]
    promised = [
        (name, line.strip()) for name, line in lines for word in missing if re.search(word, line, re.IGNORECASE)
    ]
    assert promised == []
