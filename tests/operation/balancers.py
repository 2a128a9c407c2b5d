"""haproxy and nginx with the examples in deploy/, on ports of this machine."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.operation.launch import ROOT, find_free_port, wait_for
from tests.operation.traffic import HOST, Entrance

NGINX = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/example.conf;
}}
"""


def find_balancers() -> list[str]:
    """The ones that are installed."""
    return [name for name in ("haproxy", "nginx") if find_balancer(name)]


def find_balancer(name: str) -> str | None:
    """Its program; Debian puts them where only root looks."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


def make_certificate(folder: Path) -> Path:
    """A certificate of the example's host, signed by itself, with its key in one file."""
    file, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-days", "2"]
    subprocess.run([*command, "-keyout", key, "-out", file], check=True, capture_output=True)
    file.write_text(file.read_text() + key.read_text())
    return file


def write_example(name: str, folder: Path, ports: list[int], port: int, *, interval: str = "2s") -> list[str]:
    """Copy an example with the addresses of this machine in it.

    :param ports: of the instances
    :param port: of the balancer
    :param interval: between haproxy's checks
    :return: the command that runs it
    """
    example = next((ROOT / "deploy").glob(f"{name}.*.example")).read_text()
    certificate = folder / "certificate.pem"
    example = re.sub(r"(bind :|listen )443", rf"\g<1>{port}", example).replace("inter 2s", f"inter {interval}")
    example = re.sub(r"/etc/\S+\.(pem|key)", str(certificate), example)
    for number, instance in enumerate(ports, 11):
        example = example.replace(f"10.0.0.{number}:8000", f"127.0.0.1:{instance}")
    program = find_balancer(name)
    assert program
    if name == "haproxy":
        (folder / "haproxy.cfg").write_text(example)
        return [program, "-db", "-f", str(folder / "haproxy.cfg")]
    (folder / "example.conf").write_text(example)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
    return [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]


@contextmanager
def balance(folder: Path, ports: list[int], *, interval: str = "2s") -> Iterator[dict[str, Entrance]]:
    """Run all balancers that are installed in front of instances; they are ready when each gets to one."""
    certificate = make_certificate(folder)
    running: dict[str, subprocess.Popen[bytes]] = {}
    entrances = {name: Entrance(find_free_port(), certificate=certificate) for name in find_balancers()}
    try:
        for name, entrance in entrances.items():
            command = write_example(name, folder, ports, entrance.port, interval=interval)
            with (folder / f"{name}.log").open("wb") as log:
                running[name] = subprocess.Popen(command, stdout=log, stderr=log)
        for name, entrance in entrances.items():
            wait_for(lambda entrance=entrance: _gets_through(entrance), 10)  # type: ignore[misc]
            assert running[name].poll() is None, (folder / f"{name}.log").read_text()
        yield entrances
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait(10)


def _gets_through(entrance: Entrance) -> bool:
    connection = entrance.connect()
    try:
        return entrance.ask(connection, "GET", "/readyz")[0] == 200
    except OSError:
        return False
    finally:
        connection.close()
