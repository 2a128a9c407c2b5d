"""What became of each row, carried from the engine's staging tables into ``import_results``."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from sqlalchemy import delete, update

from crm_web.core.database import raw_cursor
from crm_web.core.extensions import db
from crm_web.imports.outcomes import RowOutcome, list_outcomes
from crm_web.imports.stored.hints import hint_at_pages
from crm_web.models import ImportResult, limit_of

COPY = (
    "COPY import_results (import_id, line, outcome, label, reason, lead_id, customer_id, contact_id, activity_id)"
    " FROM STDIN (FORMAT csv)"
)
IN_MEMORY = 4 * 1024 * 1024
MOST_MENDABLE = 1_000
"""How many refused rows can be mended on the page; the rest goes by the file of refused rows."""
MOST_CELLS = 4_000_000
"""Characters of them."""
FETCHED = 2_000
_NAMES = {
    False: "SELECT line, crm_lead_name(first_name, last_name, company, email) FROM import_rows ORDER BY line",
    True: "SELECT line, subject FROM import_rows ORDER BY line",
}
"""What rows call their records; an activity goes by its subject."""


def forget_results(import_id: int) -> None:
    """Delete the results of an earlier check."""
    gone = delete(ImportResult).where(ImportResult.import_id == import_id)
    db.session.execute(gone.execution_options(synchronize_session=False))


def take_out_results(import_id: int, *, of_activities: bool) -> IO[bytes]:
    """Take out what became of each row, before a rehearsal is rolled back.

    :param of_activities: whether the rows are activities
    :return: a file for ``bring_in_results``
    """
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    writer, limit = csv.writer(text, lineterminator="\n"), limit_of(ImportResult.reason)
    for outcome, name in _with_names(list_outcomes(), _NAMES[of_activities]):
        reason = " ".join(map(hint_at_pages, outcome.reasons))[:limit]
        ids = (outcome.lead_id, outcome.customer_id, outcome.contact_id, outcome.activity_id)
        writer.writerow([import_id, outcome.line, outcome.outcome.value, name, reason, *ids])
    text.detach()
    file.seek(0)
    return file


def _with_names(outcomes: Iterable[RowOutcome], names: str) -> Iterator[tuple[RowOutcome, str | None]]:
    """What each row calls its record; a row that was refused when it was read has no name."""
    with raw_cursor().connection.cursor(name="import_names") as cursor:
        cursor.itersize = FETCHED
        cursor.execute(names)
        named = next(cursor, None)
        for outcome in outcomes:
            while named and named[0] < outcome.line:
                named = next(cursor, None)
            yield outcome, named[1] if named and named[0] == outcome.line else None


def bring_in_results(import_id: int, file: IO[bytes]) -> None:
    """Save what was taken out, in place of what an earlier check found."""
    forget_results(import_id)
    raw_cursor().copy_expert(COPY, file)


def pick_refused_cells(rows: Iterable[list[str]], corrections: dict[int, list[str]]) -> list[tuple[int, list[str]]]:
    """Pick the refused rows that can be mended on the page.

    :param rows: as ``list_refused_rows`` gives them: a header, then line, reason and cells of each
    :return: lines and cells
    """
    picked: list[tuple[int, list[str]]] = []
    size = 0
    for line, _reason, *cells in _first(rows):
        cells = [cell.replace("\x00", "\ufffd") for cell in corrections.get(int(line), cells)]
        size += sum(map(len, cells))
        if size > MOST_CELLS:
            break
        picked.append((int(line), cells))
    return picked


def _first(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        if number > MOST_MENDABLE:
            return
        if number:
            yield row


def save_refused_cells(import_id: int, rows: list[tuple[int, list[str]]]) -> None:
    """Keep the cells of refused rows beside their reasons."""
    if rows:
        keyed = [{"import_id": import_id, "line": line, "cells": cells} for line, cells in rows]
        db.session.execute(update(ImportResult), keyed)
