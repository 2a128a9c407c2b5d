"""Queries for files."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.models import Customer, File, FileChunk, Lead

LeadOrCustomer = TypeVar("LeadOrCustomer", Lead, Customer)
MOST = 200
"""How many files of a record are listed."""


def list_files(*, lead_id: int | None = None, customer_id: int | None = None) -> Sequence[File]:
    """List the files of a lead or customer, newest first, without those that were removed."""
    mine = File.customer_id == customer_id if lead_id is None else File.lead_id == lead_id
    query = select(File).where(mine, File.deleted_at.is_(None)).options(joinedload(File.created_by))
    return db.session.scalars(query.order_by(File.created_at.desc(), File.id.desc()).limit(MOST)).all()


def get_file(file_id: int) -> File | None:
    """Find a file, removed or not, with its lead or customer and the owner of it."""
    loaded = (joinedload(File.lead).joinedload(Lead.owner), joinedload(File.customer).joinedload(Customer.owner))
    return db.session.scalar(select(File).where(File.id == file_id).options(*loaded))


def get_record(kind: type[LeadOrCustomer], record_id: int) -> LeadOrCustomer | None:
    """Find the lead or customer that files are on, in the trash or not."""
    return db.session.get(kind, record_id)


def read_content(file_id: int) -> Iterator[bytes]:
    """Read what a file holds, a piece at a time."""
    number = 0
    while (piece := _read_piece(file_id, number)) is not None:
        yield piece
        number += 1


def _read_piece(file_id: int, number: int) -> bytes | None:
    query = select(FileChunk.content).where(FileChunk.file_id == file_id, FileChunk.number == number)
    return db.session.scalar(query)
