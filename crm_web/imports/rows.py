"""Parses a row into the values of a lead, or a list of problems."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP
from typing import Any, NamedTuple

from crm_web.imports.amounts import find_currency
from crm_web.imports.cells import STREET, list_readers, read_id
from crm_web.imports.excel import are_figures, check_digits, is_total
from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.names import complete_name, split_name
from crm_web.imports.recognition import Kind
from crm_web.imports.references import REFERENCES
from crm_web.imports.several import split_cell
from crm_web.imports.steps import BLANK, Step, plan_step, translate
from crm_web.imports.vocabulary import OPEN_WORDS, PLACEHOLDERS, STATUS_WORDS, UNIT, squash
from crm_web.models import Customer, Lead, LeadStatus, LostReason, StatusKind, limit_of
from crm_web.records.phones import add_region, read_number
from crm_web.web.template_filters import plural

Values = dict[str, Any]

OWN_SYSTEM = "row"
"""The ``external_system`` of rows without an id: their id is a digest of what they hold."""

TOTALS = "This looks like a row of totals."
NEEDED = ("external_id", "owner", "is_won", "is_company")
"""What a row is refused for even where bad values are left out: it would become another record."""


class Problem(NamedTuple):
    """What is wrong in a row, in which column, and what stands there; no column where it is the row as a whole."""

    column: str
    reason: str
    value: str = ""


class RowRefused(Exception):
    """A row that can't become a lead."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass(frozen=True)
class Rules:
    """What holds for every row.

    :param currency: the currency of amounts without one
    :param now: the time of the import; nothing was created or closed later
    :param drops_bad_values: whether a row is taken without an optional value that can't be read
    :param words: fields to words of the file, each with the text that it stands for
    """

    regions: tuple[str, ...]
    currency: str
    now: datetime
    statuses: Mapping[str, LeadStatus]
    drops_bad_values: bool = False
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class RowReader:
    """Reads the rows of one file."""

    def __init__(self, mapping: ColumnMapping, rules: Rules) -> None:
        self.mapping = mapping
        self.rules = rules
        self.words = {**STATUS_WORDS, **rules.statuses}
        self.regions = rules.regions
        self.is_company = False
        """Whether the row read last says that it is a company."""
        self.warnings: list[Problem] = []
        """What was taken of the row read last though it may be wrong."""
        readers = list_readers(mapping, self._read_phone) | dict.fromkeys(REFERENCES, self._read_reference)
        readers |= {name: translate(readers[name], words) for name, words in rules.words.items() if name in readers}
        labelled = {"phone", "mobile"} if mapping.phone_labels else set()
        self.passed_over: Counter[int] = Counter()
        """How many values of each column were left out because the row has another one."""
        self.closing_days: Counter[str] = Counter()
        """How many closed leads have no closing date: what is taken for it to how many."""
        self.without_currency = 0
        """How many amounts were read in the currency of ``rules``."""
        self.no_room: Counter[tuple[str, int]] = Counter()
        """How many values of each column were left out because some of the rows have no field for them."""
        self.steps = [plan_step(name, columns, readers) for name, columns in mapping.columns.items() if name in readers]
        self.steps = [step for step in self.steps if step.name not in labelled]
        self.addresses = [[plan_step(n, c, readers) for n, c in address.items()] for address in mapping.addresses]
        self.phones = [plan_step("phone", (column,), readers) for column in mapping.phone_labels]
        self.width = len(mapping.header)
        unit = UNIT.search(mapping.name_of("amount"))
        self.heading_currency = find_currency(unit[1]) if unit else None

    def read(self, cells: Sequence[str]) -> Values:
        """Read one row.

        :return: the columns of ``leads`` to their values, and what else the writing needs to know
        :raise RowRefused: with everything that has to be mended
        """
        self._check_row(cells)
        problems: list[Problem] = []
        values: Values = {}
        self._take_all(cells, values, problems)
        _split_phones(values)
        self._split_amount(values)
        self._name(values, cells)
        self._describe(values, cells)
        self._set_status(values, cells, problems)
        self._set_dates(values, problems)
        self._identify(values, cells)
        self._check_name(values, cells, problems)
        if problems:
            raise RowRefused(problems)
        return values

    def _check_row(self, cells: Sequence[str]) -> None:
        if len(cells) < self.width or any(cells[self.width :]):
            reason = f"The row has {plural(len(cells), 'cell')}, the header has {self.width}."
            raise RowRefused([Problem("", reason, cells[0] if len(cells) == 1 else "")])
        if is_total(cells):
            raise RowRefused([Problem("", TOTALS)])

    def _take_all(self, cells: Sequence[str], values: Values, problems: list[Problem]) -> None:
        """The address comes first: its country is that of the phone numbers."""
        wrong_address: list[Problem] = []
        self.warnings = []
        self._take_address(cells, values, wrong_address)
        self.regions = add_region(values.get("country"), self.rules.regions)
        self._take(self.steps, cells, values, problems)
        if "company_domain" in values:
            values.setdefault("website", values["company_domain"])
        if values.pop("is_deleted", False):
            problems.append(Problem(self.mapping.name_of("is_deleted"), "It is deleted in the other system."))
        if "probability" in values:
            self._round_share(values)
        problems += wrong_address
        if self.phones:
            self._take_labelled_phones(cells, values, problems)

    def _read_phone(self, text: str) -> tuple[str, str]:
        check_digits(text)
        typed, e164, doubt = read_number(text, self.regions)
        if doubt:
            self.warnings.append(Problem("", doubt))
        return typed, e164

    def _read_reference(self, text: str) -> str:
        """HubSpot lists all related IDs in one cell; a record here has one."""
        first, *others = [part for part in re.split(r"[;,\s]+", text) if part]
        if others:
            self.warnings.append(Problem("", f"Only the first related ID is used, not {', '.join(others)}.", text))
        return read_id(first)

    def _round_share(self, values: Values) -> None:
        share = values["probability"]
        values["probability"] = rounded = int(share.to_integral_value(ROUND_HALF_UP))
        if rounded != share:
            column = self.mapping.name_of("probability")
            self.warnings.append(Problem(column, f"Rounded to {rounded} %.", f"{share.normalize():f} %"))

    def _take(self, steps: Sequence[Step], cells: Sequence[str], values: Values, problems: list[Problem]) -> None:
        """Read what is filled in: of several columns the first; whatever differs in those that follow is left out."""
        for step in steps:
            for column in step.columns:
                text = cells[column]
                if text and step.name in values:
                    self._compare(step, column, text, values[step.name])
                elif text and not self._read(step, column, text, values, problems):
                    break

    def _read(self, step: Step, column: int, text: str, values: Values, problems: list[Problem]) -> bool:
        """:return: whether to go on; not where the row is refused for it"""
        text, *others = split_cell(step.name, text)
        for other in others:
            self._pass_over(column, other)
        try:
            value = step.read(text)
        except ValueError as error:
            return self._leave_out(step.name, Problem(self.mapping.name(column), str(error), text), problems)
        if value is not BLANK:
            values[step.name] = value
        return True

    def _leave_out(self, name: str, problem: Problem, problems: list[Problem]) -> bool:
        """Leave a value out, if the person chose so and the row can do without it; else the row is refused for it."""
        if self.rules.drops_bad_values and name not in NEEDED:
            self.warnings.append(problem._replace(reason=f"Left out. {problem.reason}"))
            return True
        problems.append(problem)
        return False

    def _compare(self, step: Step, column: int, text: str, taken: Any) -> None:
        known = taken[0] if isinstance(taken, tuple) else taken
        if str(known).casefold() != text.strip().casefold() and step.is_filled(text):
            self._pass_over(column, text)

    def _pass_over(self, column: int, text: str) -> None:
        self.passed_over[column] += 1
        self.warnings.append(
            Problem(self.mapping.name(column), "Left out, because the row has another one.", text.strip())
        )

    def _take_address(self, cells: Sequence[str], values: Values, problems: list[Problem]) -> None:
        """Take one whole address: the first of which anything is filled in."""
        is_taken = False
        for steps in self.addresses:
            filled = [column for step in steps for column in step.columns if cells[column].strip()]
            if is_taken:
                for column in filled:
                    self._pass_over(column, cells[column])
            else:
                self._take(steps, cells, values, problems)
            is_taken = is_taken or bool(filled)
        number, street = values.pop("street_number", None), values.get("street")
        if number:
            street = f"{number} {street}" if street else number
        more = [line for part in STREET[2:] if (line := values.pop(part, None))]
        if street or more:
            values["street"] = ", ".join([street, *more] if street else more)
            if len(values["street"]) > limit_of(Lead.street):
                problems.append(Problem("street", f"Shorten this to {limit_of(Lead.street)} characters."))

    def _take_labelled_phones(self, cells: Sequence[str], values: Values, problems: list[Problem]) -> None:
        for step in self.phones:
            label = cells[self.mapping.phone_labels[step.columns[0]]].casefold()
            name = "mobile" if "mobile" in label or "cell" in label else "phone"
            if name not in values and "fax" not in label and "pager" not in label:
                self._take([step.named(name)], cells, values, problems)
            elif cells[step.columns[0]].strip():
                self._pass_over(step.columns[0], cells[step.columns[0]])

    def _split_amount(self, values: Values) -> None:
        if "amount" in values:
            values["amount"], sign = values["amount"]
            currency = sign or values.get("currency") or self.heading_currency
            values["currency"] = currency or self.rules.currency
            self.without_currency += currency is None

    def _name(self, values: Values, cells: Sequence[str]) -> None:
        """A whole name is taken apart only where its parts are not given; a single name is a last name."""
        self.is_company = values.pop("is_company", False)
        if self.is_company:
            self._name_company(values)
        whole = values.pop("full_name", None)
        if whole and not (values.get("first_name") or values.get("last_name")):
            values["first_name"], values["last_name"] = split_name(whole)
        elif whole:
            completed = complete_name(values.get("first_name"), values.get("last_name"), whole)
            if completed is None:
                self._pass_over(self.mapping.columns["full_name"][0], whole)
            values |= completed or {}
        if values.get("first_name") and not any(values.get(name) for name in ("last_name", "company", "email")):
            values["last_name"] = values.pop("first_name")
        if values.get("deal_name") and "company" not in values:
            self._name_deal(values, values["deal_name"])

    def _name_company(self, values: Values) -> None:
        """In a list of people and companies the name of a company stands where those of people do, unless it has a
        column of its own beside the parts of a person’s name.
        """
        whole = values.pop("full_name", None)
        if not whole and values.get("company"):
            return
        parts = [values.pop(name, None) for name in ("first_name", "last_name")]
        name = whole or " ".join(filter(None, parts))
        if name and values.get("company") not in (None, name):
            self._pass_over(self.mapping.columns["company"][0], values["company"])
        values["company"] = name or values.get("company")

    def _name_deal(self, values: Values, name: str) -> None:
        """“Long Group - New business”: some name a deal after its company, but only a known customer tells so."""
        company, dash, _ = name.partition(" - ")
        values["deal_company"] = company.strip() or None if dash else None
        if not values.get("last_name"):
            values["last_name"], values["is_named_by_deal"] = name, True

    def _describe(self, values: Values, cells: Sequence[str]) -> None:
        """The name of a deal and its product have no field of their own and lead the description."""
        if "deal_name" in values:
            values["deal_title"] = values["deal_name"]
        lines = [
            f"{self.mapping.name(self.mapping.columns[name][0])}: {text}"
            for name in ("deal_name", "product")
            if (text := values.pop(name, None))
        ]
        if lines:
            values["description"] = "\n".join(
                lines + ([f"\n{values['description']}"] if "description" in values else [])
            )

    def _set_status(self, values: Values, cells: Sequence[str], problems: list[Problem]) -> None:
        found = self._find_status(values, cells, problems)
        values["has_status"], values["status"] = found is not None, found or LeadStatus.NEW
        reason = values.pop("lost_reason", None)
        note = values.pop("lost_note", None)
        if (reason or note) and values["status"].kind is not StatusKind.LOST:
            name = "lost_reason" if reason else "lost_note"
            for column in self.mapping.columns[name]:
                text = "Left out, because only a lost lead has a reason for it."
                self.warnings.append(Problem(self.mapping.name(column), text, cells[column].strip()))
        if values["status"].kind is StatusKind.LOST:
            reason = reason or (LostReason.OTHER, note) if note else reason or (LostReason.NOT_RECORDED, None)
            values["lost_reason"], values["lost_note"] = reason[0], note or reason[1]

    def _find_status(self, values: Values, cells: Sequence[str], problems: list[Problem]) -> LeadStatus | None:
        is_open = False
        for column in self.mapping.columns.get("status", ()):
            text = cells[column].strip()
            word = squash(text)
            if not word or text.casefold() in PLACEHOLDERS:
                continue
            if word in self.words:
                self._pass_over_statuses(column, self.words[word], cells)
                return self.words[word]
            if word not in OPEN_WORDS:
                reason = f"This status is not known. Say what it means: --status '{text[:60]}=qualified'"
                problems.append(Problem(self.mapping.name(column), reason, text))
                return None
            is_open = True
        won, lost = values.pop("is_won", None), values.get("lost_at")
        if won or (not is_open and won is None and values.get("won_at")):
            return LeadStatus.WON
        return LeadStatus.LOST if lost and not is_open and won is None else None

    def _pass_over_statuses(self, taken: int, status: LeadStatus, cells: Sequence[str]) -> None:
        columns = self.mapping.columns["status"]
        for column in columns[columns.index(taken) + 1 :]:
            word = squash(cells[column])
            if word and cells[column].strip().casefold() not in PLACEHOLDERS and self.words.get(word) is not status:
                self._pass_over(column, cells[column])

    def _set_dates(self, values: Values, problems: list[Problem]) -> None:
        won, lost = values.pop("won_at", None), values.pop("lost_at", None)
        close, expected = values.pop("close_date", None), values.pop("expected_close_on", None)
        created = values.get("created_at")
        if values["status"].kind is StatusKind.OPEN:
            expected = expected or close or won
            values["expected_close_on"] = expected.date() if expected else None
        else:
            closed = (won if values["status"] is LeadStatus.WON else lost) or close
            # What is closed can't close later: a date to come is the one that was expected.
            values["closed_at"] = min(closed, self.rules.now) if closed else self._find_closing_day(expected)
            values["expected_close_on"] = expected.date() if expected else None
        if values.get("closed_at") and created and values["closed_at"].date() < created.date():
            self.warnings.append(Problem("", f"It closed before it was created, on {values['closed_at']:%Y-%m-%d}."))
        for name in ("created_at", "updated_at"):
            self._cap(name, values, problems)

    def _find_closing_day(self, expected: datetime | None) -> datetime | None:
        """The day on which a closed lead was expected to close, if that is over; else it closes with the import."""
        is_over = expected is not None and expected <= self.rules.now
        self.closing_days["expected" if is_over else "now"] += 1
        return expected if is_over else None

    def _cap(self, name: str, values: Values, problems: list[Problem]) -> None:
        """Nothing happened later than now, but clocks and time zones differ."""
        moment = values.get(name)
        if moment and moment > self.rules.now:
            values[name] = self.rules.now
            if moment > self.rules.now + timedelta(days=1):
                column = self.mapping.columns[name][0]
                problems.append(Problem(self.mapping.name(column), "This date is in the future.", f"{moment:%Y-%m-%d}"))

    def _set_id(self, values: Values, cells: Sequence[str]) -> None:
        is_own = "external_id" not in values
        if is_own:
            digest = hashlib.blake2b("\x1f".join(cells).encode("utf-8", "surrogatepass"), digest_size=16)
            values["external_system"], values["external_id"] = OWN_SYSTEM, digest.hexdigest()
        else:
            values["external_system"] = self.mapping.system

    def _identify(self, values: Values, cells: Sequence[str]) -> None:
        self._set_id(values, cells)
        values["closes"] = values["status"].kind is not StatusKind.OPEN
        # One person can have several deals, so there only the id tells; in a list of people each is there once.
        values["by_person"] = self.mapping.kind is not Kind.DEAL and "deal_name" not in self.mapping.columns

    def _check_name(self, values: Values, cells: Sequence[str], problems: list[Problem]) -> None:
        named = any((values.get(name) or "").strip() for name in ("last_name", "company", "email"))
        if not named and values["external_system"] == OWN_SYSTEM and not problems:
            reason = TOTALS if are_figures(cells) else "Enter a last name, company or email. The row has none."
            problems.append(Problem("", reason))
        if values["status"] is LeadStatus.WON and not (values.get("company") or "").strip():
            name = f"{values.get('first_name') or ''} {values.get('last_name') or ''}"
            if len(name) > limit_of(Customer.name):
                problems.append(Problem("", f"Shorten the name to {limit_of(Customer.name)} characters in all."))


def _split_phones(values: Values) -> None:
    for name in ("phone", "mobile"):
        if name in values:
            values[name], values[f"{name}_e164"] = values[name]
