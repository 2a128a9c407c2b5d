"""Where messages may go, and where not, in every spelling."""

import socket
from typing import Any

import pytest

from crm_web.webhooks.ssrf_guard import NotAllowed, is_public, read_target, resolve

NEAR = [
    "127.0.0.1",
    "127.255.0.9",
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
FAR = ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
SPELLINGS = [
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://0/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:0:0:1]:8443/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://app.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://169.254.169.254/latest/meta-data/",
]
BROKEN = [
    "",
    "hooks.example.com",
    "//hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://",
    "https:///path",
    "https://me:secret@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://@hooks.example.com/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:a/",
    "https://hooks.example.com/#part",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\r\nHost: inside",
    "https://hooks.exam\tple.com/",
    "https://hooks。example。com/",
    "https://①②⑦.⓪.⓪.①/",
    "https://[::1/",
    "https://[v1.a:b]/",
    "https://exa%6dple.com/",
    "http://hooks.example.com/",
]


@pytest.mark.parametrize("address", NEAR)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", FAR)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", [*SPELLINGS, *BROKEN])
def test_no_webhook_leads_there(url: str) -> None:
    with pytest.raises(NotAllowed):
        read_target(url, allow_private=False)


@pytest.mark.parametrize("url", BROKEN[:-1])
def test_what_is_no_address_stays_none_where_private_ones_are_allowed(url: str) -> None:
    with pytest.raises(NotAllowed):
        read_target(url, allow_private=True)


def test_an_address_is_read_whole() -> None:
    target = read_target("https://Hooks.Example.com:8443/piper?for=a%20b", allow_private=False)
    assert (target.scheme, target.host, target.port, target.path) == (
        "https",
        "hooks.example.com",
        8443,
        "/piper?for=a%20b",
    )
    assert target.authority == "hooks.example.com:8443"
    assert read_target("https://[2606:4700::1]", allow_private=False).authority == "[2606:4700::1]"


def test_a_name_that_leads_inside_as_well_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a resolver answers is the one thing that a test has to make up."""

    def answer(host: str, port: int, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("93.184.215.14", "10.0.0.5")
        ]

    target = read_target("https://hooks.example.com/", allow_private=False)
    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(NotAllowed):
        resolve(target, allow_private=False)
    assert resolve(target, allow_private=True) == ["93.184.215.14", "10.0.0.5"]
