"""`flask leads import`: the leads of a CSV file, from any system."""

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, NoReturn

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from crm_web.auth.permissions import REFUSALS, Action, may
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.imports.amounts import COMMA, POINT
from crm_web.imports.csv_file import DELIMITERS
from crm_web.imports.operations import (
    REFUSALS_SHOWN,
    LeadFile,
    Options,
    Report,
    import_leads,
    import_teams,
    list_refused_rows,
    open_leads,
)
from crm_web.models import Employee, LeadStatus, Role
from crm_web.records.parsing import read_currency
from crm_web.web.template_filters import plural

leads = AppGroup("leads", help="Import leads.")

NAMES_SHOWN = 10
SOME_REFUSED = 3
"""The exit status where rows were refused and the others saved; 0 is "all is in", 1 is "nothing was saved"."""


def _read_pairs(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, list[str]]:
    pairs: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"“{text}” has no equals sign. Use {parameter.metavar}.")
        pairs.setdefault(name.strip(), []).append(value.strip())
    return pairs


def _read_statuses(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, LeadStatus]:
    pairs = _read_pairs(context, parameter, texts)
    known = [status.value for status in LeadStatus]
    for word, statuses in pairs.items():
        if statuses[-1].lower() not in known:
            raise click.BadParameter(f"“{word}” can be one of {', '.join(known)}.")
    return {word: LeadStatus(statuses[-1].lower()) for word, statuses in pairs.items()}


def _read_currency(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    try:
        return read_currency(text) if text else None
    except ValueError as error:
        raise click.BadParameter(f"unknown currency {text}. Use a three-letter code like EUR.") from error


@leads.command("import")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    callback=_read_pairs,
    help="Map a field to a column of the file, or to nothing to skip it. Can be repeated.",
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    metavar="WORD=STATUS",
    callback=_read_statuses,
    help="Map a word of the file to a status, e.g. 'Demo held=qualified'. Can be repeated.",
)
@click.option(
    "--as",
    "by",
    metavar="EMAIL",
    help="The manager or admin to import as. Default: the first admin.",
)
@click.option("--system", metavar="NAME", help="The name of the other system. Default: the name of the id column.")
@click.option("--currency", callback=_read_currency, metavar="CODE", help="The currency for amounts without one.")
@click.option("--dates", type=click.Choice(["dmy", "mdy"]), help="How to read 03/04/2025. Default: detected.")
@click.option("--decimal", type=click.Choice(["point", "comma"]), help="How to read 1.500. Default: detected.")
@click.option("--encoding", help="The encoding, e.g. utf-8 or cp1252. Default: detected.")
@click.option(
    "--delimiter", type=click.Choice([*DELIMITERS, "tab"]), help="The character between cells. Default: detected."
)
@click.option(
    "--owner",
    metavar="EMAIL",
    help="The owner for leads without an owner or with one who can’t own leads.",
)
@click.option(
    "--create-owners/--no-create-owners",
    "creates_owners",
    default=None,
    help="Add unknown owners as employees. Default: only when importing as an admin.",
)
@click.option("--team", type=click.File("rb"), metavar="FILE", help="A CSV file with people and their managers.")
@click.option(
    "--refused",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write refused rows to this file, each with what to fix.",
)
@click.option("--dry-run", is_flag=True, help="Run the import and report the result, but save nothing.")
def import_file(file: BinaryIO, team: BinaryIO | None, refused: Path | None, dry_run: bool, **said: Any) -> None:
    """Import leads from a CSV FILE, such as an export from another CRM or any list with a header row.

    Exits with 0 if all rows are imported or already exist, with 3 if some rows were refused and the others saved,
    and with 1 if nothing was saved.
    """
    by = _get_actor(said.pop("by"), needs_administrator=bool(team or said["creates_owners"]))
    options = _build_options(by, **said)
    progress = ProgressLine()
    try:
        if team:
            _echo_team(*import_teams(team, by=by))
        opened = open_leads(file, options)
        _echo_mapping(file.name, opened)
        report = import_leads(opened, options, by=by, progress=progress)
    except DomainError as error:
        raise click.ClickException(f"{file.name}: {error.message} Nothing was saved.") from error
    except KeyboardInterrupt:
        raise click.ClickException("Stopped. Nothing was saved.") from None
    finally:
        progress.end()
    _echo_report(report)
    _echo_doubts(report)
    if refused:
        _write_refused(refused, list_refused_rows(opened))
    if dry_run:
        db.session.rollback()
        click.echo("Dry run. Nothing was saved.")
    else:
        db.session.commit()
    if report.refused:
        sys.exit(SOME_REFUSED)


def _get_employee(email: str) -> Employee:
    address = email.strip().lower()
    employee = db.session.scalar(select(Employee).where(Employee.email_normalised == address, Employee.is_active))
    return employee or _refuse(f"No active employee has the email {email}.")


def _get_actor(email: str | None, needs_administrator: bool) -> Employee:
    first_admin = select(Employee).where(Employee.role == Role.ADMIN, Employee.is_active).order_by(Employee.id)
    by = _get_employee(email) if email else db.session.scalars(first_admin).first()
    if by is None:
        _refuse("There is no admin yet. Run `flask employees create-admin` first.")
    if not may(by, Action.IMPORT):
        _refuse(f"{by.name} can’t do this. {REFUSALS[Action.IMPORT]}")
    if needs_administrator and not may(by, Action.KEEP_EMPLOYEES):
        _refuse(f"{by.name} can’t add employees. {REFUSALS[Action.KEEP_EMPLOYEES]}")
    return by


def _build_options(by: Employee, **said: Any) -> Options:
    owner = _get_employee(said["owner"]) if said["owner"] else None
    if owner and not owner.can_own:
        _refuse(f"{owner.name} can’t own leads. Choose an active employee with a Sales, Manager or Admin role.")
    creates_owners, delimiter, dates = said["creates_owners"], said["delimiter"], said.pop("dates")
    decimal = said.pop("decimal")
    return Options(
        **said
        | {
            "owner": owner,
            "creates_owners": may(by, Action.KEEP_EMPLOYEES) if creates_owners is None else creates_owners,
            "currency": said["currency"] or current_app.config["DEFAULT_CURRENCY"],
            "region": current_app.config["DEFAULT_REGION"],
            "day_first": None if dates is None else dates == "dmy",
            "decimal_mark": {"point": POINT, "comma": COMMA}.get(decimal),
            "delimiter": "\t" if delimiter == "tab" else delimiter,
        }
    )


def _refuse(reason: str) -> NoReturn:
    raise click.ClickException(reason)


class ProgressLine:
    """A progress line on standard error: rewritten in a terminal, printed now and then in a log."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = (0.0, "")

    def __call__(self, what: str, done: int, total: int) -> None:
        text = f"{what} … {100 * done // total} %" if total else f"{what} …"
        said_at, said = self._last
        is_new = what != said.partition(" …")[0]
        if is_new or done == total or monotonic() - said_at > (0.2 if self._terminal else 5):
            click.echo(f"\r\033[K{text}" if self._terminal else text, err=True, nl=not self._terminal)
            self._last = (monotonic(), text)

    def end(self) -> None:
        """End the line, so that the next output starts on a new one."""
        if self._terminal:
            click.echo("\r\033[K", err=True, nl=False)


def _echo_mapping(name: str, file: LeadFile) -> None:
    delimiter = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}[file.csv.delimiter]
    guess = " (detected; use --encoding if names look wrong)" if file.csv.is_guess else ""
    click.echo(f"{name}: separated by {delimiter}, encoding {file.csv.encoding}{guess}")
    for field, columns in file.mapping.chosen():
        click.echo(f"  {field:<18} from {columns}{_explain(file, field)}")
    left_out = file.mapping.left_out()
    if left_out:
        click.echo(f"  skipped: {', '.join(left_out)}")


def _explain(file: LeadFile, field: str) -> str:
    if field == "external_id":
        return f", id from “{file.mapping.system}”"
    if field == "amount" and file.mapping.decimal_comma:
        return ", decimal comma"
    days = [place for place in file.mapping.columns.get(field, ()) if place in file.mapping.day_first]
    return ", day first" if days else ""


def _echo_report(report: Report) -> None:
    click.echo(f"{report.read:,} rows read")
    click.echo(f"{report.created:>10,} created")
    click.echo(f"{report.closed:>10,} closed, previously open")
    click.echo(f"{report.duplicates:>10,} skipped as duplicates")
    click.echo(f"{report.refused:>10,} refused")
    if report.statuses:
        click.echo("Now: " + ", ".join(f"{count:,} {status.label}" for status, count in report.statuses.items()))
    if report.customers or report.linked:
        click.echo(f"{report.customers:,} new customers; {report.linked:,} leads won for existing customers")
    if report.new_employees:
        click.echo(
            f"{len(report.new_employees)} new employees (Sales role, no password yet): {_name(report.new_employees)}"
        )
    if report.new_sources:
        click.echo(f"New sources: {', '.join(report.new_sources[:30])}")
    for refusal in report.refusals:
        column = f", {refusal.column}" if refusal.column else ""
        value = f" “{refusal.value}”" if refusal.value else ""
        click.echo(f"  line {refusal.line:,}{column}{value}: {refusal.reason}")
    if report.refused > REFUSALS_SHOWN:
        click.echo(f"  … and {report.refused - REFUSALS_SHOWN:,} more rows. Use --refused FILE to write them all.")


def _echo_doubts(report: Report) -> None:
    if report.doubtful:
        click.echo(f"{plural(report.doubtful, 'phone number')} may be wrong:")
    for line, doubt in report.doubts:
        click.echo(f"  line {line:,}: {doubt}")
    if report.doubtful > len(report.doubts):
        click.echo(f"  … and {report.doubtful - len(report.doubts):,} more.")


def _echo_team(moved: int, created: Iterable[Employee]) -> None:
    people = list(created)
    click.echo(f"Team: {moved} people assigned to a manager, {len(people)} new employees: {_name(people)}")


def _name(people: Iterable[Employee]) -> str:
    names = [f"{person.name} ({person.email})" for person in people]
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {len(names) - NAMES_SHOWN} more" if names[NAMES_SHOWN:] else "")


def _write_refused(path: Path, rows: Iterable[list[str]]) -> None:
    # With the mark, Excel too reads it as UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as target:
        csv.writer(target).writerows(rows)
    click.echo(f"Refused rows are in {path}.")
