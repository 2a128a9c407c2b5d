"""`flask import`: files of another system, or any list; `flask leads import` is the same."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from crm_web.auth.permissions import REFUSALS, Action, may
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.imports.amounts import COMMA, POINT
from crm_web.imports.console import ProgressLine, echo_mapping, echo_report, echo_team, list_report_rows, write_table
from crm_web.imports.operations import (
    BadValues,
    Existing,
    LeadFile,
    Options,
    Report,
    import_leads,
    list_refused_rows,
    open_leads,
)
from crm_web.imports.recognition import is_known
from crm_web.imports.tables import DELIMITERS, open_table
from crm_web.imports.targets import Target, detect_alone, detect_in_set
from crm_web.imports.teams import import_teams
from crm_web.imports.users import are_users, read_users
from crm_web.imports.vacuum import vacuum_after_rollback
from crm_web.models import Employee, LeadStatus, Role
from crm_web.records.country_input import read_country
from crm_web.records.parsing import read_currency
from crm_web.records.people import find_employee_by_email

leads = AppGroup("leads", help="Import leads.")

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


def _read_country(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    try:
        return read_country(text) if text else None
    except ValueError as error:
        raise click.BadParameter(f"unknown country {text}. Use a two-letter code like DE.") from error


@leads.command("import")
@click.argument("files", type=click.File("rb"), nargs=-1, required=True, metavar="FILE...")
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
    help="Map a word in the file to a status, e.g. 'Demo held=qualified'. Can be repeated.",
)
@click.option(
    "--as",
    "by",
    metavar="EMAIL",
    help="The manager or admin to import as. Default: the first admin.",
)
@click.option("--system", metavar="NAME", help="The name of the other system. Default: the name of the id column.")
@click.option(
    "--kind",
    "target",
    type=click.Choice([target.value for target in Target]),
    help="What the rows become; “mixed” is companies and people in one list. Default: by the headings.",
)
@click.option(
    "--existing",
    type=click.Choice([choice.value for choice in Existing]),
    default=Existing.FILL.value,
    show_default=True,
    help="How to update existing leads: fill empty fields (fill), overwrite them (update) or change nothing (skip).",
)
@click.option(
    "--bad-values",
    type=click.Choice([choice.value for choice in BadValues]),
    default=BadValues.REFUSE.value,
    show_default=True,
    help="If an optional value can’t be read, refuse the row (refuse) or leave out the value (drop).",
)
@click.option(
    "--country", callback=_read_country, metavar="CODE", help="The country of phone numbers in rows without one."
)
@click.option("--currency", callback=_read_currency, metavar="CODE", help="The currency for amounts without one.")
@click.option(
    "--day-first/--month-first",
    "day_first",
    default=None,
    help="Read 03/04/2025 as April 3, or as March 4. Default: detected from the column.",
)
@click.option(
    "--decimal-mark",
    type=click.Choice(["point", "comma"]),
    help="The decimal separator. Default: detected from the column.",
)
@click.option("--encoding", help="The encoding, e.g. utf-8 or cp1252. Default: detected.")
@click.option(
    "--delimiter", type=click.Choice([*DELIMITERS, "tab"]), help="The character between cells. Default: detected."
)
@click.option("--sheet", metavar="NAME", help="The sheet of a workbook. Default: the one with the most known headings.")
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
@click.option(
    "--report",
    "report_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the result of each row to this file.",
)
@click.option("--dry-run", is_flag=True, help="Run the import and report the result, but save nothing.")
def import_file(
    files: Sequence[BinaryIO],
    team: BinaryIO | None,
    refused: Path | None,
    report_file: Path | None,
    dry_run: bool,
    **said: Any,
) -> None:
    """Import leads, customers, contacts or activities from a FILE, such as an export from another CRM or any list.

    The file can be CSV with any delimiter and encoding, a workbook (XLSX, XLS or ODS), JSON, or vCards.

    Several files that belong together, such as accounts, contacts and deals, are imported as one: all or none. Their
    rows name each other by ID, name, domain or email, and the order of the files does not matter.

    Exits with 0 if all rows are imported or already exist, with 3 if some rows were refused and the others saved,
    and with 1 if nothing was saved.
    """
    by = _get_actor(said.pop("by"), needs_administrator=bool(team or said["creates_owners"]))
    options = _build_options(by, **said)
    if team:
        with _naming(team.name):
            echo_team(*import_teams(team, by=by))
    files, options = _part_users(files, options)
    reports = []
    for file, target in _sort(files, options):
        with _naming(file.name):
            opened, report = _import_one(file, replace(options, target=target), by)
        reports.append(report)
        suffix = f"-{Path(file.name).stem}" if len(files) > 1 else ""
        _write_files(opened, refused, report_file, suffix, is_saved=not dry_run)
    if dry_run:
        db.session.rollback()
        vacuum_after_rollback(sum(report.read for report in reports))
        click.echo("Dry run. Nothing was saved.")
    else:
        db.session.commit()
    if any(report.refused for report in reports):
        sys.exit(SOME_REFUSED)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Name the file that an error is about."""
    try:
        yield
    except DomainError as error:
        raise click.ClickException(f"{name}: {error.message} Nothing was saved.") from error
    except KeyboardInterrupt:
        raise click.ClickException("Stopped. Nothing was saved.") from None


def _part_users(files: Sequence[BinaryIO], options: Options) -> tuple[list[BinaryIO], Options]:
    """Read the files of users, which say who the owners in the others are."""
    others: list[BinaryIO] = []
    people: dict[str, str] = {}
    for file in files if len(files) > 1 else ():
        with _naming(file.name):
            csv = open_table(file, encoding=options.encoding, delimiter=options.delimiter, knows=is_known)
            found = read_users(csv) if are_users(csv.header) else {}
        if found:
            people |= found
            click.echo(f"{file.name}: users, to recognize the owners")
        else:
            others.append(file)
    return others or [*files], replace(options, people=people)


def _sort(files: Sequence[BinaryIO], options: Options) -> list[tuple[BinaryIO, Target | None]]:
    """Tell what the rows of each file become; of several files, in the order in which they have to be imported."""
    if len(files) == 1:
        return [(files[0], options.target)]
    given = {"--map": options.columns, "--kind": options.target, "--sheet": options.sheet, "--system": options.system}
    if wrong := [name for name, value in given.items() if value]:
        raise click.UsageError(f"{wrong[0]} is for a single file. Leave it out, or import that file by itself.")
    alone = []
    for file in files:
        with _naming(file.name):
            csv = open_table(file, encoding=options.encoding, delimiter=options.delimiter, knows=is_known)
            alone.append((file, *detect_alone(csv)))
    kinds = {kind for _, kind, _ in alone}
    found = [(file, detect_in_set(kind, Path(file.name).name, kinds, target)) for file, kind, target in alone]
    order = list(Target)
    return [*sorted(found, key=lambda pair: order.index(pair[1]))]


def _import_one(file: BinaryIO, options: Options, by: Employee) -> tuple[LeadFile, Report]:
    progress = ProgressLine()
    try:
        opened = open_leads(file, options, progress=progress)
        progress.end()
        echo_mapping(file.name, opened)
        report = import_leads(opened, options, by=by, progress=progress)
    finally:
        progress.end()
    echo_report(report)
    return opened, report


def _write_files(
    opened: LeadFile, refused: Path | None, report_file: Path | None, suffix: str, *, is_saved: bool
) -> None:
    """Write the files that were asked for; of each of several files by its name."""
    if refused:
        refused = refused.with_stem(refused.stem + suffix)
        write_table(refused, list_refused_rows(opened))
        click.echo(f"Refused rows are in {refused}.")
    if report_file:
        report_file = report_file.with_stem(report_file.stem + suffix)
        write_table(report_file, list_report_rows(is_saved=is_saved))
        click.echo(f"The result of each row is in {report_file}.")


def _get_employee(email: str) -> Employee:
    employee = find_employee_by_email(email)
    return employee if employee and employee.is_active else _refuse(f"No active employee has the email {email}.")


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
    creates_owners, delimiter = said["creates_owners"], said["delimiter"]
    return Options(
        **said
        | {
            "owner": owner,
            "creates_owners": may(by, Action.KEEP_EMPLOYEES) if creates_owners is None else creates_owners,
            "currency": said["currency"] or current_app.config["DEFAULT_CURRENCY"],
            "region": current_app.config["DEFAULT_REGION"],
            "decimal_mark": {"point": POINT, "comma": COMMA}.get(said["decimal_mark"]),
            "target": Target(said["target"]) if said["target"] else None,
            "existing": Existing(said["existing"]),
            "bad_values": BadValues(said["bad_values"]),
            "delimiter": "\t" if delimiter == "tab" else delimiter,
        }
    )


def _refuse(reason: str) -> NoReturn:
    raise click.ClickException(reason)
