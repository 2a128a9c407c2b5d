"""The flask commands of all features."""

from collections.abc import Callable
from copy import copy
from functools import partial, wraps
from importlib import import_module
from typing import Any

import click
from flask import Flask
from flask.cli import ScriptInfo, with_appcontext
from sqlalchemy.exc import DBAPIError
from werkzeug.local import LocalProxy

from crm_web.core.config import ROOT, Settings
from crm_web.core.database_urls import name_database
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.models import ChangeSource, set_change_source

UNKNOWN_TABLE_OR_COLUMN = ("42P01", "42703")


GROUPS = {
    "backup": "crm_web.launcher.backups",
    "demo": "crm_web.demo.commands",
    "employees": "crm_web.employees.commands",
    "files": "crm_web.files.commands",
    "import": "crm_web.imports.commands:import_file",
    "leads": "crm_web.imports.commands",
    "mail": "crm_web.emails.incoming.commands",
    "rates": "crm_web.rates.commands",
    "secrets": "crm_web.secrets.commands",
    "worker": "crm_web.worker.commands",
}
"""The commands and groups of commands, and the modules in which they stand, under their names or another."""


WITHOUT_PAGES = frozenset({"import", "leads"})
"""The commands that never link to a page or build one: what pages take is 23 MB, which a large file needs itself."""


class LoadedLater(click.Group):
    """A command group that is imported on first use, to save the web workers' memory.

    :param name: what to type after ``flask``
    :param load: returns the group
    :param prepare: what there is to do before one of its commands runs
    """

    def __init__(self, name: str, load: Callable[[], click.Command], prepare: Callable[[], None] | None = None) -> None:
        super().__init__(name)
        self._load, self._prepare = load, prepare

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        context = self._load().make_context(info_name, args, parent, **extra)
        # What only asks for help ends before this line.
        if self._prepare:
            self._prepare()
        _name_database(context)
        return context

    def get_short_help_str(self, limit: int = 45) -> str:
        return self._load().get_short_help_str(limit)


def _name_database(context: click.Context) -> None:
    """Print to standard error which database a command uses."""
    settings: Settings = context.ensure_object(ScriptInfo).load_app().config["SETTINGS"]
    place = f"embedded, in {settings.var_folder}" if settings.is_embedded else name_database(settings.database_url)
    click.echo(f"Database: {place}", err=True)


def register_commands(app: Flask, add_pages: Callable[[], None] | None) -> None:
    """Register the commands of the features and of migrations.

    :param add_pages: gives the application the pages that it lacks; ``None`` if it has them
    """
    for name, module in GROUPS.items():
        prepare = None if name in WITHOUT_PAGES else add_pages
        app.cli.add_command(LoadedLater(name, partial(_load_feature, name, module), prepare))
    app.cli.add_command(LoadedLater("db", _load_migrations))


def _load_feature(name: str, module: str) -> click.Command:
    path, _, attribute = module.partition(":")
    return _guarded(getattr(import_module(path), attribute or name))


def _load_migrations() -> click.Group:
    group: click.Group = import_module("flask_migrate.cli").db
    return group


def offer_migrations(app: Flask) -> None:
    """Let whoever migrates find the migrations; what that takes is loaded when it is used."""
    app.extensions["migrate"] = LocalProxy(partial(_prepare_migrations, app))


def _prepare_migrations(app: Flask) -> Any:
    from flask_migrate import Migrate

    # This puts itself in the place of the one above.
    Migrate(app, db, directory=str(ROOT / "migrations"), compare_type=True)
    return app.extensions["migrate"]


def _guarded(command: click.Command) -> click.Command:
    """Return a copy of a group whose commands report errors in one line."""
    guarded = copy(command)
    if isinstance(guarded, click.Group):
        guarded.commands = {name: _guarded(one) for name, one in guarded.commands.items()}
    guarded.callback = command.callback and with_appcontext(in_one_line(command.callback))
    return guarded


def in_one_line(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a command to report errors in one line, and to record its changes as made by a command."""

    @wraps(callback)
    def run(*values: Any, **options: Any) -> Any:
        set_change_source(ChangeSource.COMMAND)
        try:
            return callback(*values, **options)
        except DomainError as error:
            raise click.ClickException(error.message) from error
        except DBAPIError as error:
            raise click.ClickException(_explain(error)) from error
        finally:
            db.session.rollback()

    return run


def _explain(error: DBAPIError) -> str:
    if getattr(error.orig, "pgcode", None) in UNKNOWN_TABLE_OR_COLUMN:
        return "The database schema is not up to date. Run `flask db upgrade` first."
    return f"The database says: {' '.join(str(error.orig).split())}"
