"""Static files: named by content, kept for long, compressed."""

import gzip
import re

import pytest
from flask import Flask, url_for

FILES = [("static", "tokens.css"), ("bootstrap.static", "css/bootstrap.min.css")]


def address_of(app: Flask, endpoint: str, filename: str) -> str:
    with app.test_request_context():
        return url_for(endpoint, filename=filename)


@pytest.mark.parametrize(("endpoint", "filename"), FILES)
def test_address_changes_with_the_content_and_is_kept_for_a_year(
    installation: Flask, endpoint: str, filename: str
) -> None:
    address = address_of(installation, endpoint, filename)

    with installation.test_client().get(address) as answer:
        assert "?v=" in address
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(("endpoint", "filename"), FILES)
def test_text_is_sent_compressed(installation: Flask, endpoint: str, filename: str) -> None:
    client, address = installation.test_client(), address_of(installation, endpoint, filename)

    with client.get(address) as plain, client.get(address, headers={"Accept-Encoding": "gzip, br"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(packed.data) == plain.data
        assert int(packed.headers["Content-Length"]) == len(packed.data)
        assert len(packed.data) < len(plain.data) * 0.6


def test_scripts_name_each_other_by_content_too(installation: Flask) -> None:
    client, found = installation.test_client(), [address_of(installation, "static", "app.js")]
    for address in found:
        with client.get(address, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Cache-Control"].endswith("immutable"), address
            imported = re.findall(r'(?:from|import) "\./([^"]+)"', gzip.decompress(answer.data).decode())
        found += [new for name in imported if (new := f"{address.rpartition('/')[0]}/{name}") not in found]
    # One script by two addresses would be two scripts to a browser, each with a state of its own.
    names = [address.partition("?")[0] for address in found]
    assert len(names) == len(set(names)) > 10


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_unchanged_file_is_not_sent_again(installation: Flask, encoding: str) -> None:
    client = installation.test_client()
    with client.get("/static/tokens.css", headers={"Accept-Encoding": encoding}) as first:
        etag = first.headers["ETag"]
    with client.get("/static/tokens.css", headers={"Accept-Encoding": encoding, "If-None-Match": etag}) as second:
        assert second.status_code == 304
        assert second.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("version", ["", "?v=", "?v=000000000000"])
def test_unknown_version_is_not_kept(installation: Flask, version: str) -> None:
    with installation.test_client().get(f"/static/tokens.css{version}") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"


def test_part_of_a_file_is_sent_plain(installation: Flask) -> None:
    headers = {"Range": "bytes=0-9", "Accept-Encoding": "gzip"}
    with installation.test_client().get("/static/tokens.css", headers=headers) as answer:
        assert answer.status_code == 206
        assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/static/none.css", "/static/../wsgi.py", "/static/..%2fwsgi.py", "/static/"])
def test_missing_file_is_not_found(installation: Flask, path: str) -> None:
    assert installation.test_client().get(path).status_code == 404
    assert "?v=" not in address_of(installation, "static", "none.css")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/static/tokens.css", "/bootstrap/static/css/bootstrap.min.css"])
def test_other_methods_do_not_work_on_files(installation: Flask, method: str, path: str) -> None:
    assert installation.test_client().open(path, method=method).status_code == 405
