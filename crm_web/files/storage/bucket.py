"""The bucket of this installation, in any store that speaks S3.

Its library is loaded when it is first used, which takes a process 10 MB: after the web server has started its
processes, since the threads of the library don't survive that.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError

if TYPE_CHECKING:
    from obstore.store import S3Store

PART = 5 * 1024 * 1024
"""Bytes that are sent at a time, and so are in memory: the least that S3 allows for parts."""
CONNECT_SECONDS = 3
SECONDS = 20
"""For one part or piece."""
PAUSE_SECONDS = 5.0
"""How long nobody tries again after the store didn't answer, so that requests don't all wait for it."""

log = logging.getLogger(__name__)


class FilesUnreachable(DomainError):
    """The bucket can't be reached, or refuses or lacks what it should have."""

    def __init__(self) -> None:
        super().__init__("The file store can’t be reached. Try again in a few minutes.", "files")


class _Pause:
    until = 0.0


def upload(key: UUID, content: BinaryIO | Iterator[bytes]) -> None:
    """Upload an object, a part at a time; the store checks each part by its hash.

    :raise FilesUnreachable: if it may not be there as a whole
    """
    with _reaching():
        _bucket().put(_path(key), content, chunk_size=PART, max_concurrency=1)


def download_piece(key: UUID, start: int, end: int, size: int) -> bytes:
    """Download a part of an object. A request of its own for each, since slow readers would keep one open too long.

    :param size: of the whole object
    :raise FilesUnreachable: if it can't be had
    """
    with _reaching():
        bucket = _bucket()
        # Some stores answer as to a whole object where the range is all of it, which the library refuses.
        whole = start == 0 and end == size
        return bytes(bucket.get(_path(key)).bytes() if whole else bucket.get_range(_path(key), start=start, end=end))


def delete(key: UUID) -> None:
    """Delete an object; one that is not there stays so.

    :raise FilesUnreachable: if it may still be there
    """
    with _reaching():
        _bucket().delete(_path(key))


def _path(key: UUID) -> str:
    return f"files/{key}"


def _bucket() -> "S3Store":
    settings = current_settings()
    account = (settings.s3_region, settings.s3_access_key_id, settings.s3_secret_access_key)
    return _open_bucket(settings.s3_endpoint.rstrip("/"), settings.s3_bucket, *account)


@cache
def _open_bucket(endpoint: str, name: str, region: str, key_id: str, secret: str) -> "S3Store":
    from obstore.store import S3Store

    return S3Store(
        name,
        endpoint=endpoint or None,
        region=region,
        access_key_id=key_id,
        secret_access_key=secret,
        checksum_algorithm="SHA256",
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "timeout": timedelta(seconds=SECONDS),
        },
        retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=SECONDS)},
    )


@contextmanager
def _reaching() -> Iterator[None]:
    from obstore.exceptions import BaseError, GenericError

    if not current_settings().s3_bucket:
        log.error("files are in a bucket, but S3_BUCKET is not set")
        raise FilesUnreachable
    if time.monotonic() < _Pause.until:
        raise FilesUnreachable
    try:
        yield
    except FileNotFoundError as error:
        log.error("the bucket or an object in it is missing: %s", _first_line(error))
        raise FilesUnreachable from error
    except BaseError as error:
        # Of a store that answers, the library says more precisely what is wrong.
        if isinstance(error, GenericError):
            _Pause.until = time.monotonic() + PAUSE_SECONDS
        log.warning("the file store failed: %s", _first_line(error))
        raise FilesUnreachable from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
