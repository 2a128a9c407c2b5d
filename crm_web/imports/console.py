"""What `flask import` prints, and the files that it writes."""

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import monotonic

import click

from crm_web.imports.operations import LeadFile, Report
from crm_web.imports.outcomes import RowOutcome, list_outcomes
from crm_web.imports.recognition import Kind
from crm_web.imports.targets import Target
from crm_web.lists.csv_export import write_cell
from crm_web.models import Employee, ImportOutcome
from crm_web.web.template_filters import plural

NAMES_SHOWN = 10


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


def echo_mapping(name: str, file: LeadFile) -> None:
    """Print how a file was read: its delimiter, its encoding and the column of each field."""
    delimiter = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}.get(file.csv.delimiter, "something else")
    guess = " (detected; use --encoding if names look wrong)" if file.csv.is_guess else ""
    how = (
        f"separated by {delimiter}, encoding {file.csv.encoding}{guess}"
        if file.csv.delimiter
        else f"a {file.csv.encoding}"
    )
    click.echo(f"{name}: {how}")
    if file.target is not Target.LEADS:
        what = "companies and people" if file.target is Target.MIXED else file.target
        click.echo(f"  This is a list of {what}.")
    elif file.mapping.kind is Kind.COMPANY:
        click.echo("  These rows name companies, but no people. They become leads; or use --kind customers.")
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


def echo_report(report: Report) -> None:
    """Print what became of the rows, in counts that add up, and the first rows with something to say."""
    click.echo(f"{plural(report.read, 'row')} read")
    click.echo(f"{report.created:>10,} created")
    click.echo(f"{report.updated:>10,} updated ({report.closed:,} closed, previously open)")
    click.echo(f"{report.filled:>10,} filled in")
    click.echo(f"{report.same:>10,} nothing new")
    click.echo(f"{report.refused:>10,} refused")
    if report.statuses:
        click.echo("Now: " + ", ".join(f"{count:,} {status.label}" for status, count in report.statuses.items()))
    if report.customers or report.linked:
        new = plural(report.customers, "new customer")
        click.echo(f"{new}; {plural(report.linked, 'lead')} won for existing customers")
    if report.new_employees:
        new = plural(len(report.new_employees), "new employee")
        click.echo(f"{new} (Sales role, no password yet): {_name(report.new_employees)}")
    if report.new_sources:
        click.echo(f"New sources: {', '.join(report.new_sources[:30])}")
    for notice in report.notices:
        click.echo(notice)
    _echo_rows("Refused", report.refusals, report.refused, "--refused")
    _echo_rows("Not just created", report.others, report.count_of_others, "--report")


def _echo_rows(title: str, rows: Sequence[RowOutcome], count: int, option: str) -> None:
    if rows:
        click.echo(f"{title}:")
    for row in rows:
        if row.outcome is ImportOutcome.REFUSED:
            texts = [f", {note}" if note.column else f": {note}" for note in row.notes]
        else:
            texts = [f": {' '.join(row.reasons)}"]
        for text in texts:
            click.echo(f"  line {row.line:,}{text}")
    if count > len(rows):
        click.echo(f"  … and {plural(count - len(rows), 'more row')}. Use {option} FILE to write them all.")


def list_report_rows(*, is_saved: bool) -> Iterator[list[str]]:
    """List what became of each row, as the rows of a table.

    :param is_saved: whether to give the ids of the records; a dry run leaves none behind
    """
    yield ["Line", "Result", *(["Lead", "Customer", "Contact"] if is_saved else []), "Why"]
    for row in list_outcomes():
        ids = [str(record_id or "") for record_id in (row.lead_id, row.customer_id, row.contact_id) if is_saved]
        yield [str(row.line), row.outcome.label, *ids, " ".join(row.reasons)]


def echo_team(moved: int, created: Iterable[Employee]) -> None:
    """Print what a file of teams did."""
    people = list(created)
    assigned, new = plural(moved, "person", "people"), plural(len(people), "new employee")
    click.echo(f"Team: {assigned} assigned to a manager, {new}: {_name(people)}")


def _name(people: Iterable[Employee]) -> str:
    names = [f"{person.name} ({person.email})" for person in people]
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {len(names) - NAMES_SHOWN} more" if names[NAMES_SHOWN:] else "")


def write_table(path: Path, rows: Iterable[list[str]]) -> None:
    """Write a CSV file that is safe to open in a spreadsheet."""
    # With the mark, Excel too reads it as UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as target:
        csv.writer(target).writerows([write_cell(cell) for cell in row] for row in rows)
