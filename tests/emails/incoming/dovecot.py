"""A real IMAP server for tests: Debian's dovecot with a configuration, a mailbox and a port of its own."""

import grp
import imaplib
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.mail.server import make_certificate
from tests.operation.launch import find_free_port

DOVECOT = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_dovecot = pytest.mark.skipif(DOVECOT is None, reason="dovecot is not installed: apt-get install dovecot-imapd")
USER, PASSWORD = "crm", "secret-of-the-mailbox"
CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login_user}
first_valid_uid = 0
mail_location = maildir:{folder}/mail
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
"""


@contextmanager
def serve(folder: Path) -> Iterator[tuple[int, int]]:
    """Run the server; gives its port without encryption (and for STARTTLS), and that with TLS.

    :param folder: a short path, since sockets have names of 100 signs at most
    """
    make_certificate(folder)
    ports = find_free_port(), find_free_port()
    # It refuses to work as root, for which Debian's package brings users.
    is_root = os.getuid() == 0
    me = pwd.getpwnam("dovecot") if is_root else pwd.getpwuid(os.getuid())
    for name in ("mail", "home"):
        (folder / name).mkdir()
        os.chown(folder / name, me.pw_uid, me.pw_gid)
    folder.chmod(0o755)
    names = {"user": me.pw_name, "group": grp.getgrgid(me.pw_gid).gr_name, "uid": me.pw_uid, "gid": me.pw_gid}
    names |= {"login_user": "dovenull" if is_root else me.pw_name, "folder": str(folder)}
    text = CONFIGURATION.format(**names, port=ports[0], tls_port=ports[1], password=PASSWORD)
    (folder / "dovecot.conf").write_text(text)
    process = subprocess.Popen([str(DOVECOT), "-F", "-c", str(folder / "dovecot.conf")], stderr=subprocess.DEVNULL)
    try:
        _wait_for(ports[0], process, folder)
        yield ports
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, _read_log(folder)
        try:
            connect(port).logout()
            return
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.1)
    raise AssertionError(_read_log(folder))


def _read_log(folder: Path) -> str:
    log = folder / "log"
    return log.read_text() if log.exists() else "no log"


def connect(port: int) -> imaplib.IMAP4:
    """Sign in to the mailbox as a person does."""
    server = imaplib.IMAP4("127.0.0.1", port, timeout=10)
    server.login(USER, PASSWORD)
    server.select("INBOX")
    return server


def put(port: int, *messages: bytes) -> None:
    """Let emails arrive."""
    server = connect(port)
    for message in messages:
        server.append("INBOX", "", "", message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    server.logout()


def count_unread(port: int) -> int:
    """How many emails are not marked as read."""
    server = connect(port)
    found = server.uid("SEARCH", "UNSEEN")[1][0]
    server.logout()
    return len((found or b"").split())
