"""Finds the calculations in an XLSX workbook that failed: what reads its cells gives nothing for them."""

import html
import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, BinaryIO

_PART = 1024 * 1024
_LONGEST = 64 * 1024
"""How far the result of a cell may stand behind its beginning: a formula comes before it."""
_LARGEST_LIST = 4 * 1024 * 1024
MOST = 200_000
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_FAILED = re.compile(rb'<c\s(?=[^>]{0,200}\bt="e")[^>]{0,200}\br="([A-Z]{1,3})(\d{1,7})"[^>]{0,200}>')
_RESULT = re.compile(rb"<v>(#[^<]{1,20})</v>")

Failed = dict[int, dict[int, str]]
"""Rows, from 1, to columns, from 0, to what stands there, such as ``#REF!``."""


def find_failed(stream: BinaryIO, sheet: str) -> Failed:
    """Find the cells of a sheet whose calculation failed.

    :param stream: a workbook; none is found in one that is no XLSX file
    """
    found: Failed = {}
    with (
        suppress(zipfile.BadZipFile, KeyError, UnicodeDecodeError, NotImplementedError),
        zipfile.ZipFile(stream) as workbook,
        workbook.open(_find_part(workbook, sheet)) as part,
    ):
        for number, (row, column, text) in enumerate(_scan(part)):
            found.setdefault(row, {})[column] = text
            if number >= MOST:
                break
    return found


def _find_part(workbook: zipfile.ZipFile, sheet: str) -> str:
    """:raise KeyError: if the workbook has no such part"""
    targets = {
        relation["Id"]: relation["Target"]
        for relation in _list_elements(workbook, "xl/_rels/workbook.xml.rels", "Relationship")
        if {"Id", "Target"} <= relation.keys()
    }
    sheets = {each.get("name"): each.get("r:id", "") for each in _list_elements(workbook, "xl/workbook.xml", "sheet")}
    return posixpath.normpath(posixpath.join("/xl", targets[sheets[sheet]])).lstrip("/")


def _list_elements(workbook: zipfile.ZipFile, part: str, name: str) -> Iterator[dict[str, str]]:
    with workbook.open(part) as file:
        text = file.read(_LARGEST_LIST).decode()
    for element in re.findall(rf"<(?:\w+:)?{name}\s([^>]*)>", text):
        yield {key: html.unescape(value) for key, value in _ATTRIBUTE.findall(element)}


def _scan(part: IO[bytes]) -> Iterator[tuple[int, int, str]]:
    held, is_over = b"", False
    while not is_over:
        more = part.read(_PART)
        is_over = not more
        held += more
        # What begins near the end of what is read may go on behind it.
        end = len(held) if is_over else max(len(held) - _LONGEST, 0)
        for cell in _FAILED.finditer(held) if b't="e"' in held else ():
            if cell.start() >= end:
                break
            result = _RESULT.search(held, cell.end(), cell.end() + _LONGEST)
            if result:
                yield int(cell[2]), _number_column(cell[1]), result[1].decode("ascii", "replace")
        held = held[end:]


def _number_column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
