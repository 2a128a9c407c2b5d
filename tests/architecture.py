"""The code as the architecture tests read it: each file with its kind, its imports and its functions."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

from jinja2 import Environment, nodes

from crm_web.core.config import ROOT

# What people type, as the models name it.
TYPED = {"name", "company", "subject", "body", "description", "job_title", "next_step", "lost_note", "city", "industry"}
TYPED |= {"email", "phone", "mobile", "website"}
# Where no markup may stand: the parts of a template, and the elements.
TITLES = ("title", "list_title")
ISOLATES, ISOLATES_END = (
    re.compile("<(?:bdi|title|option|textarea)[ >]"),
    re.compile("</(?:bdi|title|option|textarea)>"),
)
T = TypeVar("T")
KINDS = ("views", "forms", "operations", "queries", "commands")


@dataclass(frozen=True)
class SourceFile:
    """One Python file of the application."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def kind(self) -> str:
        """What it is by its name, such as ``views``; ``part`` for what has no such name."""
        if self.path.parent.name == "models":
            return "models"
        return self.path.stem if self.path.stem in KINDS else "part"

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Everything in it, found once: to walk the trees of all files takes longer than most rules."""
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> set[str]:
        """Every imported name in full, those inside of functions too: ``crm_web.leads.operations.win``."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self}:{node.lineno} imports by dots"
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return found

    @cached_property
    def functions(self) -> list[ast.FunctionDef]:
        return [node for node in self.nodes if isinstance(node, ast.FunctionDef)]

    @cached_property
    def public_functions(self) -> list[ast.FunctionDef]:
        return [node for node in self.tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]

    def imports_from(self, *places: str) -> list[str]:
        """Which imports come from one of these modules or packages."""
        return sorted(
            name for name in self.imports for place in places if name == place or name.startswith(place + ".")
        )

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in self.nodes if isinstance(node, ast.Call)]

    @cached_property
    def called(self) -> set[str]:
        """The names of everything that is called, ``db.session.commit`` written out."""
        return {ast.unparse(call.func) for call in self.calls}


def list_files(*kinds: str) -> list[SourceFile]:
    """The files of the application, of some kinds or of all."""
    return [file for file in _read_all() if not kinds or file.kind in kinds]


def hold_all(things: Iterable[T], rule: Callable[[T], None]) -> None:
    """Hold all of these to a rule, which asserts something of one; whatever breaks it is named."""
    problems = []
    for thing in things:
        try:
            rule(thing)
        except AssertionError as problem:
            problems.append(f"{thing}: {problem}")
    assert not problems, "\n".join(problems)


@cache
def _read_all() -> list[SourceFile]:
    return [SourceFile(path) for path in sorted((ROOT / "crm_web").rglob("*.py"))]


def list_templates() -> list[Path]:
    """All templates."""
    return sorted((ROOT / "templates").rglob("*.html"))


@cache
def parse_templates() -> dict[str, nodes.Template]:
    """All templates, parsed, by the names that views know them by."""
    parser = Environment(autoescape=True)
    return {str(path.relative_to(ROOT / "templates")): parser.parse(path.read_text()) for path in list_templates()}


def find_unisolated(tree: nodes.Template) -> list[str]:
    """Where a template writes a typed text into a page outside of a <bdi>; attributes and titles need none."""
    places: list[nodes.Block | nodes.Macro] = [*tree.find_all(nodes.Block), *tree.find_all(nodes.Macro)]
    titles = {id(out) for place in places if place.name in TITLES for out in place.find_all(nodes.Output)}
    written, found = "", []
    for output in (out for out in tree.find_all(nodes.Output) if id(out) not in titles):
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                written += node.data
            in_attribute = written.rfind("<") > written.rfind(">")
            is_isolated = len(ISOLATES.findall(written)) > len(ISOLATES_END.findall(written))
            if _is_typed(node) and not in_attribute and not is_isolated:
                found.append(f"{node.lineno}: {written[-40:]}")
    return found


def _is_typed(node: nodes.Node) -> bool:
    """Whether an expression ends in a field that people type."""
    if isinstance(node, nodes.Filter) and node.name == "markdown":
        return False  # It isolates each paragraph.
    while isinstance(node, (nodes.Filter, nodes.Or, nodes.CondExpr)):
        inner = node.node if isinstance(node, nodes.Filter) else node.left if isinstance(node, nodes.Or) else node.expr1
        node = inner or nodes.Const("")
    return isinstance(node, nodes.Getattr) and node.attr in TYPED


def imported_by(tree: nodes.Template) -> set[str]:
    """The names that a template imports."""
    names = [name for line in tree.find_all(nodes.FromImport) for name in line.names]
    return {name if isinstance(name, str) else name[1] for name in names}


def names_read_by(tree: nodes.Template) -> set[str]:
    """The names that a template makes use of."""
    return {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}


def list_names(file: SourceFile) -> Iterator[str]:
    """The names that a file gives to its functions, classes and itself."""
    yield file.path.stem
    yield from (node.name for node in file.nodes if isinstance(node, ast.FunctionDef | ast.ClassDef))


def length_of(function: ast.FunctionDef) -> int:
    """The lines of a function without decorators, docstring and the lines of its signature but one."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    return 1 + (function.end_lineno or 0) - (body[0].lineno if body else function.end_lineno or 0) + 1
