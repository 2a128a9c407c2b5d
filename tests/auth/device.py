"""A device that keeps passkeys, as far as a site can see it."""

import json
import secrets
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, NEW_KEY = 1, 4, 64
ES256, EC2, P256 = -7, 2, 1


class Device:
    """A device with one passkey.

    :param origin: the address of the page that asks it, as its browser says
    :param counts: whether it counts how often the passkey is used
    """

    def __init__(self, origin: str = "https://crm.example", *, counts: bool = True) -> None:
        self.origin = origin
        self.counts = counts
        self.uses = 0
        self.flags = PRESENT | VERIFIED
        self.handle = ""
        self.credential_id = secrets.token_bytes(16)
        self._key = generate_private_key(SECP256R1())

    def create(self, options: str) -> str:
        """Answer a request for a new passkey."""
        asked = json.loads(options)
        self.handle = asked["user"]["id"]
        point = self._key.public_key().public_numbers()
        key = {1: EC2, 3: ES256, -1: P256, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        credential = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(key)
        said = self._say(asked["rp"]["id"], NEW_KEY) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": said})
        client = self._client_data("webauthn.create", asked["challenge"])
        return self._answer(clientDataJSON=client, attestationObject=attestation)

    def sign(self, options: str) -> str:
        """Answer a request to sign a challenge."""
        asked = json.loads(options)
        self.uses += self.counts
        said, client = self._say(asked["rpId"], 0), self._client_data("webauthn.get", asked["challenge"])
        signature = self._key.sign(said + sha256(client).digest(), ECDSA(SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=said, signature=signature)

    def _say(self, rp_id: str, flags: int) -> bytes:
        return sha256(rp_id.encode()).digest() + bytes([self.flags | flags]) + self.uses.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, **response: bytes) -> str:
        known: dict[str, Any] = {name: bytes_to_base64url(value) for name, value in response.items()}
        name = bytes_to_base64url(self.credential_id)
        answer = {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}}
        return json.dumps(answer | {"response": known | {"userHandle": self.handle}})
