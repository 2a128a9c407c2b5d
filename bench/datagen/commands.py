"""`python -m bench.datagen --leads N`: a database of any size, to measure by."""

from datetime import datetime
from time import monotonic

import click
from flask.cli import with_appcontext

from bench.datagen.operations import Filling, fill_database
from crm_web.cli import in_one_line
from crm_web.core.clock import today

MOST_LEADS = 20_000_000


@click.command()
@click.option("--leads", type=click.IntRange(1, MOST_LEADS), required=True, help="How many leads.")
@click.option(
    "--seed", type=click.IntRange(0, 1_000_000), default=1, show_default=True, help="Another one: other rows."
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The first day on which nothing has happened yet. Without it today.",
)
@click.option("--history/--no-history", default=True, help="Whether each record has a history; it takes much space.")
@with_appcontext
@in_one_line
def fill(leads: int, seed: int, until: datetime | None, history: bool) -> None:
    """Fill a database with invented leads, customers, activities and history of three years.

    It goes into an empty database, or beside the demo company, and into no other. The same number, seed and day give
    the same rows. Only the owner of the tables can do it, while nobody works in the database. A database in which it
    was killed can't be used any more: drop it.
    """
    started = monotonic()
    filling = Filling(leads, seed, until.date() if until else today(), has_history=history)
    made = fill_database(filling, progress=lambda line: click.echo(line, err=True))
    seconds = monotonic() - started
    told = ", ".join(f"{count:,} {table}" for table, count in made.items())
    click.echo(f"Filled in {told}: {seconds:.0f} s, {leads / seconds:,.0f} leads/s.")
