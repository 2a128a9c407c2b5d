"""Keeps uploaded files that belong together, until the worker imports them."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import select

from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.recognition import Kind, is_known
from crm_web.imports.stored.files import store_file
from crm_web.imports.stored.operations import BEFORE_IMPORT, OF_ONE_FILE, OF_SET, go_back, lock_import
from crm_web.imports.stored.preview import describe, is_small, map_columns
from crm_web.imports.tables import FileUnreadable, Table, open_table
from crm_web.imports.targets import Target, detect_in_set, detect_target, map_for
from crm_web.imports.users import are_users, read_users
from crm_web.models import Employee, Import, limit_of

ONLY_USERS = "This is a list of users. Send it together with the files whose owners it names."


@dataclass(frozen=True)
class Upload:
    """An uploaded file that was read through.

    :param options: what is kept with it, but for what its rows become
    :param mapping: its columns; ``None`` if they can't be told
    :param problem: what is wrong with it
    """

    stream: BinaryIO
    filename: str
    size: int
    header_hash: bytes
    options: dict[str, Any]
    mapping: ColumnMapping | None
    problem: DomainError | None

    @property
    def kind(self) -> Kind:
        """What its rows seem to be."""
        return self.mapping.kind if self.mapping else Kind.PERSON


def create_set(
    files: Sequence[tuple[BinaryIO, str]],
    *,
    region: str,
    currency: str,
    by: Employee,
    creates_owners: bool = False,
    joins: Import | None = None,
) -> Import:
    """Keep uploaded files that belong together: they are checked, imported and undone as one. Nothing is imported yet.

    :param files: the bytes of each, from which one can read again, and its name as the browser says
    :param region: the country to begin with, for dates and phone numbers
    :param currency: the currency to begin with
    :param creates_owners: whether unknown owners become employees, to begin with
    :param joins: the import that they are added to; ``None`` for one of their own
    :return: the first of them
    :raise FileUnreadable: if one is no file of rows with a header
    :raise ImportBusy: if the worker is at the import that they join
    :raise ImportClosed: if that is imported already
    """
    earlier = lock_import(joins, *BEFORE_IMPORT) if joins else []
    options = {"region": region, "currency": currency, "creates_owners": creates_owners}
    options |= {name: value for record in earlier for name, value in record.options.items() if name in OF_SET}
    uploads, users = _read_uploads(files, options, (earlier[0].options.get("users") or {}) if earlier else {})
    if not earlier and not uploads:
        raise FileUnreadable(f"{tidy_filename(files[0][1])}: {ONLY_USERS}", "file")
    # The release before did not keep the kind.
    kinds = {Kind(record.options.get("kind", Kind.PERSON)) for record in earlier} | {each.kind for each in uploads}
    is_set = len(earlier) + len(uploads) > 1
    records = earlier + [_keep_upload(each, kinds if is_set else (), by) for each in uploads]
    first = min(records, key=lambda record: record.id)
    for record in records:
        record.set_id = None if record is first else first.id
        record.options = record.options | {"is_set": is_set} | users
    go_back(records)
    db.session.flush()
    return first


def _read_uploads(
    files: Sequence[tuple[BinaryIO, str]], options: Mapping[str, Any], users: Mapping[str, Any]
) -> tuple[list[Upload], dict[str, Any]]:
    """Read the files, and from those of users, which are not kept, who the owners in the others are.

    :param users: the files of users that came before, and who is in them
    :return: the others, and what is kept with each of them
    """
    uploads, people, names = [], dict(users.get("people", {})), list(users.get("files", ()))
    for stream, sent_name in files:
        filename, size = tidy_filename(sent_name), stream.seek(0, 2)
        csv = _open(stream, filename)
        if are_users(csv.header):
            if found := read_users(csv):
                people |= found
                names.append(filename)
                continue
            # Its rows are used up.
            csv = _open(stream, filename)
        uploads.append(_read_upload(csv, stream, filename, size, options))
    return uploads, {"users": {"files": names, "people": people}} if people else {}


def _open(stream: BinaryIO, filename: str) -> Table:
    try:
        csv = open_table(stream, knows=is_known)
        if not csv.sample:
            raise FileUnreadable("The file has a header, but no rows below it.")
    except FileUnreadable as error:
        raise FileUnreadable(f"{filename}: {error.message}", "file") from error
    return csv


def _read_upload(csv: Table, stream: BinaryIO, filename: str, size: int, options: Mapping[str, Any]) -> Upload:
    """Find out how a file is written and what its columns are, by reading it once."""
    header_hash = _hash_header(csv.header)
    options = {**options, **_find_earlier_choice(header_hash)}
    options |= {"encoding": csv.encoding, "delimiter": csv.delimiter, "question": csv.question}
    if csv.sheet is not None:
        options |= {"sheet": csv.sheet, "sheets": csv.sheets}
    mapping, problem = map_columns(csv, options, is_whole=is_small(size))
    return Upload(stream, filename, size, header_hash, options, mapping, problem)


def _keep_upload(upload: Upload, kinds: Collection[Kind], by: Employee) -> Import:
    """Store a file.

    :param kinds: those of all files that belong together; none for a single one
    """
    mapping, options = upload.mapping, upload.options
    if "target" not in options:
        target = detect_target(mapping) if mapping else Target.LEADS
        target = detect_in_set(upload.kind, upload.filename, kinds, target) if kinds else target
        options["target"], mapping = target, map_for(target, mapping) if mapping else None
    options |= describe(mapping, upload.problem, is_whole=is_small(upload.size)) | {"kind": upload.kind}
    record = Import(
        filename=upload.filename,
        size=upload.size,
        options=options,
        header_hash=upload.header_hash,
        made_by_id=by.id,
    )
    db.session.add(record)
    db.session.flush()
    store_file(record.id, upload.stream)
    return record


def tidy_filename(filename: str) -> str:
    """Leave out of a file's name what can't be shown, and of a very long one the beginning."""
    shown = "".join(sign for sign in filename.replace("\\", "/").rpartition("/")[2] if sign.isprintable())
    return shown.strip()[-limit_of(Import.filename) :] or "file"


def _hash_header(header: Sequence[str]) -> bytes:
    return hashlib.sha256("\x1f".join(header).encode("utf-8", "replace")).digest()


def _find_earlier_choice(header_hash: bytes) -> dict[str, Any]:
    """What was said about the latest imported file with the same headings."""
    earlier = select(Import.options).where(Import.header_hash == header_hash, Import.imported_at.is_not(None))
    options: Mapping[str, Any] = db.session.scalar(earlier.order_by(Import.id.desc()).limit(1)) or {}
    kept = {name: value for name, value in options.items() if name not in OF_ONE_FILE}
    return kept | {"is_remembered": True} if kept else {}
