"""What people do with files: import rows that are new, known or to be refused, and take an import back later."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from crm_web.auth.permissions import Action
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.imports.operations import Existing
from crm_web.imports.stored import operations as imports
from crm_web.imports.stored.running import ImportRunner
from crm_web.imports.stored.uploads import create_set
from crm_web.imports.targets import Target
from crm_web.models import Import
from tests.stateful.company import Row, StepResult
from tests.stateful.machine import NUMBERS, SIGNED, CompanyMachine
from tests.stateful.merging import ERASED, MOVED, Snapshot
from tests.stateful.typed import DERIVED

_PERSON = {
    "First Name": ("", "Zoe"),
    "Last Name": ("Okoro", "Lund", ""),
    "Email": ("", "zoe@nordlys.example", "new@nordlys.example", "no email"),
    "Phone": ("", "+44 20 7946 0958"),
}
COLUMNS: dict[Target, dict[str, tuple[str, ...]]] = {
    Target.LEADS: {
        "Lead ID": ("", "1", "2"),
        **_PERSON,
        "Company": ("", "Nordlys", "nordlys as", "Solvang Ltd"),
        "Status": ("New", "Contacted", "Won", "Lost"),
    },
    Target.CUSTOMERS: {
        "Account ID": ("", "1", "2"),
        "Account Name": ("Nordlys", "nordlys as", "Lund & Co", "Solvang Ltd", ""),
        "Account Type": ("Customer", "Former"),
        "Email": _PERSON["Email"],
        "Website": ("", "www.nordlys.example"),
    },
    Target.CONTACTS: {"Contact ID": ("", "1", "2"), **_PERSON, "Account Name": ("", "Nordlys AS", "Lund & Co")},
}
"""The columns of each kind of file, and what stands in them; some of it is refused."""
NEWCOMERS: dict[Target, dict[str, str]] = {
    Target.LEADS: {"Last Name": "Solvang", "Company": "Solvang {} Ltd", "Status": "Won"},
    Target.CUSTOMERS: {"Account Name": "Solvang {} Ltd", "Account Type": "Customer"},
}
OF_RECORDS = {
    "First Name": "first_name",
    "Last Name": "last_name",
    "Company": "company",
    "Account Name": "name",
    "Email": "email",
    "Phone": "phone",
}
MADE = {"created", "updated", "filled"}
FOLLOWING = SIGNED | DERIVED | {"status_changed_at"}


def rows_for(kind: Target) -> st.SearchStrategy[list[Row]]:
    """The rows of a small file."""
    columns = {name: st.sampled_from(values) for name, values in COLUMNS[kind].items()}
    return st.lists(st.fixed_dictionaries(columns), min_size=1, max_size=3)


def write_csv(rows: list[Row]) -> io.BytesIO:
    """The file with these rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode())


class Importing(CompanyMachine):
    """The rules about imports."""

    # Seldom: it takes as long as ten other steps.
    @precondition(lambda self: self.company.steps % 2)
    @rule(
        who=NUMBERS,
        kind=st.sampled_from((Target.LEADS, *COLUMNS)),
        known=NUMBERS,
        existing=st.sampled_from((Existing.UPDATE, *Existing)),
        undoes=st.sampled_from((True, True, False)),
        data=st.data(),
    )
    def import_file(
        self, who: int, kind: Target, known: int, existing: Existing, undoes: bool, data: st.DataObject
    ) -> None:
        rows = self._take_known(data.draw(rows_for(kind)), kind, known)
        if newcomer := NEWCOMERS.get(kind):
            # So that each import of them makes a company, and its undo has one to take back.
            new = {name: value.format(self.company.steps) for name, value in newcomer.items()}
            rows.append(dict.fromkeys(rows[0], "") | new)
        values = {"target": kind, "existing": existing}

        def upload(by: Any, _: Any) -> int:
            record = create_set([(write_csv(rows), "file.csv")], region="NO", currency="EUR", by=by)
            imports.change_options(record, values, by=by)
            imports.request_check(record)
            return record.id

        by = self.company.pick_person(who, Action.IMPORT)
        answer = self.company.act(by, upload, page="/imports/new", action=Action.IMPORT, refusals=(DomainError,))
        self.remember("upload import", by, answer)
        if answer.is_done and self._check_rehearsal(answer.result, len(rows)):
            self._import(answer.result, by)
            if undoes:
                self._undo(answer.result, who)

    def _take_known(self, rows: list[Row], kind: Target, number: int | None) -> list[Row]:
        """Let the first row be about a record that is here, or was."""
        ref = self.pick(kind.value[:-1], number)
        here = self.row(ref) if ref else {}
        # An email and a name are enough to know somebody by; the rest may be new.
        known = ("First Name", "Last Name", "Email") if here.get("email") and here.get("last_name") else OF_RECORDS
        typed = {name: here[OF_RECORDS[name]] or "" for name in known if name in rows[0] and OF_RECORDS[name] in here}
        return [rows[0] | typed, *rows[1:]]

    def _check_rehearsal(self, import_id: int, count: int) -> bool:
        """A rehearsal changes nothing, and tells what would become of each row."""
        self.company.work(ImportRunner().run)
        assert self.company.now == self.company.before, self.company.list_changed()
        (state, report, problem), results = self._read_import(import_id)
        assert state == "checked" or (state, report) == ("draft", None) and problem, (state, problem)
        if state == "checked":
            assert len(results) == report["read"] == count
        return bool(state == "checked")

    def _import(self, import_id: int, made_by: int) -> None:
        self._ask_worker("start import", import_id, made_by, "import", lambda _, record: imports.request_import(record))
        self.company.work(ImportRunner().run)
        (state, report, problem), results = self._read_import(import_id)
        assert state == "imported", problem
        self.imports[import_id] = (self.company.before, self.company.now)
        self.remember("import", made_by, StepResult("done"))
        for outcome in ("created", "updated", "filled", "same", "refused"):
            assert report[outcome] == len([row for row in results.values() if row["outcome"] == outcome])
        self._check_imported({("leads", row["lead_id"]) for row in results.values() if row["outcome"] in MADE})

    def _check_imported(self, leads: set[tuple[str, int]]) -> None:
        """Only leads that a row is said to be about were touched, none that is in the trash, and nobody erased."""
        changed = self.company.list_changed()
        assert {place for place in changed if place[0] == "leads"} <= leads, changed
        for table, row_id in changed:
            was = self.company.before[table].get(row_id)
            assert was is None or not was.get("deleted_at"), (table, row_id)
        self._check_erased_stay_so()

    def _check_erased_stay_so(self) -> None:
        for (table, row_id), columns in self.company.list_changed().items():
            if (table[:-1], row_id) in self.erased:
                assert not columns & ERASED[table], (table, row_id, columns)

    @precondition(lambda self: self.imports)
    @rule(number=NUMBERS, who=NUMBERS)
    def undo_import(self, number: int, who: int) -> None:
        self._undo(sorted(self.imports)[number % len(self.imports)], who)

    def _undo(self, import_id: int, who: int) -> None:
        (was, *_), _ = self._read_import(import_id)
        by = self.company.pick_person(who, Action.IMPORT)
        answer = self._ask_worker(
            "undo import", import_id, by, "undo", lambda by, record: imports.request_undo(record, by=by)
        )
        if answer.is_done and was == "imported":
            self.company.work(ImportRunner().run)
            self._check_taken_back(import_id)
        else:
            assert self.company.now == self.company.before

    def _ask_worker(self, what: str, import_id: int, by: int, button: str, operation: Any) -> StepResult:
        """Ask the worker for something."""
        answer = self.company.act(
            by,
            lambda by, _: operation(by, db.session.get_one(Import, import_id)),
            page=f"/imports/{import_id}/{button}",
            action=Action.IMPORT,
            refusals=(DomainError,),
        )
        self.remember(what, by, answer)
        return answer

    def _read_import(self, import_id: int) -> tuple[tuple[Any, ...], dict[int, Row]]:
        """State, report and problem of an import, and what became of each row, by its line."""
        with self.company.connection.cursor() as cursor:
            cursor.execute("SELECT state, report, problem FROM imports WHERE id = %s", (import_id,))
            (found,) = cursor.fetchall()
            cursor.execute("SELECT line, to_json(r) FROM import_results r WHERE import_id = %s", (import_id,))
            return found, dict(cursor.fetchall())

    def _check_taken_back(self, import_id: int) -> None:
        """What the import made is in the trash, and what it changed is as before, or its row says what was left."""
        (state, _, problem), results = self._read_import(import_id)
        assert state == "undone", problem
        first, imported = self.imports[import_id]
        left = {
            (f"{kind}s", row[f"{kind}_id"])
            for row in results.values()
            if row["undo_outcome"] == "left"
            for kind in ("lead", "customer", "contact")
        }
        # The people who came with a company that is left are, too.
        left |= {
            ("contacts", contact["id"])
            for contact in self.company.now["contacts"].values()
            if ("customers", contact["customer_id"]) in left
        }
        stays = [place for place in self._list_left(first, imported) if place[:2] not in left]
        assert not stays, (stays, left)
        untouched = list(self._list_untouched(first, imported))
        assert not untouched, untouched
        self._check_erased_stay_so()

    def _list_untouched(self, first: Snapshot, imported: Snapshot) -> Iterator[tuple[str, int]]:
        """What the import made, nobody touched or used since, and is there all the same, whatever its row says."""
        was, has = self.company.before, self.company.now
        for table in ("leads", "customers", "contacts"):
            for row_id in imported[table].keys() - first[table].keys():
                here = has[table].get(row_id)
                if here and not here["deleted_at"] and self._is_new(table, row_id, first, imported, was):
                    row = {"table": table, "id": row_id, "customer_id": here.get("customer_id")}
                    if not self._is_used(row, first, imported):
                        yield table, row_id

    def _is_new(self, table: str, row_id: int, first: Snapshot, imported: Snapshot, was: Snapshot) -> bool:
        """Whether the import made it, and nobody has changed it since."""
        versions = [shot[table].get(row_id, {}).get("version") for shot in (imported, was)]
        return row_id not in first[table] and None not in versions and versions[0] == versions[1]

    def _is_used(self, row: Row, first: Snapshot, imported: Snapshot) -> bool:
        if row["table"] == "contacts":
            # With a company that stays, its people do.
            return row["customer_id"] in imported["customers"].keys() - first["customers"].keys()
        column, was = f"{row['table'][:-1]}_id", self.company.before
        uses = [("activities", column)]
        if row["table"] == "customers":
            uses += [("leads", column), ("contacts", column), ("customers", "parent_id")]
        return any(
            not user.get("deleted_at")
            and (table in ("activities", "leads") or not self._is_new(table, user["id"], first, imported, was))
            for table, name in uses
            for user in self.company.rows(table, **{name: row["id"]})
        )

    def _list_left(self, first: Snapshot, imported: Snapshot) -> list[tuple[str, int, str]]:
        """What still has what the import gave it."""
        has, was = self.company.now, self.company.before
        return [
            (table, row_id, column)
            for table in MOVED
            for row_id, row in imported[table].items()
            if row != first[table].get(row_id) and row_id in has[table] and row_id in was[table]
            for column, value in row.items()
            if column not in FOLLOWING
            and (row_id not in first[table] or value != first[table][row_id][column])
            and value == was[table][row_id][column] == has[table][row_id][column]
            and not has[table][row_id].get("deleted_at")
            and not has[table][row_id].get("undone_at")
            # A lead in the trash is still won.
            and not (table == "conversions" and has["leads"][row["lead_id"]]["deleted_at"])
        ]
