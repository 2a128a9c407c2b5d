"""Parses a row of a file of activities; what has no field of its own ends the text, so that nothing is lost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm_web.imports.activity_words import DONE, KINDS, NAMES_OF_ANYTHING, NOT_DONE, OUTCOMES, PRIORITIES
from crm_web.imports.dates import read_moment
from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.names import split_name
from crm_web.imports.rows import Problem, RowReader, RowRefused, Rules, Values
from crm_web.imports.steps import Step
from crm_web.imports.vocabulary import UNKNOWNS, squash
from crm_web.models import Activity, ActivityKind, limit_of
from crm_web.records.parsing import read_email, read_text

STAGED = (
    *("activity_kind", "subject", "happened_at", "due_on", "done_at", "call_outcome", "priority", "deal_ref"),
    "names_deal",
)
"""What is staged of an activity beyond what a lead has; its text is the description."""
_NAMED = ("email", "full_name", "deal_name")
"""Whom it is about stands in the text too: the record that it is found by may be that person’s company."""


class ActivityReader(RowReader):
    """Reads the rows of one file of activities."""

    def __init__(self, mapping: ColumnMapping, rules: Rules) -> None:
        super().__init__(mapping, rules)
        self.fallback = _kind_of_columns(mapping)
        limit = limit_of(Activity.subject)
        readers: dict[str, Any] = {
            "subject": lambda text: read_text(" ".join(text.split()), limit),
            "deal_ref": self._read_reference,
            "email": read_email,
        }
        for name in ("happened_at", "due_on", "done_at"):
            is_day_first = not mapping.day_first.isdisjoint(mapping.columns.get(name, ()))
            readers[name] = lambda text, is_day_first=is_day_first: read_moment(text, is_day_first)
        self.steps = [step for step in self.steps if step.name not in readers]
        named = [name for name in readers if name in mapping.columns]
        self.steps += [Step(name, mapping.columns[name], UNKNOWNS, readers[name]) for name in named]

    def read(self, cells: Sequence[str]) -> Values:
        """Read one row.

        :return: the staged columns to their values
        :raise RowRefused: with everything that has to be mended
        """
        self._check_row(cells)
        problems: list[Problem] = []
        values: Values = {}
        self._take_all(cells, values, problems)
        lines = [f"{self.mapping.name(place)}: {text}" for name in _NAMED for place, text in self._cells(cells, name)]
        self._set_kind(values, cells, lines)
        self._set_done(values, cells, lines)
        self._set_words(values, cells, lines)
        if values.get("full_name"):
            values["first_name"], values["last_name"] = split_name(values.pop("full_name"))
        # What an activity is related to may be called a deal, and be a company.
        deal = values["deal_title"] = values.pop("deal_name", None)
        values["names_deal"] = squash(self.mapping.name_of("deal_name")) not in NAMES_OF_ANYTHING
        values["company"] = values.get("company") or deal
        self._cap_all(values, problems)
        self._write_text(values, lines, problems)
        self._set_id(values, cells)
        if problems:
            raise RowRefused(problems)
        return values

    def _cells(self, cells: Sequence[str], name: str) -> list[tuple[int, str]]:
        places = self.mapping.columns.get(name, ())
        return [(place, cells[place].strip()) for place in places if cells[place].strip().casefold() not in UNKNOWNS]

    def _set_kind(self, values: Values, cells: Sequence[str], lines: list[str]) -> None:
        found = self._cells(cells, "activity_kind")
        kind = next((KINDS[squash(text)] for _, text in found if squash(text) in KINDS), None)
        lines += [f"{self.mapping.name(place)}: {text}" for place, text in found if squash(text) not in KINDS]
        values["activity_kind"] = kind or self.fallback
        values["subject"] = values.get("subject") or values["activity_kind"].label

    def _set_done(self, values: Values, cells: Sequence[str], lines: list[str]) -> None:
        """Only a task is open or done, and only a task is due."""
        words = [(place, text, squash(text)) for place, text in self._cells(cells, "is_done")]
        is_task = values["activity_kind"] is ActivityKind.TASK
        lines += [f"{self.mapping.name(place)}: {text}" for place, text, word in words if word not in DONE | NOT_DONE]
        happened, due, done = (values.get(name) for name in ("happened_at", "due_on", "done_at"))
        if not is_task:
            values["happened_at"] = happened or due or done or values.get("created_at")
            values["due_on"] = values["done_at"] = None
            return
        due = due or happened
        is_done = any(word in DONE for _, _, word in words) or done is not None
        values["due_on"] = due.date() if due else None
        values["happened_at"] = values.get("created_at") or done or happened or due
        values["done_at"] = (done or due or values["happened_at"] or self.rules.now) if is_done else None

    def _set_words(self, values: Values, cells: Sequence[str], lines: list[str]) -> None:
        """Words that mean nothing here, or nothing for this kind, stay in the text."""
        for name, words, kind in (
            ("call_outcome", OUTCOMES, ActivityKind.CALL),
            ("priority", PRIORITIES, ActivityKind.TASK),
        ):
            for place, text in self._cells(cells, name):
                word = squash(text)
                if word in words and values["activity_kind"] is kind:
                    values[name] = words[word]
                elif words.get(word, text) is not None:
                    lines.append(f"{self.mapping.name(place)}: {text}")
        lines += [f"{self.mapping.name(place)}: {text}" for place, text in self._cells(cells, "further")]

    def _cap_all(self, values: Values, problems: list[Problem]) -> None:
        """What is done was done by now; a call or meeting can be planned."""
        self._cap("created_at", values, problems)
        if values.get("done_at"):
            values["done_at"] = min(values["done_at"], self.rules.now)
        if values["activity_kind"] is ActivityKind.TASK and isinstance(values["happened_at"], datetime):
            values["happened_at"] = min(values["happened_at"], self.rules.now)

    def _write_text(self, values: Values, lines: list[str], problems: list[Problem]) -> None:
        text = "\n\n".join(filter(None, [values.get("description"), "\n".join(lines)]))
        values["description"] = text or None
        if len(text) > limit_of(Activity.body):
            problems.append(Problem("", f"Shorten the text to {limit_of(Activity.body):,} characters in all."))


def _kind_of_columns(mapping: ColumnMapping) -> ActivityKind:
    """What a file without a column of types is about."""
    keys = {squash(name) for name in mapping.header}
    if keys & {"callid", "callstarttime", "callowner", "direction", "calldirection"}:
        return ActivityKind.CALL
    if keys & {"durationhours", "durationminutes"}:
        return ActivityKind.MEETING
    if mapping.columns.keys() & {"due_on", "priority", "is_done"}:
        return ActivityKind.TASK
    is_planned = any(key.startswith(("start", "meeting", "event", "from")) for key in keys)
    return ActivityKind.MEETING if is_planned else ActivityKind.NOTE
