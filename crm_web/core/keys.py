"""The keys of this installation.

``SECRET_KEY`` signs and seals; what an earlier one in ``SECRET_KEY_FALLBACKS`` signed or sealed is still read. So a key
is changed in steps, and no instance meets anything that it can't read.
"""

import hmac

from flask import current_app


def list_keys() -> tuple[str, ...]:
    """List the keys of this installation, the one that signs first."""
    config = current_app.config
    return config["SECRET_KEY"], *(config["SECRET_KEY_FALLBACKS"] or ())


def keyed_digest(content: bytes) -> bytes:
    """Return a digest that nobody without the key can make, so that a guess can't be tried out on it."""
    return hmac.digest(list_keys()[0].encode(), content, "sha256")


def is_keyed_digest(kept: bytes, content: bytes) -> bool:
    """Return whether this is the digest of a content, by whichever key."""
    return any(hmac.compare_digest(kept, hmac.digest(key.encode(), content, "sha256")) for key in list_keys())
