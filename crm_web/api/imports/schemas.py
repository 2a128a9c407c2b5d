"""What programs send to import a file, and what they get."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import ConfigDict, Field

from crm_web.api.field_types import NOT_BLANK, Country, Currency, RecordId, among
from crm_web.api.schemas import PageOf, PageQuery, Sent
from crm_web.imports.operations import BadValues, Existing
from crm_web.imports.stored.choices import ENCODINGS
from crm_web.imports.targets import Target
from crm_web.models import Import as ImportModel
from crm_web.models import ImportOutcome, ImportState, LeadStatus, UndoOutcome, limit_of
from crm_web.web.schemas import Moment, ResponseModel

Word = Annotated[str, Field(min_length=1, max_length=300, pattern=NOT_BLANK)]
_FIELD = "^[a-z0-9_]{1,50}$"


class NewImportQuery(Sent):
    """What is said of a file that is sent."""

    filename: Annotated[
        str,
        Field(
            min_length=1,
            max_length=limit_of(ImportModel.filename),
            pattern=NOT_BLANK,
            description="Its name, for the list of imports.",
        ),
    ] = "file"
    joins: RecordId | None = Field(
        None, description="The import that this file belongs to. Its files are checked, imported and undone together."
    )


class ImportOptions(Sent):
    """How a file is read, and what becomes of its rows. Only the fields you send change; the rest is detected."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"target": "leads", "existing": "update", "columns": {"last_name": ["Surname"]}}]
        }
    )

    target: Target = Field(default_factory=lambda: Target.LEADS, description="What the rows become.")
    existing: Existing = Field(
        default_factory=lambda: Existing.FILL,
        description="What to do with existing records: fill their empty fields, update them or leave them as they are.",
    )
    bad_values: BadValues = Field(
        default_factory=lambda: BadValues.REFUSE,
        description="Whether an optional value that can’t be read refuses its row or is left out.",
    )
    columns: dict[Annotated[str, Field(pattern=_FIELD)], Annotated[list[Word], Field(max_length=20)]] = Field(
        default_factory=dict,
        max_length=60,
        description="For each field, the headings of its columns; an empty list leaves the field out. Fields that are "
        "not named are detected.",
    )
    statuses: dict[Word, LeadStatus] = Field(
        default_factory=dict, max_length=100, description="For words of the file, the status that each means."
    )
    words: dict[Annotated[str, Field(pattern="^(owner|source|currency)$")], dict[Word, Word]] = Field(
        default_factory=dict,
        max_length=3,
        description="For words of the file, the email or name of the owner, the source, or the currency that each "
        "means.",
    )
    region: Country = Field(default_factory=str, description="The country of dates and phone numbers.")
    currency: Currency = Field(default_factory=str, description="The currency of amounts without one.")
    owner_id: RecordId | None = Field(None, description="Who gets the records without an owner.")
    day_first: bool | None = Field(None, description="Whether 03/04/2026 is the third of April.")
    decimal_mark: Annotated[str, Field(pattern=r"^[.,]$")] | None = None
    encoding: Annotated[str, Field(pattern=among(ENCODINGS))] = Field(default_factory=str)
    delimiter: Annotated[str, Field(pattern=r"^[,;\t|]$")] = Field(default_factory=str)
    header_line: Annotated[int, Field(ge=1, le=20)] | None = None


class ImportCounts(ResponseModel):
    """How many rows had which outcome; read is the sum of the others."""

    read: int
    created: int
    updated: int
    filled: int
    same: int
    refused: int


class Import(ResponseModel):
    """A file that is imported, or was."""

    id: int
    filename: str = Field(examples=["leads.csv"])
    size: int = Field(description="In bytes.")
    set_id: int | None = Field(description="The first of several files; null if it is this one, or the only one.")
    state: ImportState = Field(
        examples=[ImportState.CHECKED],
        description="While it is checked, imported or undone, the worker is busy: read it again until that is over.",
    )
    target: Target = Field(examples=[Target.LEADS])
    needs: str | None = Field(description="What the file doesn’t say. Set it with a PATCH, then check.")
    problem: str | None = Field(description="Why the worker couldn’t do what you asked.")
    left_out: Sequence[str] = Field(examples=[["Shoe size"]], description="The columns that are not read.")
    counts: ImportCounts | None = Field(description="Of the check, or of the import once that is done.")
    notices: Sequence[str] = Field(examples=[[]], description="What to know about the file as a whole.")
    rows_read: int = Field(description="The rows that the worker has read so far.")
    made_by_id: int
    created_at: Moment
    imported_at: Moment | None
    undone_at: Moment | None


class ImportPage(PageOf[Import]):
    """A page of imports, newest first."""


class RowsQuery(PageQuery):
    """Which rows."""

    outcome: ImportOutcome = Field(ImportOutcome.REFUSED, description="Only the rows with this outcome.")


class ImportRow(ResponseModel):
    """What became of a row."""

    line: int = Field(examples=[2], description="The line of the file on which it begins.")
    outcome: ImportOutcome = Field(examples=[ImportOutcome.REFUSED])
    label: str | None = Field(examples=["Tanaka KK"], description="The name of the record in the row.")
    reason: str | None = Field(examples=["Email “no email”: Enter an email address."])
    cells: Sequence[str] | None = Field(None, description="The cells of a refused row, as in the file.")
    lead_id: int | None
    customer_id: int | None
    contact_id: int | None
    activity_id: int | None
    undo_outcome: UndoOutcome | None
    undo_reason: str | None


class ImportRowPage(PageOf[ImportRow]):
    """A page of rows, in the order of the file."""
