"""Sending files so that nothing in them runs."""

from collections.abc import Iterator
from urllib.parse import quote

from flask import Response, stream_with_context

from crm_web.core.extensions import db
from crm_web.files.queries import read_content
from crm_web.models import File, MediaType

NOTHING_RUNS = "default-src 'none'; sandbox"
"""Of a file that a browser opens by itself."""
SHOWS_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"
"""Browsers don't show a PDF in a sandbox; their viewers are one."""


def send_content(file: File, media_type: str, disposition: str) -> Response:
    """Send a file, a piece at a time. A browser takes it for nothing else than it is sent as, and runs nothing in it.

    :param disposition: ``attachment`` to save it, ``inline`` to show it
    """
    response = Response(stream_with_context(_read_pieces(file.id)), mimetype=media_type)
    plain = file.name.encode("ascii", "replace").decode().replace('"', "_").replace("?", "_")
    name = f"filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
    response.headers["Content-Disposition"] = f"{disposition}; {name}"
    response.headers["Content-Security-Policy"] = SHOWS_PDF if media_type == MediaType.PDF else NOTHING_RUNS
    response.content_length = file.size
    return response


def _read_pieces(file_id: int) -> Iterator[bytes]:
    """Give the connection back before each piece is sent: slow readers would keep it from everyone else."""
    for piece in read_content(file_id):
        db.session.close()
        yield piece
