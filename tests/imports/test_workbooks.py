"""Workbooks are tables like any other."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import Result
from sqlalchemy.orm import Session

from crm_web.imports.encodings import FileUnreadable
from crm_web.imports.recognition import is_known
from crm_web.imports.tables import open_table
from crm_web.imports.workbook_errors import find_failed
from tests.imports.test_import_leads import counts, leads

ImportFile = Callable[..., Result]
HEADER = ["Last Name", "Amount", "Created", "Converted", "Zip"]


MANIFEST = """<?xml version="1.0"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
</manifest:manifest>"""


def make_xlsx() -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.add_worksheet("Notes").write(0, 0, "not this one")
        sheet = book.add_worksheet("Leads")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(2, 1, HEADER)
        sheet.write_row(3, 1, ["Quist", 1234.5, None, True, "01234"])
        sheet.write_datetime(3, 3, datetime(2024, 2, 3), day)
        sheet.write_row(5, 1, ["Lee", 62000, "2024-05-06 07:08", False, 12345678901])
    return target.getvalue()


def make_ods(rows: list[list[str]]) -> bytes:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    body = "".join(f"<table:table-row>{''.join(map(cell.format, row))}</table:table-row>" for row in rows)
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {names}><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    return target.getvalue()


def test_a_workbook_is_imported(import_file: ImportFile, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "leads.xlsx"
    path.write_bytes(make_xlsx())
    result = import_file(path, "--refused", str(tmp_path / "refused.csv"))
    assert counts(result) == (2, 0, 0, 0)
    assert "leads.xlsx: a workbook\n" in result.stdout
    quist, lee = leads(session)
    assert (quist.amount, quist.is_won, quist.postal_code) == (Decimal("1234.50"), True, "01234")
    assert quist.created_at == datetime(2024, 2, 3, 12, tzinfo=UTC)
    assert (lee.amount, lee.is_won, lee.postal_code) == (Decimal(62000), False, "12345678901")


def test_rows_are_numbered_as_in_the_spreadsheet() -> None:
    table = open_table(io.BytesIO(make_xlsx()), knows=is_known)
    assert (table.header, [line for line, _ in table.rows], table.sheet) == (tuple(HEADER), [4, 6], "Leads")
    assert open_table(io.BytesIO(make_xlsx()), sheet="Notes", knows=is_known).header == ("not this one",)
    with pytest.raises(FileUnreadable, match="no sheet “Deals”. Its sheets are: Notes, Leads"):
        open_table(io.BytesIO(make_xlsx()), sheet="Deals", knows=is_known)


def test_a_number_in_a_cell_is_that_number_and_no_other() -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["Amount", 62.379, 0.1 + 0.2, 1e20, 5.0, -3])
    cells = [row[0] for _, row in open_table(target, knows=is_known).rows]
    assert cells == ["62.3790", "0.3", "1e+20", "5", "-3"]


def test_a_sheet_of_libreoffice_is_read() -> None:
    table = open_table(io.BytesIO(make_ods([["Last Name", "City"], ["Quist", "Osló"]])), knows=is_known)
    assert (table.header, list(table.rows)) == (("Last Name", "City"), [(2, ["Quist", "Osló"])])


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", make_ods([])])
def test_what_is_no_workbook_is_refused_in_a_line(content: bytes) -> None:
    with pytest.raises(FileUnreadable, match="workbook that can be read|is empty"):
        open_table(io.BytesIO(content), knows=is_known)


def test_a_workbook_that_would_fill_the_memory_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (101 * 1024 * 1024))
    with pytest.raises(FileUnreadable, match="too large"):
        open_table(target, knows=is_known)


def test_a_calculation_that_failed_is_refused_and_not_left_out(import_file: ImportFile, tmp_path: Path) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("A & B")
        sheet.write_row("C3", ["Last Name", "Amount", "City"])
        for row, error in ((4, "#REF!"), (5, "#N/A"), (3000, "#DIV/0!")):
            sheet.write(f"C{row}", "Lee")
            sheet.write_formula(f"D{row}", f'="{"x" * 200}"', None, error)
    path = tmp_path / "leads.xlsx"
    path.write_bytes(target.getvalue())
    result = import_file(path)
    assert counts(result) == (1, 0, 0, 2)
    assert "line 4, Amount “#REF!”: The spreadsheet couldn’t calculate this." in result.stdout
    assert "line 3,000, Amount “#DIV/0!”" in result.stdout


def test_what_is_no_workbook_has_no_failed_calculations() -> None:
    for content in (b"", b"PK\x03\x04", make_ods([["Last Name"]])):
        assert find_failed(io.BytesIO(content), "S") == {}
