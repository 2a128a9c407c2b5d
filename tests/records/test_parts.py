"""Words are found by parts of them, by their index or by reading each row: always the same rows."""

import pytest
from sqlalchemy import ARRAY, Text, cast, column, func, select, text
from sqlalchemy.orm import Session

from crm_web.models import Lead
from crm_web.records.matching import PART_COUNTS, Way, contains_words, list_parts, read_words
from tests.factories import make_lead

KEPT = [
    "Aguiar Ruim Guimoso",
    "Aguiaruim-Guimoso Health",
    "gui moso aguiaruim",
    "Jörg Müller-Lüdenscheidt",
    "Jorg Muller",
    "Пётр Иванов abc",
    "田中 太郎 tanaka",
    "محمد أحمد",
    "100%pure_oil",
    "100xpure-oil",
    "a.b-c d",
    "www.kim-choi.example https://www.kim-choi.example kim@choi.example",
    "+49 30 123456 +4930123456",
    "əliyeva məmmədov",
    "straße strasse",
    "\\back\\slash",
    "ananas banana",
]
TYPED = [
    "aguiaruim-guimoso",
    "AGUIARUIM guim",
    "moso agu",
    "müller",
    "muller",
    "Ｍｕｌｌｅｒ",
    "иванов",
    "иванов abc",
    "田中 tanaka",
    "أحمد",
    "100%pure",
    "pure_o",
    "a.b",
    "b-c d",
    "ab",
    "anana",
    "ana",
    "https://www.kim-choi.example",
    "kim@choi.example www",
    "0049 30 123456",
    "030123456",
    "məmmədov",
    "strasse",
    "STRASSE straße",
    "k\\sl",
    "nothinglikethis",
    " ".join(["kim", "choi", "example", "www", "https", "kim-choi", "hoi", "xample"]),
    "kimchoi",
]


@pytest.mark.parametrize("typed", TYPED)
def test_each_way_finds_the_same(session: Session, typed: str) -> None:
    kept = func.crm_fold(column("kept", Text))
    rows = func.unnest(cast(KEPT, ARRAY(Text))).table_valued("kept").render_derived()
    found = {way: set(session.scalars(select(rows.c.kept).where(contains_words(kept, typed, way)))) for way in Way}
    assert found[Way.PARTS] == found[Way.ROWS] == found[Way.INDEX]
    assert bool(found[Way.PARTS]) == (typed not in ("nothinglikethis", "kimchoi"))


def test_the_index_is_asked_for_parts_alone(session: Session) -> None:
    lead = make_lead(session, last_name="Aguiaruim-Guimoso")
    query = select(Lead.id).where(contains_words(Lead.search_text.expression, "Aguiaruim-Guim", Way.PARTS))
    assert session.scalars(query).all() == [lead.id]
    session.execute(text("SET LOCAL enable_seqscan = off"))
    bound = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    plan = "\n".join(session.scalars(text(f"EXPLAIN {str(bound).replace(':', chr(92) + ':')}")))
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert all(f"%{part}%" in condition for part in ("agu", "iar", "uim", "gui"))
    assert "guim" not in condition


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("abc", ["abc"]),
        ("abcd", ["abc", "bcd"]),
        ("Software", ["twa", "sof", "are"]),
        ("https://www.kim.com", ["kim", "www", "com", "htt", "tps"]),
        ("ab a.b", []),
    ],
)
def test_parts_cover_a_word(words: str, parts: list[str]) -> None:
    assert list_parts([words]) == parts


def test_few_statements_serve_words_of_any_length() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    counts = {read_words(letters[:length])[0].parts for length in range(3, 27)}
    assert counts <= set(PART_COUNTS)
    forms, values = read_words(" ".join(letters[at:] + letters[:at] for at in range(8)))
    assert forms.parts == PART_COUNTS[-1] == sum(name.startswith("part_") for name in values)
