"""The ground that the tests stand on would show what it is there to show."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.models import Lead
from tests.databases import OwnDatabase
from tests.factories import make_lead
from tests.markup import parse
from tests.page_rules import check_page

HEAD = '<!doctype html><html lang="en"><head><title>Leads · Piper</title></head><body><h1>Leads</h1>'


def count_leads(session: Session) -> int:
    """How many leads there are."""
    return session.scalar(select(func.count()).select_from(Lead)) or 0


def test_what_a_view_forgot_to_commit_is_not_there(app: Flask, session: Session) -> None:
    with app.app_context():
        db.session.add(Lead(company="Acme"))
        db.session.flush()
    assert count_leads(session) == 0


def test_what_a_view_committed_is_there(app: Flask, session: Session) -> None:
    with app.app_context():
        db.session.add(Lead(company="Acme"))
        db.session.commit()
    assert count_leads(session) == 1


@pytest.mark.parametrize("turn", [1, 2])
def test_nothing_is_left_of_another_test(session: Session, turn: int) -> None:
    assert count_leads(session) == 0
    make_lead(session)


def test_an_own_database_really_commits(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        make_lead(session)
    with own_database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM leads")
        assert cursor.fetchone() == (1,)
    connection.close()


def test_a_good_page_passes() -> None:
    check(HEAD + '<label for="a">A</label><input id="a"><p><bdi>{{ 7 }} שלום</bdi></p>')


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        (HEAD + "<p><div></p>", "invalid HTML"),
        (HEAD + "<p></b></p>", "invalid HTML"),
        (HEAD + "<ul><li>One<li>Two</ul>", "invalid HTML"),
        (HEAD + "<table><tbody>One</tbody></table>", "invalid HTML"),
        (HEAD + "<div/>", "non-void"),
        (HEAD + "<p lang=en lang=de></p>", "duplicate-attribute"),
        (HEAD + "<p>&nosuch;</p>", "unknown-named-character-reference"),
        (HEAD + "<h1>Leads</h1>", "2 h1"),
        (HEAD.replace("Leads ·", "·"), "does not begin with the h1"),
        (HEAD.replace(' lang="en"', ""), "no language"),
        (HEAD + '<p id="a"></p><p id="a"></p>', "stands 2 times"),
        (HEAD + '<label for="b">B</label>', "names 'b'"),
        (HEAD + '<p aria-describedby="b">B</p>', "names 'b'"),
        (HEAD + '<a href="#b">B</a>', "leads nowhere"),
        (HEAD + "<input>", "no label"),
        (HEAD + "<select><option>x</option></select>", "no label"),
        (HEAD + "<button></button>", "no words"),
        (HEAD + '<button aria-label="Move it to the trash">Remove</button>', "what is seen"),
        (HEAD + '<img src="/a.png">', "no alt"),
        (HEAD + '<form method="post" action="/leads"></form>', "without a CSRF token"),
        (HEAD + '<form><input type="hidden" name="csrf_token" value="x"></form>', "into the address"),
        (HEAD + '<form method="post"><input type="hidden" name="csrf_token"></form>', "without a CSRF token"),
        (
            HEAD
            + '<fieldset><legend class="required">A</legend><label><input type="radio" checked>B</label></fieldset>',
            "answered already",
        ),
        (HEAD + '<table class="list"><tr><td class="number">1,234</td></tr></table>', "a number without a heading"),
        (HEAD + '<p dir="auto">x</p>', "dir on p"),
        (HEAD + "<p>שלום</p>", "outside of a <bdi>"),
        (HEAD + '<p style="color: red">x</p>', "style on p"),
        (HEAD + "<style>p {}</style>", "inline style"),
        (HEAD + "<script>x</script>", "inline script"),
        (HEAD + '<p onclick="x">x</p>', "onclick on p"),
        (HEAD + '<svg><path onload="x"></path></svg>', "onload on path"),
        (HEAD + '<a href=" JavaScript:x">x</a>', "href=javascript:"),
        (HEAD + '<img src="https://cdn.example/a.png" alt="">', "src=https://cdn"),
        (HEAD + "<p>{{ name }}</p>", "{{ in p"),
        (HEAD + "<td>None</td>", "invalid HTML"),
        (HEAD + "<p>None</p>", "None in p"),
        (HEAD + "<template><p>None</p></template>", "None in p"),
        (HEAD + "<!-- TODO -->", "TODO in body"),
    ],
)
def test_a_bad_page_is_found(html: str, problem: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check(html)
    assert problem in str(caught.value)


def check(html: str) -> None:
    """Hold a page to the rules."""
    soup, errors = parse(f"{html}</body></html>")
    check_page(soup, errors, "/test")
