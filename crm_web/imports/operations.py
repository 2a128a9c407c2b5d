"""The import of leads, from the opened file to the report; the command line and the browser share it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import BinaryIO

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from crm_web.core.clock import now
from crm_web.core.database import raw_cursor
from crm_web.core.errors import DomainError
from crm_web.imports.activity_files.names import keep_deal_names
from crm_web.imports.activity_files.records import write_activities
from crm_web.imports.ahead import WriterAhead
from crm_web.imports.holding import hold_records
from crm_web.imports.inspection import Question
from crm_web.imports.mapping import ColumnMapping, choose_mapping
from crm_web.imports.mixed_parts import count_kinds, part_rows
from crm_web.imports.notices import count_nameless, list_notices, list_owner_ids
from crm_web.imports.outcomes import RowOutcome, count_outcomes, list_outcomes
from crm_web.imports.owners import MOST_OWNERS, Staff, find_owners, is_id
from crm_web.imports.parents import set_parents
from crm_web.imports.plan import list_owner_words, refuse_owners, settle, skip_known
from crm_web.imports.recognition import Kind, is_known
from crm_web.imports.records import write_records
from crm_web.imports.references import keep_short_ids
from crm_web.imports.relations import fill_leads, link_rows
from crm_web.imports.rows import RowRefused, Rules
from crm_web.imports.staging import Staging
from crm_web.imports.tables import Row, Table, open_table
from crm_web.imports.target_steps import READERS, STEPS
from crm_web.imports.targets import Target, check_kinds, detect_status, detect_target, map_for
from crm_web.imports.turns import wait_for_turn
from crm_web.imports.vocabulary import squash
from crm_web.imports.writing import activate_buyers, write_leads
from crm_web.models import ChangeSource, Employee, ImportOutcome, LeadStatus, set_audit_actor, set_change_source
from crm_web.records.phones import list_regions

Progress = Callable[[str, int, int], None]
"""Told what is going on, how much of it is done, and how much there is."""

ROWS_TOLD = 1_000
"""After so many rows each it is told how much of a file is read."""
ROWS_SHOWN = 20
"""How many rows of a kind the report has; ``list_outcomes`` has all."""


class Existing(StrEnum):
    """What a row does to a lead that is known already."""

    FILL = "fill"
    UPDATE = "update"
    SKIP = "skip"


class BadValues(StrEnum):
    """What becomes of a row with an optional value that can't be read."""

    REFUSE = "refuse"
    DROP = "drop"


class ChoiceNeeded(DomainError):
    """The file leaves open how it is to be read, and the person has to say it."""


@dataclass(frozen=True)
class Options:
    """What the person says about a file, and how leads are to come of it.

    :param columns: fields to names of columns; what is not said is recognised
    :param words: fields to words of the file, each with the text that it stands for
    :param people: IDs of owners to who they are, as ``read_users`` gives them
    :param system: how the other system is called; ``None`` for the name of the column of ids
    :param currency: the currency of amounts without one
    :param region: the ISO country whose dates are assumed, and whose national phone numbers in rows without a country
    :param day_first: whether 03/04/2025 is the third of April; ``None`` to find out
    :param decimal_mark: what stands before the decimals of amounts; ``None`` to find out
    :param encoding: ``None`` to find out
    :param delimiter: ``None`` to find out
    :param sheet: which sheet of a workbook; ``None`` to find out
    :param header_line: on which line the header stands; ``None`` to find out
    :param bad_values: whether a value that can't be read costs the row or only itself
    :param target: what the rows become; ``None`` to find out
    :param country: the ISO country of rows without one, for their phone numbers
    :param existing: whether known leads take what they lack from a row, all that it says, or nothing
    """

    currency: str
    region: str
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    statuses: Mapping[str, LeadStatus] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    system: str | None = None
    day_first: bool | None = None
    decimal_mark: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_line: int | None = None
    owner: Employee | None = None
    creates_owners: bool = False
    existing: Existing = Existing.FILL
    bad_values: BadValues = BadValues.REFUSE
    target: Target | None = None
    country: str | None = None

    @property
    def all_words(self) -> Mapping[str, Mapping[str, str]]:
        """The words, with the IDs of owners; what the person said of one counts for more."""
        return {**self.words, "owner": {**self.people, **self.words.get("owner", {})}} if self.people else self.words


@dataclass(frozen=True)
class LeadFile:
    """An opened file whose columns are understood.

    :param stream: its bytes, from which one can read again
    :param target: what its rows become
    """

    stream: BinaryIO
    csv: Table
    mapping: ColumnMapping
    target: Target = Target.LEADS

    @property
    def questions(self) -> tuple[Question, ...]:
        """What the file leaves open; nothing is imported until the person has said it."""
        about_text = [Question("encoding", self.csv.question)] if self.csv.question else []
        return (*about_text, *self.mapping.questions)


@dataclass
class Report:
    """What became of the rows. ``read`` is the sum of ``created``, ``updated``, ``filled``, ``same`` and ``refused``.

    :param closed: how many of those updated were open and are won or lost now
    :param warned: how many of those created may be wrong somewhere
    :param left_out: the columns of the file that were not read
    :param notices: what to know about the file as a whole, as sentences
    :param refusals: the first refused rows
    :param others: the first rows that are neither refused nor created without a warning
    """

    read: int = 0
    created: int = 0
    updated: int = 0
    filled: int = 0
    same: int = 0
    refused: int = 0
    closed: int = 0
    warned: int = 0
    left_out: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    statuses: dict[LeadStatus, int] = field(default_factory=dict)
    customers: int = 0
    linked: int = 0
    new_employees: list[Employee] = field(default_factory=list)
    new_sources: list[str] = field(default_factory=list)
    refusals: list[RowOutcome] = field(default_factory=list)
    others: list[RowOutcome] = field(default_factory=list)

    @property
    def count_of_others(self) -> int:
        """How many rows there are of which ``others`` has the first."""
        return self.updated + self.filled + self.same + self.warned


def open_leads(stream: BinaryIO, options: Options, *, progress: Progress = lambda what, done, total: None) -> LeadFile:
    """Look at all of a file and decide which column is which field; nothing is written.

    :param stream: the bytes, from which one can read again
    :return: the file, to be shown to the person and given to ``import_leads``
    :raise FileUnreadable: if it is no CSV file
    :raise MappingUnclear: if its rows are no leads or its columns can't be told
    """
    first = open_table(
        stream,
        encoding=options.encoding,
        delimiter=options.delimiter,
        sheet=options.sheet,
        header_line=options.header_line,
        knows=is_known,
    )
    mapping = map_table(replace(first, rows=_report_place(stream, first.rows, "Finding columns", progress)), options)
    target = options.target or detect_target(mapping)
    mapping = map_for(target, mapping)
    check_kinds(target, mapping)
    return LeadFile(stream, _open_again(stream, first), mapping, target)


def _report_place(stream: BinaryIO, rows: Iterable[Row], what: str, progress: Progress) -> Iterator[Row]:
    """Tell now and then how far a file is read."""
    place = stream.tell()
    size = stream.seek(0, 2)
    stream.seek(place)
    for number, row in enumerate(rows, 1):
        yield row
        if number % ROWS_TOLD == 0:
            progress(what, stream.tell(), size)


def map_table(csv: Table, options: Options, *, is_whole: bool = True) -> ColumnMapping:
    """Decide which column of an opened file is which field.

    :param is_whole: whether by all its rows, which are used up then, or by the first ones
    :raise MappingUnclear: if its rows are no leads or its columns can't be told
    """
    return choose_mapping(
        csv.header,
        csv.sample,
        rows=csv.rows if is_whole else None,
        given=options.columns,
        system=options.system,
        day_first=options.day_first,
        decimal_mark=options.decimal_mark,
        statuses=options.statuses,
        are_activities=options.target is Target.ACTIVITIES if options.target else None,
    )


def _open_again(stream: BinaryIO, csv: Table) -> Table:
    how = {"encoding": csv.encoding, "delimiter": csv.delimiter, "sheet": csv.sheet, "header_line": csv.header_line}
    again = open_table(stream, **how, knows=is_known)  # type: ignore[arg-type]
    return replace(again, encoding=csv.encoding, is_guess=csv.is_guess, question=csv.question)


def import_leads(
    file: LeadFile, options: Options, *, by: Employee, progress: Progress = lambda what, done, total: None
) -> Report:
    """Make leads of the rows of a file: all that are in order, in the one transaction of the caller.

    A row about a lead that is known, as ``matching`` tells, makes no second one: the lead takes from it what
    ``options.existing`` says, and is closed if the row says that it was won or lost. So a file can be imported twice.
    Won leads get their customers, one a company.

    :raise ChoiceNeeded: if ``file.questions`` has any
    :raise FileUnreadable: if the file breaks off or changes its encoding midway
    :raise TooManyOwners: if the column of owners can't be one
    """
    if file.questions:
        raise ChoiceNeeded(" ".join(question.text for question in file.questions))
    set_change_source(ChangeSource.IMPORT)
    set_audit_actor(by)
    cursor = raw_cursor()
    wait_for_turn(cursor, progress)
    report = Report(left_out=file.mapping.left_out())
    _stage(file, options, cursor, progress, report, by)
    progress("Checking for duplicates", 0, 0)
    for target in part_rows(cursor) if file.target is Target.MIXED else (file.target,):
        part = replace(file, target=target)
        _settle(part, options, cursor, by, report)
        _write(part, options, cursor, progress, report)
    if file.target is Target.MIXED:
        report.notices.append(count_kinds(cursor, file.mapping.name_of("is_company")))
    _count(cursor, report)
    return report


def _settle(file: LeadFile, options: Options, cursor: Cursor, by: Employee, report: Report) -> None:
    """Decide what becomes of each staged row."""
    if file.target is not Target.CUSTOMERS:
        _link(file, cursor)
    keep_short_ids(cursor)
    STEPS[file.target].match(cursor)
    hold_records(cursor, file.target)
    _settle_owners(file, options, cursor, by, report)
    STEPS[file.target].match_rows(cursor)
    if options.existing is Existing.SKIP:
        skip_known(cursor)


def _link(file: LeadFile, cursor: Cursor) -> None:
    columns = {name: file.mapping.name(places[0]) for name, places in file.mapping.columns.items()}
    link_rows(cursor, columns, by_name=_is_linked_by_name(file))
    if file.target is Target.LEADS:
        fill_leads(cursor)


def _is_linked_by_name(file: LeadFile) -> bool:
    return file.target is not Target.LEADS or file.mapping.kind is Kind.DEAL


def _write(file: LeadFile, options: Options, cursor: Cursor, progress: Progress, report: Report) -> None:
    def saved(done: int, total: int) -> None:
        progress("Saving", done, total)

    updates = options.existing is Existing.UPDATE
    owner_id = options.owner.id if options.owner else None
    if file.target is Target.LEADS:
        settle(cursor, updates=updates)
        report.new_sources = write_leads(cursor, owner_id, updates=updates, progress=saved)
        keep_deal_names(cursor)
        report.notices += [*activate_buyers(cursor), *count_nameless(cursor)]
        _count_leads(cursor, report)
    elif file.target is Target.ACTIVITIES:
        write_activities(cursor, owner_id, updates=updates, progress=saved)
    else:
        status = detect_status(file.mapping)
        write_records(
            cursor,
            file.target,
            owner_id,
            status=status,
            updates=updates,
            fills_customers="is_company" in file.mapping.columns,
            progress=saved,
        )
    if file.target is Target.CUSTOMERS:
        column = file.mapping.name_of("parent_ref") or file.mapping.name_of("company")
        report.notices += set_parents(cursor, column, updates=updates)


def _stage(file: LeadFile, options: Options, cursor: Cursor, progress: Progress, report: Report, by: Employee) -> None:
    statuses = {squash(word): status for word, status in options.statuses.items()}
    regions = list_regions(options.country, by, home=options.region)
    drops = options.bad_values is BadValues.DROP
    rules = Rules(regions, options.currency, now(), statuses, drops, options.all_words)
    reader = READERS[file.target](file.mapping, rules)
    rows = _report_place(file.stream, file.csv.rows, "Reading", progress)
    is_ahead = file.target is Target.LEADS and not options.owner
    with WriterAhead(cursor, by_name=_is_linked_by_name(file)) if is_ahead else nullcontext() as ahead:
        staging = Staging(cursor, file.target, ahead=ahead)
        for line, cells in rows:
            report.read += 1
            try:
                staging.add(line, reader.read(cells))
                staging.warn(line, reader.warnings)
            except RowRefused as refusal:
                staging.refuse(line, refusal.problems)
        staging.finish()
    report.notices += file.csv.asides.say()
    report.notices += list_notices(cursor, reader)


def _settle_owners(file: LeadFile, options: Options, cursor: Cursor, by: Employee, report: Report) -> None:
    words = list_owner_words(cursor, MOST_OWNERS + 1, updates=options.existing is Existing.UPDATE)
    if not words:
        return
    staff = Staff(by, options.creates_owners, by_id=file.mapping.has_owner_ids)
    owners = find_owners(staff, words, options.owner)
    execute_values(cursor, "INSERT INTO import_owners (word, employee_id, reason) VALUES %s", owners)
    refuse_owners(cursor, file.mapping.name_of("owner"))
    report.new_employees += staff.created
    if staff.by_id or any(map(is_id, words)):
        report.notices += list_owner_ids(cursor, file.mapping.name_of("owner"), options.owner)


def _count(cursor: Cursor, report: Report) -> None:
    for outcome, count in count_outcomes(cursor).items():
        setattr(report, outcome, count)
    cursor.execute(
        "SELECT count(DISTINCT line) FROM import_notes JOIN import_plan p USING (line) WHERE p.action = 'create'"
    )
    (report.warned,) = cursor.fetchone() or (0,)
    report.refusals = list(list_outcomes(ImportOutcome.REFUSED, limit=ROWS_SHOWN))
    report.others = list(list_outcomes(to_review=True, limit=ROWS_SHOWN))


def _count_leads(cursor: Cursor, report: Report) -> None:
    cursor.execute(
        "SELECT r.status, count(*), count(*) FILTER (WHERE p.closes) FROM import_rows r JOIN import_plan p USING (line)"
        " WHERE p.action = 'create' OR p.action = 'known' AND p.closes GROUP BY r.status"
    )
    counted = {status: (count, closed) for status, count, closed in cursor}
    report.statuses = {status: counted[status][0] for status in LeadStatus if status in counted}
    report.closed = sum(closed for _, closed in counted.values())
    cursor.execute("SELECT count(*) FILTER (WHERE makes_customer), count(*) FROM import_wins")
    report.customers, wins = cursor.fetchone() or (0, 0)
    report.linked = wins - report.customers


def list_refused_rows(file: LeadFile) -> Iterator[list[str]]:
    """Read the refused rows once more, to be mended and imported again; before the transaction ends.

    :return: a header, then each refused row with its line and what is wrong, its cells as they are
    """
    again = _open_again(file.stream, file.csv)
    yield ["Line", "To fix", *again.header]
    with raw_cursor().connection.cursor(name="refused_rows") as cursor:
        cursor.execute(
            "SELECT line, string_agg(concat_ws(': ', nullif(named, ''), text), ' ' ORDER BY place) FROM import_notes"
            " WHERE is_refusal GROUP BY line ORDER BY line"
        )
        refused = next(cursor, None)
        for line, cells in again.rows:
            if refused and refused[0] == line:
                yield [str(line), refused[1], *cells]
                refused = next(cursor, None)
