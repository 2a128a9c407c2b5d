"""Emails as people, programs and attackers send them."""

from email.message import EmailMessage

INBOX = "crm@piper.example"
BOMBS = {
    "10,000 parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 10_000,
    "1,000 levels": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level) for level in range(1000)
    ),
    "3,000,000 boundaries": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"\n--b" * 3_000_000,
    "1 MB of a header": b"Subject: " + b"x" * 1_000_000 + b"\n\nHello",
    "1 MB of headers": b"A: b\n" * 150_000 + b"\nHello",
    "a boundary of 1 MB": b"Content-Type: multipart/mixed; boundary=" + b"b" * 1_000_000 + b"\n\nHello",
    "200,000 parameters": b"Content-Type: multipart/mixed" + b";" * 200_000 + b"\n\nHello",
    "8,000 comments": b"From: " + b"(" * 8_000 + b"\n\nHello",
    "4,000 quotes": b"To: " + b'"a' * 4_000 + b"\n\nHello",
    "4,000 half words": b"Subject: " + b"=?" * 4_000 + b"\n\nHello",
    "200,000 marks that don't end": b"Content-Type: text/html\n\n" + b"<a " * 200_000,
    "200,000 remarks that don't end": b"Content-Type: text/html\n\n" + b"<!--" * 200_000,
    "40,000 quotes in quotes": b"Content-Type: text/html\n\n" + b"<blockquote>" * 40_000 + b"x",
    "a slow character set": b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 500_000,
    "signs of no character set": b"Content-Type: text/plain; charset=idna\n\n" + b"xn--a." * 100_000,
    "36 MB of one file": b"Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\n" + b"QUJD" * 9_000_000,
    "40 MB of lines": b"Content-Type: text/plain\n\n" + b"a b\n" * 10_000_000,
    "nothing but ends of lines": b"\r\n" * 1_000_000,
}


def write(body: str = "Hello", **headers: str) -> EmailMessage:
    """An email from Zoe to the installation; headers have ``_`` for ``-``, an empty one is left out."""
    message = EmailMessage()
    usual = {
        "From": "Zoe Okoro <zoe@acme.example>",
        "To": INBOX,
        "Subject": "Our order",
        "Message-ID": "<1@acme.example>",
    }
    for name, value in {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        if value:
            message[name] = value
    message.set_content(body)
    return message


def raw(*lines: str | bytes) -> bytes:
    """A message as it is written, line by line."""
    return b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)


def bounce(message_id: str, *, action: str = "failed", recipient: str = "zoe@acme.example") -> bytes:
    """What a mail server sends when it could not deliver an email."""
    return raw(
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>",
        f"To: {INBOX}",
        "Subject: Undelivered Mail Returned to Sender",
        "Message-ID: <bounce-1@mx.example>",
        "Return-Path: <>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"',
        "",
        "--B",
        "",
        "I'm sorry to inform you that your message could not be delivered.",
        "--B",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        f"Action: {action}",
        "Status: 5.1.1",
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown",
        "",
        "--B",
        "Content-Type: message/rfc822",
        "",
        f"Message-ID: {message_id}",
        "Subject: Our offer",
        "",
        "Hello",
        "--B--",
        "",
    )
