"""Signs messages as the Standard Webhooks specification says, so that receivers know who sent them."""

import hmac
from base64 import b64encode
from hashlib import sha256

BEGINNING = "whsec_"


def show_secret(secret: bytes) -> str:
    """
    Write a secret as libraries of receivers take it.

    :param secret: the secret of a webhook
    :return: such as ``whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw``
    """
    return BEGINNING + b64encode(secret).decode()


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """
    Sign a message.

    :param secret: the secret of the webhook
    :param message_id: what stays the same however often the message is sent
    :param timestamp: when it is sent, in seconds since 1970
    :param body: what is sent
    :return: the headers that let the receiver check it
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = b64encode(hmac.digest(secret, signed, sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}
