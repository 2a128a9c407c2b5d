"""Sending files so that nothing in them runs."""

from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote

from flask import Response, stream_with_context

from crm_web.core.extensions import db
from crm_web.files.storage.queries import read_content
from crm_web.models import File, MediaType

NOTHING_RUNS = "default-src 'none'; sandbox"
"""Of a file that a browser opens by itself."""
SHOWS_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"
"""Browsers don't show a PDF in a sandbox; their viewers are one."""


def send_content(file: File, media_type: str, disposition: str) -> Response:
    """Send a file, a piece at a time. A browser takes it for nothing else than it is sent as, and runs nothing in it.

    :param disposition: ``attachment`` to save it, ``inline`` to show it
    :raise FilesUnreachable: if it is in the bucket and can't be had
    """
    return send_pieces(read_content(file.id, file.size), file.name, file.size, media_type, disposition)


def send_pieces(pieces: Iterator[bytes], name: str, size: int, media_type: str, disposition: str) -> Response:
    """Send what is in pieces as a file: see ``send_content``."""
    # Once the answer has begun it can only break off; so the first piece has to be there.
    pieces = chain([next(pieces, b"")], pieces)
    response = Response(stream_with_context(_send_pieces(pieces)), mimetype=media_type)
    plain = name.encode("ascii", "replace").decode().replace('"', "_").replace("?", "_")
    names = f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Disposition"] = f"{disposition}; {names}"
    response.headers["Content-Security-Policy"] = SHOWS_PDF if media_type == MediaType.PDF else NOTHING_RUNS
    response.content_length = size
    return response


def _send_pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give the connection back before each piece is sent: slow readers would keep it from everyone else."""
    for piece in pieces:
        db.session.close()
        yield piece
