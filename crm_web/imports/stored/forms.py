"""The forms of an import: the file, how to read it, and its columns."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from flask import request
from wtforms import BooleanField

from crm_web.imports.stored.choices import ENCODINGS
from crm_web.imports.tables import JSON, VCARD
from crm_web.records.people import Person
from crm_web.web.form_fields import ChoiceField, CountryField, CurrencyField, HiddenNumber, OwnerField, RecordForm
from crm_web.web.forms import IdempotentForm
from crm_web.web.uploads import UploadField

DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar"}
ORDERS = {"dmy": "Day first (31/12/2026)", "mdy": "Month first (12/31/2026)"}
TARGETS = {
    "leads": "Leads",
    "customers": "Customers",
    "contacts": "Contacts of customers",
    "mixed": "Companies and people",
    "activities": "Activities",
}
BAD_VALUES = {
    "refuse": "Refuse their rows",
    "drop": "Leave optional values out, with a note",
}
EXISTING = {
    "fill": "Fill in their empty fields",
    "update": "Update them with the file’s values",
    "skip": "Leave them as they are",
}
HEADER_LINES = {str(line): f"Line {line}" for line in range(1, 21)}
MARKS = {".": "Point (1,234.50)", ",": "Comma (1.234,50)"}


class UploadForm(IdempotentForm):
    """The first step: the files."""

    file = UploadField(
        "Files",
        render_kw={"accept": ".csv,.tsv,.txt,.xlsx,.xls,.ods,.json,.ndjson,.vcf,text/csv,text/tab-separated-values"},
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate the form; without a file there is nothing to go on with."""
        is_valid = super().validate(extra_validators)
        if is_valid and not self.file.data:
            self.file.errors = ["Choose a file."]
            return False
        return is_valid

    def list_files(self) -> list[tuple[BinaryIO, str]]:
        """List the bytes and the name of each file."""
        return self.file.list_files()


class RawChoiceField(ChoiceField):
    """A choice among texts that may be blank signs, such as a tab."""

    def read(self, typed: str) -> Any:
        for value, _label in self.list_options():
            if str(value) == typed:
                return value
        raise ValueError(self.refusal)

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            self.data = None
            self.data = self.read(valuelist[0]) if valuelist[0] else None


class FileForm(RecordForm):
    """The second step: how the file is read."""

    encoding = ChoiceField("Encoding", ENCODINGS.items(), empty=None)
    delimiter = RawChoiceField("Separator", DELIMITERS.items(), empty=None)
    dates = ChoiceField("Order of dates", ORDERS.items(), empty="Detect")
    decimal_mark = RawChoiceField("Decimal mark", MARKS.items(), empty="Detect")
    sheet = RawChoiceField("Sheet", empty=None)
    header_line = ChoiceField("Header row", HEADER_LINES.items(), empty="Detect")
    target = ChoiceField("The rows are", TARGETS.items(), empty=None)
    bad_values = ChoiceField("Values that can’t be read", BAD_VALUES.items(), empty=None, default="refuse")
    existing = ChoiceField("Existing leads", EXISTING.items(), empty=None, default="fill")
    region = CountryField("Country", empty=None)
    currency = CurrencyField("Currency", empty=None)
    owner_id = OwnerField("Owner", empty="Unassigned")
    creates_owners = BooleanField("Add owners that are unknown here as employees")

    def process(self, *args: Any, data: Any = None, **settings: Any) -> None:
        """Offer what the file was found to be before what was sent is read."""
        if "sheets" in data:
            self.sheet.options = [(name, name) for name in data["sheets"]]
            del self.encoding, self.delimiter
        elif data["encoding"] in (JSON, VCARD):
            del self.encoding, self.delimiter, self.sheet, self.header_line
        else:
            self._offer_written(data["encoding"], data["delimiter"])
            del self.sheet
        super().process(*args, data=data, **settings)

    def set_options(self, people: Sequence[Person], *, may_add: bool) -> None:
        """Offer what only the database and the person's role tell."""
        self.owner_id.set_options(people)
        if not may_add:
            del self.creates_owners

    def _offer_written(self, encoding: str, delimiter: str) -> None:
        """Offer what was found, however rare it is."""
        for field, found, known in ((self.encoding, encoding, ENCODINGS), (self.delimiter, delimiter, DELIMITERS)):
            if found not in known:
                field.options.append((found, found))

    def read_values(self) -> dict[str, Any]:
        """Collect the options of a valid form."""
        values = {field.name: field.data for field in self if field.name not in ("csrf_token", "dates")}
        values["question"] = ""
        return values | {"day_first": None if self.dates.data is None else self.dates.data == "dmy"}


def show_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn stored options into the values that the form of the file shows."""
    day_first = options.get("day_first")
    return {**options, "dates": None if day_first is None else "dmy" if day_first else "mdy"}


class ColumnsForm(RecordForm):
    """The third step: the field of each column, and what words mean. Its fields follow from the file."""

    @staticmethod
    def read_fields(places: Sequence[int], known: Sequence[str]) -> dict[int, str]:
        """Read the field that was chosen for each column; what is no field counts as not sent."""
        sent = {place: request.form.get(f"field-{place}") for place in places}
        return {place: name for place, name in sent.items() if name is not None and name in ("", *known)}


class RowForm(RecordForm):
    """The cells of one refused row."""

    line = HiddenNumber()

    @staticmethod
    def read_cells(before: Sequence[str]) -> list[str]:
        """Read the cells as they were typed; one that was not sent stays."""
        sent = (request.form.get(f"cell-{place}", cell) for place, cell in enumerate(before))
        return [text.replace("\x00", "").replace("\r\n", "\n") for text in sent]
