"""The embedded PostgreSQL server of the default run, in its own folder (`var/`).

Several programs may use it at once: `make run`, a `flask` command, test processes. Each holds a shared lock on
`postgres.users` meanwhile. The first one starts the server, the last one stops it, and since the kernel releases the
locks of a killed process, there is no count that could be wrong. The server's processes inherit a lock on
`postgres.alive`, which tells a stale `postmaster.pid` from a running server without guessing by process id.
"""

import atexit
import fcntl
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from click import echo

from crm_web.core.embedded_database import PORT, ROLE, SOCKET, embedded_url, socket_folder
from crm_web.core.errors import PostgresError
from crm_web.launcher.file_locks import is_free, make_folder, open_lock, try_lock, wait_until
from crm_web.launcher.programs import find_program, major_version

SUPERUSER = "postgres"
PATIENCE_TO_START = 60.0
PATIENCE_TO_STOP = 30.0

SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Just-in-time compilation only costs time on the short queries of a page.
    "jit": "off",
}
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # A worker of autovacuum in a database that is to be dropped would be in the way of whoever may not end it.
    "autovacuum": "off",
}


class EmbeddedServer:
    """A PostgreSQL server on a private unix socket, shared by the processes that use its folder.

    :param durable: whether what it commits outlives a crash of the machine
    :param settings: more settings of PostgreSQL
    :param patience: how many seconds it may take to start
    """

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        patience: float = PATIENCE_TO_START,
    ) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "postgres"
        self.log = self.folder / "postgres.log"
        self.durable, self.patience = durable, patience
        self.settings = SETTINGS | ({} if durable else FAST_SETTINGS) | dict(settings or {})
        self._lease: int | None = None
        self._lease_owner = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def is_held(self) -> bool:
        """Whether this process (not one that it was forked from) holds the server."""
        return self._lease is not None and self._lease_owner == os.getpid()

    @property
    def socket_folder(self) -> Path:
        """The data folder, or a short private one if the path is too long for libpq or the kernel."""
        return socket_folder(self.folder)

    def url(self, database: str = ROLE) -> str:
        """Return the SQLAlchemy URL of a database on this server."""
        return embedded_url(self.folder, database)

    def start(self) -> None:
        """Hold the server for this process, and start it if it is not running. More calls do no harm.

        :raise PostgresError: if the folder or the server does not allow it
        """
        if self.is_held():
            return
        with self._alone():
            if self.is_held():  # Another thread was first.
                return
            lease = open_lock(self.folder / "postgres.users")
            fcntl.flock(lease, fcntl.LOCK_SH)
            try:
                self._ensure_running()
                self._lease, self._lease_owner = lease, os.getpid()
            except BaseException:
                # Ctrl-C may come while it starts: nothing that nobody uses is left behind.
                self._let_go(lease)
                raise

    def ensure_running(self) -> None:
        """Restart the server if it died while this process holds it.

        :raise PostgresError: if it does not start
        """
        if self._process is not None and self._process.poll() is None:
            return
        with self._alone():
            if not self._is_alive():
                self._ensure_running()

    def stop(self) -> None:
        """Release the server, and stop it if no other process holds it.

        :raise PostgresError: if it cannot be stopped
        """
        if not self.is_held() or self._lease is None:
            return
        with self._alone():
            self._let_go(self._lease)

    def _let_go(self, lease: int) -> None:
        # Unlocked rather than only closed: a child that was just forked may have a copy.
        fcntl.flock(lease, fcntl.LOCK_UN)
        os.close(lease)
        self._lease = None
        if is_free(self.folder / "postgres.users"):
            self._shut_down()
        elif self._process is not None:
            # It serves others now; Popen must not complain about a child that outlives it.
            self._process.returncode = 0
            self._process = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock for starting and stopping the server."""
        make_folder(self.folder)
        lock = open_lock(self.folder / "postgres.lock")
        try:
            if not wait_until(lambda: try_lock(lock), 2 * PATIENCE_TO_START):
                raise PostgresError(f"Another process is still starting or stopping the database in {self.folder}.")
            yield
        finally:
            os.close(lock)

    def _is_alive(self) -> bool:
        return not is_free(self.folder / "postgres.alive")

    def _accepts(self) -> bool:
        """Whether the socket accepts connections; only the kernel is asked, so a suspended server blocks nobody."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            return line.connect_ex(str(self.socket_folder / SOCKET)) == 0

    def _is_ready(self) -> bool:
        with suppress(FileNotFoundError):
            state = (self.data / "postmaster.pid").read_text().split("\n")
            return len(state) > 7 and state[7].strip() == "ready" and self._accepts()
        return False

    def _ensure_running(self) -> None:
        self._create_cluster()
        # A server that was killed leaves children for a moment; one that crashed is busy with recovery.
        if not wait_until(lambda: self._is_ready() or not self._is_alive(), PATIENCE_TO_START):
            raise PostgresError(f"PostgreSQL in {self.data} is running but not ready. See {self.log}.")
        if not self._is_ready():
            self._launch()

    def _create_cluster(self) -> None:
        """Create the data folder under another name first, so that a killed initdb leaves nothing half made."""
        if (self.data / "PG_VERSION").exists():
            return
        unfinished = self.folder / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        account = find_account(unfinished)
        _make_reachable(unfinished, account)
        command = ["-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
        # For pg_trgm, which asks this for what is a letter: with C it would find nothing in Cyrillic.
        command += ["--lc-ctype=C.UTF-8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", *([] if self.durable else ["--no-sync"])]
        self._complete("initdb", command, account)
        statements = f"CREATE ROLE {ROLE} LOGIN CREATEDB;\nCREATE DATABASE {ROLE} OWNER {ROLE};\n"
        self._complete("postgres", ["--single", "-D", str(unfinished), "postgres"], account, statements)
        unfinished.rename(self.data)

    def _complete(self, name: str, arguments: list[str], account: pwd.struct_passwd, text: str = "") -> None:
        with _popen(name, arguments, account, log=self.log, stdin=subprocess.PIPE) as process:
            process.communicate(text.encode())
        if process.returncode:
            raise PostgresError(f"PostgreSQL couldn’t create its files in {self.folder}: {_last_line(self.log)}")

    def _launch(self) -> None:
        self._check_version()
        # Nobody holds the lock of the living, so these can only be left over. The server itself would be misled by a
        # process that got the same number since, or by its own predecessor if nobody collects the dead here.
        for leftover in (self.data / "postmaster.pid", self.socket_folder / f"{SOCKET}.lock"):
            leftover.unlink(missing_ok=True)
        account = find_account(self.data)
        _make_reachable(self.data, account)
        settings = self.settings | {"unix_socket_directories": str(_private_folder(self.socket_folder, account))}
        arguments = ["-D", str(self.data)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        alive = open_lock(self.folder / "postgres.alive")
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._process = _popen("postgres", arguments, account, log=self.log, keep_open=alive)
        finally:
            os.close(alive)
        self._wait_for(self._process)

    def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        if not wait_until(lambda: process.poll() is not None or self._is_ready(), self.patience):
            raise PostgresError(f"PostgreSQL did not start within {self.patience:.0f} seconds. See {self.log}.")
        if process.returncode is not None:
            raise PostgresError(f"PostgreSQL did not start: {_last_line(self.log)} (see {self.log})")

    def _check_version(self) -> None:
        is_version = (self.data / "PG_VERSION").read_text().strip()
        can_version = major_version()
        if is_version != can_version:
            raise PostgresError(
                f"{self.data} was made by PostgreSQL {is_version}, this is {can_version}: "
                "dump it with the old version, move the folder away and load the dump."
            )

    def _shut_down(self) -> None:
        for request, patience in ((signal.SIGINT, PATIENCE_TO_STOP), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            # One that has only just been started has not written down its number yet.
            wait_until(lambda request=request: self._is_gone() or self._ask_to_stop(request), 5)  # type: ignore[misc]
            if wait_until(self._is_gone, patience):
                self._process = None
                return
        raise PostgresError(f"PostgreSQL in {self.data} doesn’t stop. See {self.log}.")

    def _ask_to_stop(self, request: int) -> bool:
        try:
            postmaster = int((self.data / "postmaster.pid").read_text().split("\n")[0])
            os.kill(postmaster, request)
            # A suspended server takes no request to stop before it is woken.
            os.kill(postmaster, signal.SIGCONT)
        except (ProcessLookupError, FileNotFoundError, ValueError):
            return False
        return True

    def _is_gone(self) -> bool:
        if self._process is not None and self._process.poll() is None:
            return False
        return not self._is_alive() and not self._accepts()


def start_on_demand(folder: Path, *, creates: bool) -> Callable[[], None]:
    """Return a function that starts the server of a folder.

    :param creates: whether it makes the database where there is none; if not, it raises ``PostgresError`` there
    """
    server = EmbeddedServer(folder)

    def start() -> None:
        if not creates and not server.data.exists():
            raise PostgresError(
                "DATABASE_URL is not set, and there is no embedded database here yet. Set DATABASE_URL, or create the"
                " embedded one with `make run` or DATABASE_URL=embedded."
            )
        if not server.is_held():
            server.start()
            atexit.register(server.stop)

    return start


def _popen(
    name: str,
    arguments: list[str],
    account: pwd.struct_passwd,
    *,
    log: Path,
    keep_open: int | None = None,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Run a PostgreSQL program under its own account, in its own session, without our PG… variables."""
    as_root = os.geteuid() == 0
    if log.exists() and log.stat().st_size > 10_000_000:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603
            [find_program(name), *arguments],
            stdin=stdin,
            stdout=output,
            stderr=output,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            pass_fds=() if keep_open is None else (keep_open,),
            user=account.pw_uid if as_root else None,
            group=account.pw_gid if as_root else None,
            extra_groups=[] if as_root else None,
        )


def find_account(data: Path) -> pwd.struct_passwd:
    """Find who runs the server. PostgreSQL refuses to run as root; then the owner of its files, else postgres, else
    nobody, to whom the folder is given.

    :raise PostgresError: if there is no such user
    """
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    owner = data.stat().st_uid
    if owner != 0:
        return pwd.getpwuid(owner)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            account = pwd.getpwnam(name)
            os.chown(data, account.pw_uid, account.pw_gid)
            return account
    raise PostgresError("PostgreSQL can’t run as root, and there is no user nobody. Run as a regular user.")


def _make_reachable(data: Path, account: pwd.struct_passwd) -> None:
    """As root: let the server's account traverse the folders above its data and programs."""
    if os.geteuid() != 0:
        return
    programs = Path(find_program("postgres")).parents[1]
    for folder in {*data.parents, *programs.parents}:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH and folder.stat().st_uid != account.pw_uid:
            folder.chmod(mode | stat.S_IXOTH)
            echo(f"PostgreSQL runs as {account.pw_name}, so others may now pass through {folder}", err=True)
    if not programs.stat().st_mode & stat.S_IROTH:
        for path in (programs, *programs.rglob("*")):
            is_runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(path.stat().st_mode | stat.S_IROTH | (stat.S_IXOTH if is_runnable else 0))


def _private_folder(folder: Path, account: pwd.struct_passwd) -> Path:
    """Create the socket folder; refuse one in a shared place that belongs to somebody else."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, account.pw_uid, account.pw_gid)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != account.pw_uid or state.st_mode & 0o077:
        raise PostgresError(
            f"{folder} must be a folder of {account.pw_name} with mode 0700. Remove it and start again."
        )
    return folder


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"FATAL|PANIC|error:", line)]
    return (errors or lines or ["no reason given"])[-1].strip()
