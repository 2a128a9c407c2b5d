"""JSON of our own export and of others is a table like any other."""

import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from click.testing import Result
from sqlalchemy.orm import Session

from crm_web.imports.encodings import FileUnreadable
from crm_web.imports.recognition import is_known
from crm_web.imports.tables import open_table
from crm_web.models import Employee
from tests.factories import make_lead
from tests.imports.test_import_leads import counts, leads
from tests.page import Browser

ImportFile = Callable[..., Result]
OBJECTS = (
    '{"last_name": "Quist", "owner": {"email": "q@x.com"}, "tags": ["a", 1]}',
    '{"city": "Rome", "last_name": null}',
)


@pytest.mark.parametrize(
    "text", ["\n".join(OBJECTS), f"\ufeff[{', '.join(OBJECTS)}]\n", f"[\n{OBJECTS[0]},\n{OBJECTS[1]}]"]
)
def test_objects_are_rows(text: str) -> None:
    table = open_table(io.BytesIO(text.encode()), knows=is_known)
    assert table.header == ("last_name", "owner.email", "tags", "city")
    assert list(table.rows) == [(1, ["Quist", "q@x.com", "a, 1", ""]), (2, ["", "", "", "Rome"])]


def test_an_object_across_two_blocks_is_one() -> None:
    text = "\n".join(f'{{"last_name": "Person {n}", "notes": "{"x" * 1000}"}}' for n in range(200))
    assert [cells[0] for _, cells in open_table(io.BytesIO(text.encode())).rows][-1] == "Person 199"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1}\n{"a": ', "Object 2 is not valid JSON"),
        ('{"a": 1}\nnonsense', "Object 2 is not valid JSON"),
        ('[{"a": 1}, 2]', "not a list of records"),
        ('{"a": "\xff"}', "not in UTF-8"),
    ],
)
def test_what_is_no_list_of_objects_is_refused(text: str, why: str) -> None:
    with pytest.raises(FileUnreadable, match=why):
        open_table(io.BytesIO(text.encode("latin-1")))


def test_the_lines_of_our_api_come_back_to_their_leads(
    import_file: ImportFile, session: Session, browser_as: Callable[[Employee], Browser], ada: Employee
) -> None:
    make_lead(session, last_name="Lee", amount=Decimal("1234.50"), currency="EUR", external_system="x", external_id="9")
    session.commit()
    lines = browser_as(ada).get("api.export_leads").body
    result = import_file(lines)
    assert counts(result) == (0, 0, 1, 0), result.output
    result = import_file('{"last_name": "Quist", "amount": 62.5, "is_won": true}\n')
    assert (counts(result), leads(session)[-1].amount) == ((1, 0, 0, 0), Decimal("62.50"))
