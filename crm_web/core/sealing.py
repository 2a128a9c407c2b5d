"""Secrets that the database holds sealed with the keys of this installation: a dump of it tells them to nobody.

The release before this one knows only secrets as they are. So both are written, until the database says that it serves
no such release any more (``flask secrets rotate --drop-plain``).
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import text

from crm_web.core.extensions import db
from crm_web.core.keys import list_keys

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

PURPOSE = b"piper-crm: secrets in the database"
FIRST_SEALED = "071"
"""Releases that end before this migration know only secrets that are not sealed."""
_OLDEST_SERVED = text("SELECT obj_description('alembic_version'::regclass)")


class HasSecret(Protocol):
    """A row with a secret, sealed by this release, as it is by the one before it."""

    secret: Any
    sealed_secret: Any


class WrongKey(Exception):
    """Neither ``SECRET_KEY`` nor one of its fallbacks sealed this."""


def keep(secret: str | bytes) -> dict[str, Any]:
    """Return the columns of a row with this secret: sealed, and as it is while an earlier release may need it."""
    oldest = db.session.scalar(_OLDEST_SERVED)
    plain = secret if oldest is None or oldest < FIRST_SEALED else None
    return {"secret": plain, "sealed_secret": seal(secret.encode() if isinstance(secret, str) else secret)}


def read(row: HasSecret) -> bytes:
    """Return the secret of a row.

    :raise WrongKey: if it was sealed with a key that is not among ours
    """
    if row.sealed_secret is not None:
        return unseal(row.sealed_secret)
    plain: str | bytes = row.secret
    return plain.encode() if isinstance(plain, str) else plain


def seal(secret: bytes) -> bytes:
    """Encrypt a secret for the database."""
    return _sealer(list_keys()).encrypt(secret)


def unseal(sealed: bytes) -> bytes:
    """Decrypt a secret of the database.

    :raise WrongKey: if it was sealed with a key that is not among ours
    """
    from cryptography.fernet import InvalidToken

    try:
        return _sealer(list_keys()).decrypt(sealed)
    except InvalidToken as error:
        raise WrongKey("SECRET_KEY was changed, and the earlier one is not in SECRET_KEY_FALLBACKS.") from error


@lru_cache(maxsize=4)
def _sealer(keys: tuple[str, ...]) -> "MultiFernet":
    # It takes 5 MB, and most processes never need it.
    from base64 import urlsafe_b64encode

    from cryptography.fernet import Fernet, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = (HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(key.encode()) for key in keys)
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in derived])
