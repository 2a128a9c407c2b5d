"""From bytes to rows: every way in which programs write tables."""

import io
from pathlib import Path

import pytest

from crm_web.imports.encodings import FileUnreadable, find_encoding
from crm_web.imports.recognition import is_known
from crm_web.imports.tables import Table, open_table
from tests.shared import find_real, needs_real_data

GERMAN = "Name;Stadt\nMüller;Köln\nGroß;Zürich\nJäger;Fürth\nBöhm;Nürnberg\nSchröder;Düren\nKrüger;Lübeck\n"
POLISH = "imię;miasto\nŁukasz Żółć;Łódź\nWójcik;Gdańsk\nŚwięcki;Kraków\nZiółkowski;Poznań\n"
RUSSIAN = "Имя;Город\nИванов;Москва\nПетров;Санкт-Петербург\nСидоров;Новосибирск\n"
SPANISH = "name,company\nJosé Muñoz,Compañía Española\nZoë Müller,Köln Größe\n"
CZECH = "jméno,firma\nDvořák,Škoda\nNovotný,České dráhy\nRůžička,Děčín\n"
FRENCH = "nom,société\nFrançois Lévêque,Crédit foncier\nHélène,À la carte\n"
JAPANESE = "名前;会社\n山田太郎;株式会社テスト\n鈴木一郎;東京電力\n"


def read(content: str | bytes, encoding: str | None = None) -> Table:
    stream = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    return open_table(stream, encoding=encoding, knows=is_known)


def cells(file: Table) -> list[list[str]]:
    return [row for _, row in file.rows]


@pytest.mark.parametrize(
    ("text", "encoding", "found", "is_guess"),
    [
        ("a,b\nx,é", "utf-8", "utf-8", False),
        ("a,b\nx,é", "utf-8-sig", "utf-8-sig", False),
        ("a,b\nx,é", "utf-16", "utf-16", False),
        ("a,b\nx,é", "utf-32", "utf-32", False),
        ("a,b\nx,é\n", "utf-16-le", "utf-16-le", True),
        ("a,b\nx,é\n", "utf-16-be", "utf-16-be", True),
        ("a,b\nx,é", "latin-1", "cp1252", True),
        (GERMAN, "cp1252", "cp1252", True),
        (POLISH, "cp1250", "cp1250", True),
        (RUSSIAN, "cp1251", "cp1251", True),
        (SPANISH, "cp850", "cp850", True),
        (SPANISH, "mac_roman", "mac_roman", True),
        (SPANISH, "cp1252", "cp1252", True),
        (CZECH, "cp1250", "cp1250", True),
        (CZECH, "cp852", "cp852", True),
        (FRENCH, "cp1252", "cp1252", True),
        (POLISH, "iso8859-2", "iso8859_2", True),
        (JAPANESE, "shift_jis", "cp932", True),
    ],
)
def test_the_encoding_is_found(text: str, encoding: str, found: str, is_guess: bool) -> None:
    assert find_encoding(io.BytesIO(text.encode(encoding))) == (found, is_guess, "")
    assert read(text.encode(encoding)).header == read(text).header


def test_what_two_encodings_make_of_it_is_asked() -> None:
    found = find_encoding(io.BytesIO("name\nMuñoz\n".encode("cp1252")))
    assert found.question == "The text can be cp1252 (“Muñoz”) or cp1250 (“Muńoz”). Use --encoding to say which."
    assert find_encoding(io.BytesIO("name\nMüller\n".encode("cp1252"))).question == ""


def test_the_line_that_can_not_be_decoded_is_named() -> None:
    file = read(b"a,b\n" + b"x,y\n" * 5000 + b"z,\x81\n", "cp1252")
    with pytest.raises(FileUnreadable, match="Line 5,002 is not cp1252"):
        list(file.rows)


def test_one_late_byte_tells_that_it_is_not_utf_8() -> None:
    content = b"a,b\n" + b"x,y\n" * 400_000 + "é,ü\n".encode("cp1252")
    assert find_encoding(io.BytesIO(content)) == ("cp1252", True, "")


def test_a_character_across_two_blocks_is_utf_8() -> None:
    content = b"a" * (1024 * 1024 - 1) + "é".encode()
    assert find_encoding(io.BytesIO(content)) == ("utf-8", False, "")


def test_the_encoding_can_be_said() -> None:
    assert cells(read("a,b\nx,é".encode("cp1250"), "cp1250")) == [["x", "é"]]


@pytest.mark.parametrize("name", ["klingon", "base64"])
def test_an_unknown_encoding_is_refused(name: str) -> None:
    with pytest.raises(FileUnreadable, match=f"Unknown encoding “{name}”"):
        read("a,b", name)


def test_the_mark_is_no_part_of_the_header() -> None:
    assert read("\ufeffEmail,City\n", "utf-8").header == ("Email", "City")


def test_a_wrong_encoding_says_where_it_breaks() -> None:
    file = read(b"a,b\n" + b"x,y\n" * 3000 + b"z,\xe9\n", "utf-8")
    with pytest.raises(FileUnreadable, match="is not utf-8"):
        list(file.rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [['"Name, first"', "Company", "City"], ['"Ann; B|C"', '"Acme, Inc"', "Rome"], ["Bob", "Umbrella", "Paris"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert cells(read(text)) == [["Ann; B|C", "Acme, Inc", "Rome"], ["Bob", "Umbrella", "Paris"]]


def test_excel_says_the_delimiter_itself() -> None:
    file = read("sep=;\nName;Company\nAnn;A,B,C\n")
    assert (file.header, cells(file)) == (("Name", "Company"), [["Ann", "A,B,C"]])


def test_one_column_needs_no_delimiter() -> None:
    assert read("Email\nann@example.com\n").header == ("Email",)


def test_lines_are_numbered_as_in_an_editor() -> None:
    file = read('Name,Notes\n\nAnn,"one\ntwo\n\nthree"\n,,\nBob,x\n')
    assert [(line, row[0]) for line, row in file.rows] == [(3, "Ann"), (8, "Bob")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_a_line(end: str) -> None:
    text = f'Name,Notes{end}Ann,"one{end}two"{end}Bob,x'
    assert cells(read(text)) == [["Ann", f"one{end}two"], ["Bob", "x"]]


def test_a_title_above_the_header_is_passed_over() -> None:
    file = read("All leads of May,,\n,,\nLast Name,Email,City\nKeller,ann@example.com,Rome\n")
    assert file.header == ("Last Name", "Email", "City")
    assert cells(file) == [["Keller", "ann@example.com", "Rome"]]


def test_a_blank_after_each_comma_is_no_text() -> None:
    assert cells(read("id, first name, surname\n1, Ann, Keller\n2,Bob,  Lee\n")) == [
        ["1", "Ann", "Keller"],
        ["2", "Bob", " Lee"],
    ]


def test_blanks_in_cells_stay() -> None:
    assert cells(read("Last Name,City\n Keller , Rome\n")) == [[" Keller ", " Rome"]]


def test_bad_quotes_are_read_as_they_are_meant() -> None:
    assert cells(read('a,b,c\n1,This "quotes" must,3\n')) == [["1", 'This "quotes" must', "3"]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\n\n\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"BEGIN:VCARD\nVERSION:3.0", "vCard"),
        (bytes(range(256)) * 40, "not a text file"),
    ],
)
def test_what_is_no_table_is_refused_in_a_line(content: bytes, why: str) -> None:
    with pytest.raises(FileUnreadable, match=why) as refusal:
        read(content)
    assert "\n" not in refusal.value.message


def test_a_quotation_mark_that_is_never_closed_is_found() -> None:
    file = read("a,b\n" + "x,y\n" * 2000 + '1,"never closed\n' + "x,y\n" * 100_000)
    with pytest.raises(FileUnreadable, match="Line 2,002: .* never closed"):
        list(file.rows)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('Last Name,Company\nQuist,"Quist Paper\nLarsen,Larsen Oy\n', 2),
        ('Last Name,Company\nQuist,"Quist Paper\nLarsen,"Larsen Oy"\n', 2),
        ('Last Name,Company\nQuist,x\n"Larsen,Larsen Oy', 3),
    ],
)
def test_a_quotation_mark_that_would_swallow_rows_is_refused(content: str, line: int) -> None:
    with pytest.raises(FileUnreadable, match=f"Line {line}: a quotation mark is opened and never closed"):
        list(read(content).rows)


def test_quotation_marks_within_a_cell_do_no_harm() -> None:
    assert cells(read('a,b\n"The "Paper" Shop",x\ny,5" nails\n')) == [['The Paper" Shop"', "x"], ["y", '5" nails']]


def test_a_line_without_end_is_not_kept_in_memory() -> None:
    with pytest.raises(FileUnreadable, match="This is not a table"):
        read(b"x" * 1_500_000)


def test_a_file_that_was_closed_meanwhile_leaves_no_trace() -> None:
    stream = io.BytesIO(b"a,b\n" + b"1,2\n" * 5000)
    file = open_table(stream)
    stream.close()
    del file


@needs_real_data
@pytest.mark.parametrize("path", sorted(find_real("validation").glob("csv*/**/*.csv")), ids=lambda path: path.name)
def test_every_torture_file_is_read_or_refused_in_a_line(path: Path) -> None:
    with path.open("rb") as stream:
        try:
            assert all(isinstance(line, int) for line, _ in open_table(stream, knows=is_known).rows)
        except FileUnreadable as refusal:
            assert "empty" in refusal.message or "never closed" in refusal.message
