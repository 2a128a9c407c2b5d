"""`flask secrets`: change the key with which the database's secrets are sealed."""

import click
from flask.cli import AppGroup

from crm_web.core.extensions import db
from crm_web.secrets import operations

secrets = AppGroup("secrets", help="Change the key that seals secrets in the database.")


@secrets.command("rotate")
@click.option(
    "--drop-plain",
    is_flag=True,
    help="Also delete the secrets that are not sealed. Instances of releases before this one then answer 503.",
)
def rotate(drop_plain: bool) -> None:
    """Seal the secrets of authenticator apps and webhooks with SECRET_KEY."""
    done = operations.rotate()
    if drop_plain and not done.unreadable:
        operations.forbid_earlier_releases()
    db.session.commit()
    click.echo(f"{done.sealed} secrets sealed.")
    if done.unreadable:
        raise click.ClickException(
            f"{len(done.unreadable)} were sealed with a key that is not in SECRET_KEY or SECRET_KEY_FALLBACKS: "
            f"{', '.join(done.unreadable[:10])}. Add that key and try again."
        )
    if drop_plain:
        operations.drop_plain()
        db.session.commit()
        click.echo("Those that were not sealed are deleted.")
