"""What people do with records that are the same person: merge them, undo that, and erase the person."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from crm_web.auth.permissions import Action
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.merging.fields import FIELDS
from crm_web.merging.operations import merge_records, undo_merge
from crm_web.models import Employee, RecordKind, RecordMerge
from crm_web.privacy.operations import erase_person, request_erasure
from tests.stateful.company import Ref, Row
from tests.stateful.machine import NUMBERS, SIGNED, CompanyMachine
from tests.stateful.typed import DERIVED

Snapshot = dict[str, dict[int, Row]]
KINDS = (*RecordKind, RecordKind.CUSTOMER, RecordKind.CUSTOMER)
MOVED = ("leads", "customers", "contacts", "activities", "conversions")
PERSONAL = {
    *("first_name", "last_name", "salutation", "job_title", "email", "phone", "mobile", "website", "description"),
    *("street", "city", "state", "postal_code", "next_step", "lost_note", "external_id", "external_system"),
}
ERASED: dict[str, set[str]] = {
    "leads": PERSONAL | {"company"},
    "customers": {
        *("name", "email", "phone", "website", "description", "vat_number", "registration_number"),
        *(f"{use}_{part}" for use in ("billing", "shipping") for part in ("street", "city", "state", "postal_code")),
    },
    "contacts": PERSONAL,
    "activities": {"subject", "body"},
    "conversions": {"filled", "before"},
}
"""What may go when a person is erased; all else has to stay."""
EXCUSES = {
    "no longer the primary contact": ["is_primary"],
    "no possible number": ["phone", "mobile"],
    "deleted permanently": ["lead_id", "customer_id", "parent_id", "merged_into_id"],
}
"""Why the undo of a merge may leave something that nobody changed since."""
NAMES = {"leads": "last_name", "customers": "name", "contacts": "last_name"}


class Merging(CompanyMachine):
    """The rules about merges and erasures."""

    @rule(who=NUMBERS, kind=st.sampled_from(KINDS), number=NUMBERS, count=st.integers(2, 4), undoes=st.booleans())
    def merge(self, who: int, kind: RecordKind, number: int, count: int, undoes: bool) -> None:
        rows = [row for row in self.company.rows(f"{kind}s") if number % 8 == 0 or not row["deleted_at"]]
        places = sorted({(number // 8 + place) % max(len(rows), 1) for place in range(count)})
        refs: list[Ref] = [(kind.value, row["id"]) for place, row in enumerate(rows) if place in places]
        if len(refs) < 2:
            return
        if number & 1:
            refs.reverse()
        if kind is not RecordKind.CONTACT:
            # So that there is something to move, and to move back.
            self.note_on(who, refs[1])
        were_gone = [self.row(ref)["deleted_at"] for ref in refs]
        answer = self.act(
            "merge",
            who,
            lambda by, record: merge_records(kind, [ref[1] for ref in refs], keep=record.id, by=by).id,
            on=refs[0],
            page=f"/{kind.value}s/merge?ids={','.join(str(ref[1]) for ref in refs)}",
            refusals=(DomainError,),
        )
        if answer.is_done:
            assert not any(were_gone)
            self.merges[answer.result] = (self.company.before, self.company.now)
            self._check_all_moved(refs[0], refs[1:])
            self._check_values(refs[0], refs[1:])
            if undoes:
                self._unmerge(who, self.company.now["record_merges"][answer.result])

    def _check_all_moved(self, kept: Ref, others: list[Ref]) -> None:
        """Nothing refers to the others any more but what was undone, and nothing is lost of the one that stays."""
        column, was, has = f"{kept[0]}_id", self.company.before, self.company.now
        ids = {ref[1] for ref in others}
        for ref in others:
            assert self.row(ref)["merged_into_id"] == kept[1]
        for table in MOVED:
            assert was[table].keys() == has[table].keys()
            for row_id, row in was[table].items():
                if row.get(column) in ids and not row.get("undone_at"):
                    assert has[table][row_id][column] == kept[1], (table, row_id)
        assert [row for row in self.company.rows("customers") if row["parent_id"] in ids and kept[0] == "customer"] == [
            row for row in map(self.row, others) if row.get("parent_id") in ids
        ]

    def _check_values(self, kept: Ref, others: list[Ref]) -> None:
        """The one that stays has what it had, and of what it lacked what one of the others had."""
        was = self.company.before[f"{kept[0]}s"]
        for field in FIELDS[RecordKind(kept[0])]:
            had, *theirs = ([was[ref[1]][name] or None for name in field.columns] for ref in (kept, *others))
            said = 1 if field.key == "amount" else None
            possible = [had] if any(had[:said]) else [some for some in theirs if any(some[:said])] or [had]
            assert [self.row(kept)[name] or None for name in field.columns] in possible, field.key

    @precondition(lambda self: self.company.now["record_merges"])
    @rule(who=NUMBERS, number=NUMBERS)
    def unmerge(self, who: int, number: int) -> None:
        merges = self.company.rows("record_merges", undone_at=None) if number % 8 else []
        merges = merges or self.company.rows("record_merges")
        self._unmerge(who, merges[number // 8 % len(merges)])

    def _unmerge(self, who: int, merge: Row) -> None:
        answer = self.act(
            "unmerge",
            who,
            lambda by, _: undo_merge(db.session.get_one(RecordMerge, merge["id"]), by=by).left,
            on=(merge["entity"], merge["kept_id"]),
            page=f"/merges/{merge['id']}/undo",
            refusals=(DomainError,),
        )
        if answer.is_done:
            assert merge["undone_at"] is None
            first, merged = self.merges[merge["id"]]
            stays = [
                (table, row_id, column)
                for table in MOVED
                for row_id, row in self.company.before[table].items()
                for column, value in row.items()
                if column not in SIGNED | DERIVED
                and row_id in merged[table]
                and value == merged[table][row_id][column] != first[table][row_id][column]
                and self.company.now[table][row_id][column] != first[table][row_id][column]
            ]
            excused = {words for words in EXCUSES if any(words in line for line in answer.result)}
            assert not [place for place in stays if not any(place[2] in EXCUSES[words] for words in excused)], stays

    @rule(who=NUMBERS, number=NUMBERS)
    def erase(self, who: int, number: int) -> None:
        # Seldom: whoever is erased has nothing left to go wrong.
        if number % 3 or (ref := self.pick_any(number, *RecordKind)) is None:
            return
        answer = self.act(
            "erase",
            who,
            lambda by, _: _erase(RecordKind(ref[0]), ref[1], by),
            page=f"/privacy/{ref[0]}/{ref[1]}/erase",
            action=Action.PURGE,
        )
        if answer.is_done:
            self._check_erased(answer.result)

    def _check_erased(self, records: dict[str, list[int]]) -> None:
        for kind, ids in records.items():
            table = f"{kind}s"
            for row_id in ids:
                row: Row = self.company.now[table][row_id]
                self.erased[kind, row_id] = row["version"]
                assert row[NAMES[table]] == "Erased"
                kept: dict[str, Any] = {
                    name: row[name]
                    for name in ERASED[table] - {NAMES[table], "company"}
                    if row.get(name) not in (None, "Erased")
                }
                assert kept == {}
        for line in self.company.rows("conversions"):
            assert line["lead_id"] not in records.get("lead", []) or not (
                line["filled"] or "lost_note" in line["before"]
            )
        for (table, row_id), columns in self.company.list_changed().items():
            self.emptied[table.removesuffix("s"), row_id] = self.company.now[table][row_id].get("version", 0)
            assert columns <= ERASED[table] | DERIVED | SIGNED, (table, columns)


def _erase(kind: RecordKind, record_id: int, by: Employee) -> dict[str, list[int]]:
    erasure = request_erasure(kind, record_id, by=by)
    erase_person(erasure)
    return dict(erasure.records)
