"""The flask commands: each feature's own, run through the door of commands and refused in one clear line."""

from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from crm_web.errors import DomainError
from crm_web.extensions import db
from crm_web.models import Door, set_door

UNKNOWN_TABLE_OR_COLUMN = ("42P01", "42703")


def register_commands(app: Flask) -> None:
    """
    Add the commands of the features.

    :param app: the application
    """
    from crm_web.demo.commands import demo
    from crm_web.employees.commands import employees
    from crm_web.imports.commands import leads
    from crm_web.scale.commands import scale
    from crm_web.webhooks.commands import webhooks

    for group in (demo, employees, leads, scale, webhooks):
        app.cli.add_command(_guarded(group))


def _guarded(group: click.Group) -> click.Group:
    """A copy of a group whose commands say what went wrong in one line instead of a traceback."""
    guarded = copy(group)
    guarded.commands = {name: copy(command) for name, command in group.commands.items()}
    for command in guarded.commands.values():
        command.callback = command.callback and with_appcontext(_in_one_line(command.callback))
    return guarded


def _in_one_line(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def run(*values: Any, **options: Any) -> Any:
        set_door(Door.COMMAND)
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
        return "The database has no tables of this version yet: run `flask db upgrade` first."
    return f"The database says: {' '.join(str(error.orig).split())}"
