"""Compression of responses: zstd or gzip, whichever the client prefers.

Responses that show a secret are not compressed (``security_headers.hide_secret`` marks them ``no-transform``), nor are
those with a strong ETag: a program sends it back as If-Match, and a compressed body would need a weak one.

The levels cost less than half a millisecond for a list of 50 rows.
"""

import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Protocol

from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header
from zstandard import COMPRESSOBJ_FLUSH_BLOCK, ZstdCompressionParameters, ZstdCompressor

from crm_web.core.security_headers import STATIC_ENDPOINTS, vary_by

COMPRESSED_TYPES = (
    "text/html",
    "text/plain",
    "text/csv",
    "application/json",
    "application/problem+json",
    "application/x-ndjson",
)
SMALLEST = 1000
"""Bytes; what is smaller goes into one packet either way."""
GZIP_LEVEL = 4
GZIP_FORMAT = 16 + zlib.MAX_WBITS
# The window is the memory that each stream keeps.
ZSTD = ZstdCompressionParameters.from_level(3, window_log=19)


class Compressor(Protocol):
    """A compressor of one response."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self, mode: int = ..., /) -> bytes: ...


def init_app(app: Flask) -> None:
    """Compress responses. Register this hook first: it then sees each response last."""
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Compress a response if that is worth it and the client accepts it."""
    if not _may_be_compressed(response):
        return response
    vary_by(response, "Accept-Encoding")
    encoding = choose_encoding()
    if encoding is None or (not response.is_streamed and response.calculate_content_length() < SMALLEST):  # type: ignore[operator]
        return response
    if response.is_streamed:
        _compress_stream(response, encoding)
    else:
        compressor = _make_compressor(encoding)
        response.set_data(compressor.compress(response.get_data()) + compressor.flush())
    response.headers["Content-Encoding"] = encoding
    return response


def choose_encoding() -> str | None:
    """Choose ``zstd`` or ``gzip`` by what the client accepts, preferring the faster; ``None`` for no compression."""
    return _choose(request.environ.get("HTTP_ACCEPT_ENCODING"))


@lru_cache(maxsize=64)
def _choose(header: str | None) -> str | None:
    accepted: Accept = parse_accept_header(header)
    best = max(("zstd", "gzip"), key=lambda name: accepted[name])
    return best if accepted[best] > 0 and accepted[best] >= accepted["identity"] else None


def _may_be_compressed(response: Response) -> bool:
    # Looked through once: to ask for each of them by its name would do so four times.
    headers = {name.lower(): value for name, value in response.headers}
    return (
        headers.get("content-type", "").partition(";")[0].strip().lower() in COMPRESSED_TYPES
        and request.endpoint not in STATIC_ENDPOINTS
        and response.status_code >= 200
        and response.status_code not in (204, 206, 304)
        and "content-encoding" not in headers
        and not response.direct_passthrough
        and "no-transform" not in headers.get("cache-control", "")
        and headers.get("etag", "W/").startswith(("W/", "w/"))
    )


def _make_compressor(encoding: str) -> Compressor:
    if encoding == "gzip":
        return zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_FORMAT)
    return ZstdCompressor(compression_params=ZSTD).compressobj()


def _compress_stream(response: Response, encoding: str) -> None:
    pieces = response.response
    if hasattr(pieces, "close"):
        response.call_on_close(pieces.close)
    response.response = _compress_pieces(response.iter_encoded(), encoding)
    response.headers.pop("Content-Length", None)


def _compress_pieces(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Send each piece as it comes, so that the client sees progress and nothing piles up."""
    compressor = _make_compressor(encoding)
    flush = zlib.Z_SYNC_FLUSH if encoding == "gzip" else COMPRESSOBJ_FLUSH_BLOCK
    for piece in pieces:
        yield compressor.compress(piece) + compressor.flush(flush)
    yield compressor.flush()
