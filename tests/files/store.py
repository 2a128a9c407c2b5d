"""A real store that speaks S3, SeaweedFS, as its package brings it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.operation.launch import find_free_port

BUCKET, KEY_ID, SECRET = "piper-files", "PIPERTESTS", "only-for-tests"


class Store:
    """A running store with one bucket.

    :param settings: what an installation is to be told of it
    """

    def __init__(self, port: int) -> None:
        self.settings: dict[str, Any] = {
            "files_store": "s3",
            "s3_endpoint": f"http://127.0.0.1:{port}",
            "s3_bucket": BUCKET,
            "s3_access_key_id": KEY_ID,
            "s3_secret_access_key": SECRET,
        }
        self.bucket = S3Store(
            BUCKET,
            endpoint=f"http://127.0.0.1:{port}",
            region="us-east-1",
            access_key_id=KEY_ID,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )

    def list_objects(self) -> dict[str, int]:
        """List the paths of what is in it, with their sizes."""
        return {str(one["path"]): int(one["size"]) for batch in self.bucket.list("files/") for one in batch}

    def wait(self) -> None:
        """Wait until it takes something, and make the bucket."""
        end = time.monotonic() + 60
        while True:
            try:
                self.bucket.put("ready", b"yes")
                return
            except BaseError:
                assert time.monotonic() < end, "the store did not start"
                time.sleep(0.1)


@contextmanager
def running_store() -> Iterator[Store]:
    """Give a store of the tests' own; it has to be killed, since it goes on for long when it is told to end."""
    with TemporaryDirectory(prefix="piper-s3-") as folder:
        port, process = _start(Path(folder))
        try:
            store = Store(port)
            store.wait()
            yield store
        finally:
            process.kill()
            process.wait()


def _start(folder: Path) -> tuple[int, "subprocess.Popen[bytes]"]:
    account = {"name": "piper", "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [account]}))
    names = ("s3.port", "master.port", "volume.port", "filer.port")
    ports = {name: find_free_port() for part in names for name in (part, f"{part}.grpc")}
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "s3.config": folder / "s3.json",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.localSocket": folder / "s3.sock",
        "filer.localSocket": folder / "filer.sock",
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        **ports,
    }
    program = [str(Path(sys.executable).with_name("weed")), "server", "-s3"]
    with (folder / "log").open("wb") as log:
        command = [*program, *(f"-{name}={value}" for name, value in options.items())]
        return ports["s3.port"], subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
