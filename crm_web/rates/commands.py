"""`flask rates`: the exchange rates by which sums in several currencies are shown as one figure."""

from datetime import date, datetime
from typing import BinaryIO

import click
from flask.cli import AppGroup

from crm_web.core import clock
from crm_web.core.extensions import db
from crm_web.models import RateSource
from crm_web.rates import operations, queries
from crm_web.rates.files import read_rate, read_rates

rates = AppGroup("rates", help="Manage the exchange rates.")


@rates.command("load")
@click.argument("file", type=click.File("rb"))
def load(file: BinaryIO) -> None:
    """Load the latest day of a file of the European Central Bank, XML, CSV or ZIP; - reads standard input."""
    read = read_rates(file.read())
    operations.save_rates(read.per_euro, read.valid_on, source=RateSource.FILE)
    db.session.commit()
    click.echo(f"{len(read.per_euro)} rates of {read.valid_on:%Y-%m-%d} loaded.")


@rates.command("set")
@click.argument("currency")
@click.argument("per_euro")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day of the rate; today if left out.")
def set_one(currency: str, per_euro: str, day: datetime | None) -> None:
    """Set how much of CURRENCY one euro is, such as: flask rates set USD 1.0825."""
    valid_on: date = (day or clock.now()).date()
    operations.save_rates({currency.upper(): read_rate(per_euro)}, valid_on, source=RateSource.MANUAL)
    db.session.commit()
    click.echo(f"€1 is {currency.upper()} {per_euro} as of {valid_on:%Y-%m-%d}.")


@rates.command("remove")
@click.argument("currency")
def remove(currency: str) -> None:
    """Remove the rate of CURRENCY; its amounts then count as having none."""
    was_there = operations.remove_rate(currency.upper())
    db.session.commit()
    click.echo(f"Rate of {currency.upper()} removed." if was_there else f"{currency.upper()} has no rate.")


@rates.command("list")
def list_all() -> None:
    """List the rates, with the day of each."""
    for rate in queries.list_rates():
        click.echo(f"{rate.currency} {rate.per_euro.normalize():f}  {rate.valid_on:%Y-%m-%d}")
