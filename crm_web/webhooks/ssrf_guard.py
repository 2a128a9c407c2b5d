"""Protection against server-side request forgery: messages go to public addresses only, unless the operator allows
others.

A name is resolved once, and the connection goes to the address that was checked, so a later change of the name has no
effect. Every spelling of an address goes through the resolver, so ``0x7f.1`` is 127.0.0.1 here.
"""

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

PORTS = {"https": 443, "http": 80}
NAT64 = IPv6Network("64:ff9b::/96")
UNICAST = IPv6Network("2000::/3")
NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        # Protocol assignments, the relays of 6to4, and what Python 3.11 does not know as reserved yet.
        *("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "198.18.0.0/15"),
        # Teredo and other assignments, documentation, 6to4: each may stand for an address of somewhere else.
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
EXAMPLE = "Enter a URL like https://hooks.example.com/piper."
INSIDE = "Enter a public URL. This one points to an internal address."
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")


class NotAllowed(ValueError):
    """Messages may not go to this address; the message says why."""


@dataclass(frozen=True)
class Target:
    """The destination of a message.

    :param host: name or address, without brackets
    :param path: with its query
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def read_target(url: str, *, allow_private: bool) -> Target:
    """Parse the URL of a webhook without network access.

    :param allow_private: allow private addresses, and http
    :raise NotAllowed: if messages may not go there
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise NotAllowed(f"{EXAMPLE} Write non-ASCII characters as %…, and in the host name as xn--….")
    parts = _split(url)
    if parts.scheme not in PORTS or (parts.scheme == "http" and not allow_private):
        raise NotAllowed("Enter a URL that starts with https://.")
    if "@" in parts.netloc:
        raise NotAllowed("Remove the user name and password before the @. Messages are signed instead.")
    host = parts.hostname or ""
    if parts.fragment or not (_NAME.fullmatch(host) or _is_version_6(host)):
        raise NotAllowed(EXAMPLE)
    port = parts.port or PORTS[parts.scheme]
    if not allow_private:
        _refuse_what_is_near(host, port)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # Asked for here, because a wrong one is only refused when it is.
        if parts.port == 0:
            raise ValueError
    except ValueError as error:
        raise NotAllowed(EXAMPLE) from error
    return parts


def _is_version_6(host: str) -> bool:
    try:
        return ":" in host and ip_address(host).version == 6
    except ValueError:
        return False


def _refuse_what_is_near(host: str, port: int) -> None:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
        raise NotAllowed(INSIDE)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return
    _check(str(answer[4][0]) for answer in found)


def resolve(target: Target, *, allow_private: bool) -> list[str]:
    """Resolve a target to addresses; connect to nothing else.

    :raise NotAllowed: if one of them is not public
    :raise OSError: if the name is unknown
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = list(dict.fromkeys(str(answer[4][0]) for answer in found))
    if not allow_private:
        _check(addresses)
    return addresses


def _check(addresses: Iterable[str]) -> None:
    if not all(map(is_public, addresses)):
        raise NotAllowed(INSIDE)


def is_public(address: str) -> bool:
    """Return whether an address is public: not private, loopback, link-local, multicast, reserved or translated."""
    known = ip_address(address)
    if isinstance(known, IPv4Address):
        return known.is_global and not known.is_multicast and not known.is_reserved and not _is_listed(known)
    if known.ipv4_mapped is not None:
        return is_public(str(known.ipv4_mapped))
    if known in NAT64:
        return is_public(str(IPv4Address(int(known) & 0xFFFFFFFF)))
    return known.scope_id is None and known in UNICAST and known.is_global and not _is_listed(known)


def _is_listed(address: IPv4Address | IPv6Address) -> bool:
    return any(address.version == network.version and address in network for network in NOT_PUBLIC)
