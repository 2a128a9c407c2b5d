"""Jinja with shortcuts: a page puts out 2,000 values, calls 600 macros and functions, and imports from 11 templates.

Jinja and MarkupSafe are pinned; ``tests/web/test_templates.py`` compares the shortcuts with what they stand for.
"""

from typing import Any

from flask.templating import Environment
from jinja2 import Template
from jinja2.compiler import CodeGenerator
from jinja2.runtime import Context, Macro
from jinja2.utils import LRUCache, missing
from markupsafe import Markup

KEPT = 100
"""How many templates are kept that were written for what is known before."""


class InlineEscape(CodeGenerator):
    """Compiles templates that escape texts in C and take safe ones and numbers as they are; ``escape`` gets others."""

    def visit_Template(self, node: Any, frame: Any = None) -> None:
        self.writeline("from markupsafe import _escape_inner as escape_text")
        super().visit_Template(node, frame)

    def _output_child_pre(self, node: Any, frame: Any, finalize: Any) -> None:
        if _escapes(frame, finalize):
            self.write("(escape_text(given) if type(given := ")
        else:
            super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: Any, frame: Any, finalize: Any) -> None:
        if _escapes(frame, finalize):
            self.write(") is str else given if type(given) is Markup")
            self.write(" else str(given) if type(given) is int else escape(given))")
        else:
            super()._output_child_post(node, frame, finalize)


def _escapes(frame: Any, finalize: Any) -> bool:
    return frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None


class DirectCalls(Context):
    """Calls functions without asking each time whether they want the context: here only macros want anything."""

    def call(self, function: Any, /, *values: Any, _loop_vars: Any = None, _block_vars: Any = None, **more: Any) -> Any:
        if type(function) is not Macro:
            return function(*values, **more)
        if function.caller or function.catch_kwargs or function.catch_varargs or not self.eval_ctx.autoescape:
            return function(self.eval_ctx, *values, **more)
        # What Jinja does with plain arguments, without an exception for each that is left out.
        names = function.arguments[len(values) :]
        if len(values) > len(function.arguments) or not more.keys() <= set(names):
            return function(self.eval_ctx, *values, **more)
        given = [more.get(name, missing) for name in names] if more else [missing] * len(names)
        return str.__new__(Markup, function._func(*values, *given))


class SharedMacros(Template):
    """Gives its macros without comparing the globals of both templates each time: here all have the same."""

    def _get_default_module(self, ctx: Any = None) -> Any:
        return super()._get_default_module()


class TemplateEnvironment(Environment):
    """Flask's environment for templates, with all of them."""

    code_generator_class = InlineEscape
    context_class = DirectCalls
    template_class = SharedMacros

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._loaded: dict[str, Template] = {}
        # Whoever asks chooses what is known, such as the columns of a list: only the latest are kept.
        self._written: LRUCache = LRUCache(KEPT)
        self.globals.update(written_for=self.write_for, zip=zip)

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:
        """Return a template by its name, without a lock and a look at its file; a page asks for ten."""
        if globals or self.auto_reload or not isinstance(name, str):
            return super().get_template(name, parent, globals)
        loaded = self._loaded.get(name)
        if loaded is None:
            loaded = self._loaded[name] = super().get_template(name, parent)
        return loaded

    def write_for(self, name: str, **known: tuple[tuple[Any, ...], ...]) -> Template:
        """Return a template that another one writes for what is known before, such as the columns of a list.

        :param name: of the one that writes: its own blocks, variables and comments are ``{#% %#}``, ``{#= =#}`` and
            ``{#! !#}``, comments in what it writes
        :param known: what it is given, which holds nothing but texts, numbers and the like of ours
        """
        key = (name, *known.items())
        template: Template | None = self._written.get(key)
        if template is None or (self.auto_reload and not template.is_up_to_date):
            template = self._written[key] = self._write(name, known)
        return template

    def _write(self, name: str, known: Any) -> Template:
        if self.loader is None:
            raise TypeError("no loader for this environment specified")
        source, filename, is_up_to_date = self.loader.get_source(self, name)
        writing = self.overlay(
            block_start_string="{#%",
            block_end_string="%#}",
            variable_start_string="{#=",
            variable_end_string="=#}",
            comment_start_string="{#!",
            comment_end_string="!#}",
            autoescape=False,  # What it writes is a template, and no page.
        )
        code = self.compile(writing.from_string(source).render(known), name, filename)
        return self.template_class.from_code(self, code, self.make_globals(None), is_up_to_date)
