"""vCards of all versions are rows with the headings that columns are recognized by."""

import io
from pathlib import Path

import pytest

from crm_web.core.config import ROOT
from crm_web.imports.encodings import FileUnreadable
from crm_web.imports.mapping import choose_mapping
from crm_web.imports.tables import VCARD, open_table
from tests.shared import find_real, needs_real_data

OLD = (
    b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=windows-1252:Do\xeb;Jo;;Mr.;\r\nFN;CHARSET=windows-1252:Jo Do\xeb\r\n"
    b"ORG:Quist;Sales\r\nTEL;CELL:+47 1\r\nTEL;WORK;FAX:+47 2\r\n"
    b"NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:K=C3=A4se=\r\n und Brot=0D=0Aam Kai\r\n"
    b"PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ\r\nAAAA\r\n\r\nEND:VCARD\r\n"
)
NEW = (
    "BEGIN:VCARD\nVERSION:4.0\nFN:Ines L\u00e6rsen\nEMAIL;TYPE=work:ines@fjord.example\nEMAIL:i@x.example\n"
    "item1.ADR;TYPE=home:;;Kai 1;Oslo;;0150;Norway\nitem1.X-ABLabel:Cabin\nNOTE:A long\n  line\\, folded\nUID:urn:7\n"
    "PHOTO:data:image/jpeg;base64,AAAA\n AAAA\nEND:VCARD\n"
)


def test_cards_of_all_versions_are_rows() -> None:
    file = open_table(io.BytesIO(OLD + NEW.encode()))
    rows = [dict(zip(file.header, cells, strict=True)) for _, cells in file.rows]
    old, new = ({name: text for name, text in row.items() if text} for row in rows)
    assert file.encoding == VCARD
    assert old == {
        "First Name": "Jo",
        "Last Name": "Do\u00eb",
        "Name Prefix": "Mr.",
        "Company": "Quist",
        "Department": "Sales",
        "Mobile": "+47 1",
        "Fax": "+47 2",
        "Notes": "K\u00e4se und Brot\nam Kai",
        "Photo": "(not imported)",
    }
    assert new == {
        "Display Name": "Ines L\u00e6rsen",
        "Email 1": "ines@fjord.example",
        "Email 2": "i@x.example",
        "Home Street": "Kai 1",
        "Home City": "Oslo",
        "Home Postal Code": "0150",
        "Home Country": "Norway",
        "Ablabel": "Cabin",
        "Notes": "A long line, folded",
        "UUID": "urn:7",
        "Photo": "(not imported)",
    }
    mapping = choose_mapping(file.header, file.sample)
    assert mapping.left_out() == ["Department", "Fax", "Photo", "Ablabel"]
    wide = open_table(io.BytesIO(NEW.encode("utf-16")))
    assert [cells for _, cells in wide.rows][0][0] == "Ines L\u00e6rsen"
    with pytest.raises(FileUnreadable, match="Card 1"):
        open_table(io.BytesIO(b"BEGIN:VCARD\nEND:NOTHING\n"))


@needs_real_data
def test_real_cards_are_read() -> None:
    for folder in ("exports/vcard", "exports/contacts_roundcube"):
        for path in sorted(Path(find_real(folder)).glob("*.vcf")):
            with path.open("rb") as stream:
                mapping = choose_mapping((file := open_table(stream)).header, file.sample)
            assert mapping.columns.keys() & {"email", "phone", "mobile", "company"} or mapping.addresses, path.name


def test_the_library_is_loaded_by_the_first_card() -> None:
    """Every process of the web server would have ten megabytes of it."""
    source = ROOT.joinpath("crm_web/imports/vcards.py").read_text()
    assert "    import vobject\n" in source and "\nimport vobject" not in source
