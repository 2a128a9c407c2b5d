"""Signatures by the Standard Webhooks specification."""

import hmac
from base64 import b64encode
from hashlib import sha256

BEGINNING = "whsec_"


def show_secret(secret: bytes) -> str:
    """Format a secret as receivers' libraries take it, such as ``whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw``."""
    return BEGINNING + b64encode(secret).decode()


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that sign a message.

    :param message_id: the same for each attempt
    :param timestamp: of sending, in seconds since 1970
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = b64encode(hmac.digest(secret, signed, sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}
