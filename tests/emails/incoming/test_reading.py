"""Reading messages: what people send is understood, and what attackers send does no harm."""

import time
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_web.emails.incoming.reading.attachments import MOST_FILES
from crm_web.emails.incoming.reading.html_text import read_html
from crm_web.emails.incoming.reading.message import LONGEST_BODY, ReadEmail, read_email
from crm_web.emails.incoming.reading.text import unflow
from tests.emails.incoming.messages import BOMBS, bounce, raw, write

AWAY = (
    "Automatic reply",
    "Out of Office",
    "Abwesenheitsnotiz",
    "Réponse automatique ",
    "Respuesta automática",
    "自動応答",
)


def read(message: EmailMessage | bytes, most_mb: int = 25) -> ReadEmail:
    return read_email(message if isinstance(message, bytes) else message.as_bytes(), most_mb=most_mb)


def names(email: ReadEmail) -> list[str]:
    return [it.name for it in email.attachments]


def test_an_email_is_read_with_its_people_text_and_files() -> None:
    message = write("Hello,\n\nsee below.\n", To="crm@piper.example, Ann Keller <Ann@Piper.example>", Cc="x@y.example")
    message.add_alternative("<p>Hello in <b>HTML</b></p>", subtype="html")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="Büro 東京.pdf")
    email = read(message)
    assert email.sender == ("Zoe Okoro", "zoe@acme.example")
    assert [it.email for it in email.recipients] == ["crm@piper.example", "ann@piper.example", "x@y.example"]
    assert (email.subject, email.body, email.message_id) == ("Our order", "Hello,\n\nsee below.", "<1@acme.example>")
    assert [(it.name, it.content, it.left_out) for it in email.attachments] == [("Büro 東京.pdf", b"%PDF-", None)]
    assert not email.is_automatic


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("=?utf-8?b?2KfZhNiz2YTYp9mF?= =?utf-8?q?_?=", "السلام"),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?windows-1252?q?Gr=FC=DFe?=", "Grüße"),
        ("=?no-such-set?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?!!!?= x", "x"),
        (b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"Gr\xfc\xdfe ohne Angabe", "Grüße ohne Angabe"),
        ("=?utf-8?q?a=0D=0ABcc:_b=40c.example?=", "a Bcc: b@c.example"),
        ("=?utf-8?q?a=00b?=", "ab"),
        ("offer\u202efdp.exe", "offerfdp.exe"),
        ("x" * 1000, "x" * 299 + "…"),
    ],
)
def test_encoded_words_are_read_whatever_is_wrong_with_them(written: str | bytes, read_as: str) -> None:
    line = b"Subject: " + (written if isinstance(written, bytes) else written.encode())
    assert read(raw(line, "", "Hello")).subject.endswith(read_as)
    assert "\n" not in read(raw(line, "", "Hello")).subject


@pytest.mark.parametrize(
    ("headers", "content", "text"),
    [
        (["Content-Type: text/plain; charset=iso-8859-1"], b"Gr\xfc\xdfe", "Grüße"),
        (["Content-Type: text/plain; charset=x-unknown"], "Grüße".encode(), "Grüße"),
        (["Content-Type: text/plain; charset=shift_jis"], "日本".encode("shift_jis"), "日本"),
        (["Content-Type: text/plain; charset=utf-8"], b"a\x00b\x07c\xff\xfe", "abcÿþ"),
        (["Content-Transfer-Encoding: base64"], b"SGVs bG8=\n*", "Hello"),
        (["Content-Transfer-Encoding: base64"], b"SGVsbG8gd29ybGQgYWdh", "Hello world aga"),
        (["Content-Transfer-Encoding: base64"], b"SGVsbG8gd", "Hello"),
        (["Content-Transfer-Encoding: quoted-printable"], b"Gr=C3=BC=\n=C3=9Fe =ZZ=", "Grüße =ZZ"),
        (["Content-Transfer-Encoding: made-up"], b"Hello", "Hello"),
        (["Content-Type: no type at all"], b"Hello", "Hello"),
        ([], b"Hello", "Hello"),
    ],
)
def test_text_is_read_in_any_encoding(headers: list[str], content: bytes, text: str) -> None:
    assert read(raw(*headers, "", content)).body == text


def test_html_is_read_as_text_and_nothing_of_it_runs() -> None:
    html = """<html><head><title>T</title><style>p{x}</style></head><body onload="alert(1)">
        <script>alert(1)</script><p>Hello&nbsp;<b>Zoe</b> &lt;3</p><div style="display:none">preheader</div>
        <ul><li>one<li>two</ul>line<br>next <a href="https://acme.example/x?a=1&amp;b">here</a>
        <a href="javascript:alert(1)">bad</a><img src="https://spy.example/pixel.gif" alt="x"><table><tr><td>a</td>
        <td>b</td></tr></table><blockquote>quoted<br>more</blockquote>end <!-- a --> <![CDATA[ x ]]></body></html>"""
    text = read(raw("Content-Type: text/html", "", html)).body
    assert text.replace("\xa0", " ") == (
        "Hello Zoe <3\n\n- one\n- two\n\nline\nnext here (https://acme.example/x?a=1&b) bad\n\na b\n\n"
        "> quoted\n> more\n\nend"
    )
    for word in ("alert", "script", "spy.example", "preheader", "<p", "onload"):
        assert word not in text


def test_html_is_read_where_the_plain_form_is_empty() -> None:
    message = write(" \n")
    message.add_alternative("<p>Only here</p>", subtype="html")
    assert (read(message).body, read(message).attachments) == ("Only here", [])


def test_flowed_text_is_joined() -> None:
    assert unflow("One \ntwo\n>quoted \n>more\n-- \nZoe", deletes_space=False) == "One two\n> quoted more\n-- \nZoe"
    assert unflow("日 \n本", deletes_space=True) == "日本"
    assert read(raw("Content-Type: text/plain; format=flowed", "", "One \ntwo")).body == "One two"


def test_what_is_no_text_becomes_files() -> None:
    message = write()
    message.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar")
    message.add_attachment(b"\x78\x9f\x3e\x22", maintype="application", subtype="ms-tnef")
    message.add_attachment(b"signature", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    message.add_attachment(b"-----BEGIN PGP", maintype="application", subtype="pgp-encrypted", filename="a.asc")
    message.add_attachment(write("Inner", From="inner@x.example"))
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="../../etc/pass\u202ewd\r\n.pdf")
    email = read(message)
    expected = ["invitation.ics", "winmail.dat", "smime.p7s", "a.asc", "message.eml", "passwd .pdf"]
    assert (email.body, names(email)) == ("Hello", expected)
    assert "inner@x.example" in email.mentioned


def test_what_is_left_out_is_named_with_the_reason() -> None:
    message = write()
    for number in range(MOST_FILES + 1):
        message.add_attachment(
            b"x" * (2_000_000 if number == 0 else 1), maintype="a", subtype="b", filename=f"{number}"
        )
    left_out = [(it.name, it.left_out) for it in read(message, most_mb=1).attachments if it.left_out]
    assert left_out == [("0", "The limit is 1 MB for each file."), ("50", "An email can have at most 50 files.")]
    beginning = read_email(write().as_bytes(), most_mb=1, size=50_000_000)
    assert [(it.name, it.left_out) for it in beginning.attachments] == [
        ("Rest of the email", "The limit is 40 MB for an email.")
    ]
    long = read(write("word " * LONGEST_BODY))
    assert (len(long.body), names(long)) == (LONGEST_BODY, ["Whole email.txt"])
    assert len(long.attachments[0].content) >= 5 * LONGEST_BODY - 1


def test_one_without_an_id_gets_one_of_what_it_says_however_it_came() -> None:
    one = read(write(Message_ID=""))
    assert one.message_id == read(write(Message_ID="", Received="by mx.example")).message_id
    assert one.message_id == read(write(Message_ID="").as_bytes().replace(b"\n", b"\r\n")).message_id
    assert one.message_id != read(write("Another", Message_ID="")).message_id
    assert len(read(raw("Message-ID: <" + "x" * 900 + "@a.example>", "", "")).message_id) < 50


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Zoe <zoë@ärzte.example>", "Zoe <zoë@ärzte.example>"),
        ('Zoe <"a b"@[127.0.0.1]>', 'Zoe <"a b"@[127.0.0.1]>'),
        ("nobody", "nobody"),
        ("Zoe <zoe@acme.example>", "Zoe"),
        ("<>", ""),
    ],
)
def test_a_sender_whose_address_is_none_is_told_as_written(written: str, shown: str) -> None:
    assert read(raw(f"From: {written}", "", "Hello")).sender.name == shown


def test_lines_that_end_in_the_old_way_are_read() -> None:
    email = read(b"From: zoe@acme.example\rSubject: Our order\r\rHello\r")
    assert (email.sender.email, email.subject, email.body) == ("zoe@acme.example", "Our order", "Hello")


@pytest.mark.parametrize(
    "header",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.acme.example>"},
        {"X_Auto_Response_Suppress": "All"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@mx.example"},
        *({"Subject": f"{subject}: your offer"} for subject in AWAY),
    ],
)
def test_what_programs_send_is_known(header: dict[str, str]) -> None:
    assert read(write(**header)).is_automatic
    assert not read(write(Auto_Submitted="no")).is_automatic
    assert not read(write(Subject="Re: your automatic reply")).is_automatic


def test_a_bounce_tells_which_email_and_why() -> None:
    told = read(bounce("<piper-0123@piper.example>")).bounce
    assert told is not None
    assert (list(told.ids), told.recipient, told.is_final) == (["<piper-0123@piper.example>"], "zoe@acme.example", True)
    assert told.reason == "550 5.1.1 User unknown"
    delayed = read(bounce("<a@b>", action="delayed")).bounce
    assert delayed is not None
    assert not delayed.is_final


@pytest.mark.parametrize("date", ["Thu, 01 Jan 99999 00:00:00 +0000", "yesterday", "", "1 Jan 2026 00:00 +9999"])
def test_dates_that_are_none_are_left_out(date: str) -> None:
    assert read(raw(f"Date: {date}", "", "")).sent_at is None


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little(name: str) -> None:
    before = time.process_time()
    email = read(BOMBS[name])
    assert time.process_time() - before < 4, "it takes tenths of seconds on one idle core"
    assert email.subject != "Email that could not be read"
    assert len(email.attachments) <= 202


def test_what_a_fault_keeps_from_being_read_is_kept_as_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_web.emails.incoming.reading.message.split_message", lambda _: 1 / 0)
    email = read(b"Subject: x\n\nHello")
    assert (email.subject, names(email)) == ("Email that could not be read", ["message.eml"])


LINES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b",
        b'Content-Type: multipart/alternative; boundary="c"',
        b"Content-Type: text/html; charset=utf-7",
        b"Content-Type: message/rfc822",
        b"Content-Type: message/delivery-status",
        b"Content-Type: text/plain; charset*0*=utf-8''%ff; name*1=x",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Disposition: attachment; filename*=utf-8''%00%ff",
        b'From: =?utf-8?q?=00?= <"a b"@x.example>, (c) :;',
        b"Message-ID: <<a@b> <c",
        b"Date: Thu, 1 Jan 2026 25:61:00 -9999",
        b"--b",
        b"--c--",
        b"",
        b"<p>x<blockquote>",
    ]
)


@pytest.mark.slow
@settings(max_examples=400)
@given(st.lists(LINES | st.binary(max_size=80), max_size=40), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_any_bytes_are_read_without_a_fault(lines: list[bytes], end: bytes) -> None:
    email = read(end.join(lines))
    assert email.subject != "Email that could not be read"
    for text in (email.body, email.subject, email.message_id, email.sender.name, *names(email)):
        assert "\x00" not in text
        text.encode()
    assert (len(email.message_id), len(email.sender.email) > 254) <= (300, False)


@settings(max_examples=200)
@given(st.text(alphabet="<>/abp \"'=!-&;#\n", max_size=300))
def test_any_html_is_read_without_a_fault(html: str) -> None:
    assert "<script" not in read_html(f"<script>{html}</script>")
