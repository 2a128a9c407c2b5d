"""`flask demo`: the demo company."""

import click
from flask.cli import AppGroup

from crm_web.core.extensions import db
from crm_web.demo.operations import load_demo

demo = AppGroup("demo", help="Manage the demo company.")


@demo.command("load")
def load() -> None:
    """Fill an empty database with the demo company."""
    load_demo(progress=click.echo)
    db.session.commit()
