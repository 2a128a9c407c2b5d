"""An identity provider for tests: real HTTP, real signatures, and answers that a test can spoil."""

import hmac
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT = "piper"
SIGNED_OUT = "http://schemas.openid.net/event/backchannel-logout"


class FakeProvider:
    """Answers discovery, keys and tokens on a port of its own.

    :param claims: what the next token says beside what every token says; a test changes it at will
    :param name: what it calls itself, if not as it should
    :param more_claims: what it says only when it is asked for more
    :param algorithms: how it signs, as it says
    :param forged: the next token, if not one of its own
    """

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.begin_again()
        self._asked: dict[str, dict[str, str]] = {}
        self.rotate()

    def begin_again(self) -> None:
        """Be as every provider should be."""
        self.claims: dict[str, Any] = {}
        self.more_claims: dict[str, Any] = {}
        self.algorithms = ["RS256"]
        self.forged = ""
        self.name = ""
        self.clock = self.keys_given = 0
        self.is_away = False

    def rotate(self) -> None:
        """Sign with a new key from now on, and forget the old one."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "alg": "RS256", "use": "sig"})

    def approve(self, location: str) -> str:
        """As if the person signed in at the address the browser was sent to: gives the way back, with a code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_hex(8)
        self._asked[code] = asked
        return f"{urlsplit(asked['redirect_uri']).path}?code={code}&state={asked['state']}"

    def sign(self, **claims: Any) -> str:
        """A token of this provider."""
        now = int(time.time()) + self.clock
        said = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300} | claims
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, said, self.key)

    def forge(self, algorithm: str, key: bytes = b"", **claims: Any) -> str:
        """A token of somebody who knows only what everybody may know of this provider."""
        _, said, _ = self.sign(**claims).split(".")
        header = encode(json.dumps({"alg": algorithm, "kid": self.key.kid}).encode())
        return f"{header}.{said}.{encode(hmac.digest(key, f'{header}.{said}'.encode(), 'sha256')) if key else ''}"

    def sign_out(self, **claims: Any) -> str:
        """A message that somebody signed out."""
        return self.sign(**({"jti": secrets.token_hex(8), "events": {SIGNED_OUT: {}}} | claims))

    def _answer(self, path: str, sent: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.is_away:
            return 503, {}
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.name or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "id_token_signing_alg_values_supported": self.algorithms,
            }
        if path == "/keys":
            self.keys_given += 1
            return 200, dict(KeySet([self.key]).as_dict(private=False))
        if path == "/userinfo":
            return 200, {"sub": self.claims.get("sub")} | self.more_claims
        asked = self._asked.pop(sent.get("code", ""), None)
        if asked is None or create_s256_code_challenge(sent.get("code_verifier", "")) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        id_token = self.sign(**({"sub": "u-1", "nonce": asked["nonce"]} | self.claims))
        return 200, {"access_token": secrets.token_hex(8), "token_type": "Bearer", "id_token": self.forged or id_token}

    def _handler(provider) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                sent = {name: values[0] for name, values in parse_qs(body).items()}
                status, answer = provider._answer(self.path, sent)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def encode(content: bytes) -> str:
    """As tokens are written."""
    return urlsafe_b64encode(content).decode().rstrip("=")


@contextmanager
def running() -> Iterator[FakeProvider]:
    """A provider that answers until the block ends."""
    provider = FakeProvider()
    thread = Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join()
