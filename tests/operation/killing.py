"""Clients that write all the time, and the one who kills what serves them."""

import os
import random
import secrets
import signal
import time
from collections import Counter
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

from tests.databases import OwnDatabase
from tests.operation.launch import Launched, find_free_port
from tests.operation.windows import Window

OPEN = ("new", "contacted", "qualified", "proposal")
PATIENCE = 120

Fields = dict[str, str] | list[tuple[str, str]]


class Servers:
    """Two instances with two workers each on one database; any of them may be dead at any moment.

    :param own: the database
    :param folder: where they keep their locks and logs
    """

    def __init__(self, own: OwnDatabase, folder: Path) -> None:
        self.own, self.folder = own, folder
        self.settings = {"DATABASE_URL": own.url, "SECRET_KEY": own.app.config["SECRET_KEY"], "WEB_CONCURRENCY": "2"}
        # Clients name their requests, as a load balancer would: history then says what came of each of them.
        self.settings |= {"TRUSTED_PROXIES": "127.0.0.1", "LOCK_TIMEOUT": "30", "STATEMENT_TIMEOUT": "30"}
        self.kills: Counter[str] = Counter()
        self.running = [self._launch(name, find_free_port()) for name in ("one", "two")]
        self.logs = [server.output for server in self.running]

    def _launch(self, name: str, port: int) -> Launched:
        return Launched(self.folder / name, port, **self.settings)

    def kill_processes_until(self, end: Event, chance: random.Random) -> None:
        """Kill workers, and at times a whole instance, until it is time to stop."""
        while not end.wait(chance.uniform(0.2, 1)):
            number = chance.randrange(2)
            # One that never became ready has left no number of its own to kill by.
            if "is ready" in self.running[number].printed():
                chance.choices((self._kill_worker, self._kill_instance), (5, 1))[0](number, chance)

    def kill_connections_until(self, end: Event, chance: random.Random) -> None:
        """Let the database end connections, those that do something first, until it is time to stop."""
        connection = self.own.connect()
        connection.autocommit = True
        busy = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY state = 'idle', random() LIMIT 1"
        )
        with connection.cursor() as cursor:
            while not end.wait(chance.uniform(0.1, 0.6)):
                cursor.execute(busy)
                self.kills["connection to the database"] += cursor.rowcount
        connection.close()

    def _kill_worker(self, number: int, chance: random.Random) -> None:
        with suppress(ProcessLookupError, FileNotFoundError, ValueError):
            master = self.running[number].web_pid()
            workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
            if workers:
                os.kill(int(chance.choice(workers)), signal.SIGKILL)
                self.kills["worker"] += 1

    def _kill_instance(self, number: int, _chance: random.Random) -> None:
        """Launcher, master and workers at once, as when a machine goes; then start it again."""
        dead = self.running[number]
        dead.process.kill()
        with suppress(ProcessLookupError):
            os.killpg(dead.web_pid(), signal.SIGKILL)
        dead.process.wait(10)
        self.kills["instance"] += 1
        patience = time.monotonic() + PATIENCE
        while self.running[number].process.poll() is not None:
            assert time.monotonic() < patience, self.running[number].printed()
            # A start whose own connection is killed gives up; then it is started once more.
            self.running[number] = self._launch(dead.folder.name, dead.port)
            self.logs.append(self.running[number].output)
            with suppress(AssertionError):
                self.running[number].wait_until_ready()

    def stop(self) -> None:
        """Stop them as an operator does."""
        for server in self.running:
            server.stop()


class Client:
    """Somebody who writes all the time, asks again whenever no answer came, and remembers what was answered.

    :param servers: whom they ask
    :param first_name: who of the cast they are
    :param seed: what they choose by
    :param regular_id: the customer that everybody's leads are linked to
    :param shared_ids: leads that everybody moves about
    """

    def __init__(self, servers: Servers, first_name: str, seed: int, regular_id: int, shared_ids: list[int]) -> None:
        self.servers, self.chance = servers, random.Random(seed)  # noqa: S311
        self.window = Window(servers.own, first_name)
        self.regular_id, self.shared_ids = regular_id, shared_ids
        self.leads: list[OwnLead] = []
        self.answers: Counter[str] = Counter()
        self.not_saved: list[str] = []
        self.customers: dict[str, str] = {}
        self.edits: dict[str, int] = {}

    def write_until(self, end: Event) -> None:
        """One action after the other until it is time to stop; the last one is waited for."""
        while not end.is_set():
            kind = self.chance.random()
            if not self.leads or kind < 0.1:
                self._enter()
            elif kind < 0.25:
                self._move_shared()
            elif kind < 0.35:
                self._move_all()
            else:
                self.chance.choice(self.leads[-3:]).live_on(self)

    def _enter(self) -> None:
        name = secrets.token_hex(8)
        fields = {"last_name": name, "company": f"{name} AS", "email": f"post@{name}.example"}
        location = self.send("/leads/new", fields | {"submission": str(uuid4())})
        self.leads.append(OwnLead(int(location.rpartition("/")[2]), name))
        if self.chance.random() < 0.3:
            name = secrets.token_hex(8)
            fields = {"name": name, "kind": "organisation", "status": "active", "submission": str(uuid4())}
            self.customers[name] = self.send("/customers/new", fields)

    def _move_shared(self) -> None:
        lead_id = self.chance.choice(self.shared_ids)
        status = self.chance.choice((*OPEN, "won", "lost"))
        path = self.chance.choice((f"/leads/{lead_id}/status",) * 4 + (f"/leads/{lead_id}/win/undo",))
        fields = {"status": status, "lost_reason": "price"}
        if status == "won":
            fields |= self.chance.choice(({}, {"customer_id": str(self.regular_id)}))
        self.send(path, fields, may_be_refused=True)

    def _move_all(self) -> None:
        """A bulk edit of the latest leads, and at times its undo; each lead has it all, or none has anything."""
        status = self.chance.choice((*OPEN, "won"))
        leads = [lead for lead in self.leads[-6:] if not lead.is_trashed and not lead.stands]
        leads = [lead for lead in leads if lead.status in OPEN and lead.status != status]
        if not leads:
            return
        ids = [("ids", str(lead.id)) for lead in leads]
        place = self.send("/bulk/lead", [*ids, ("action", f"status:{status}")])
        assert self.send(f"{place}/apply", {"create_all": "y"} if status == "won" else {}) == place
        self.edits[place] = len(leads)
        for lead in leads:
            lead.be_moved(status)
        if self.chance.random() < 0.5:
            assert self.send(f"{place}/undo", {}) == place
            for lead in leads:
                lead.be_moved_back()

    def send(self, path: str, fields: Fields, *, may_be_refused: bool = False) -> str:
        """Send a form until there is an answer, each time to either server; gives where it leads."""
        end = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < end, f"no answer from {path}"
            request_id = f"asked-{uuid4().hex}"
            status, location, text = self._try(path, fields, request_id)
            if "Nothing was saved" in text:
                self.not_saved.append(request_id)
            if status in (0, 502, 503):
                time.sleep(0.1)
                continue
            assert status == 303 or (may_be_refused and status in (409, 422)), (status, path, fields, text[-3000:])
            assert not location.startswith("/sign-in")
            return location

    def _try(self, path: str, fields: Fields, request_id: str) -> tuple[int, str, str]:
        server = self.chance.choice(self.servers.running)
        try:
            status, headers, text = self.window.post(server, path, fields, **{"X-Request-ID": request_id})
        except (OSError, HTTPException):
            self.answers["no answer"] += 1
            return 0, "", ""
        self.answers[{303: "done", 503: "503"}.get(status, "refused")] += 1
        return status, headers.get("Location", ""), text


class OwnLead:
    """A lead that one client alone works on, so that it knows what history must say: no line more, none less.

    :param lead_id: its id
    :param name: its last name
    """

    def __init__(self, lead_id: int, name: str) -> None:
        self.id, self.name = lead_id, name
        self.lines: list[tuple[str, Any]] = [("status", "new")]
        self.status = self.before_win = "new"
        self.is_trashed = self.stands = False

    def be_moved(self, status: str) -> None:
        """It was moved together with others."""
        self.lines.append(("status", status))
        self.before_win, self.status, self.stands = self.status, status, status == "won"

    def be_moved_back(self) -> None:
        """And that was taken back."""
        self.status, self.stands = self.before_win, False
        self.lines.append(("status", self.status))

    def live_on(self, client: Client) -> None:
        """One more action, whatever it is."""
        if self.is_trashed:
            self._note(client.send(f"/leads/{self.id}/restore", {}), ("is in the trash", False))
            self.is_trashed = False
            return
        actions = [self._edit, self._move, self._move, self._trash]
        actions += [self._win] * 3 if self.status != "won" else []
        actions += [self._undo] * 2 if self.stands else []
        client.chance.choice(actions)(client)

    def _note(self, location: str, *lines: tuple[str, Any], place: str | None = None) -> None:
        assert location == (place or f"/leads/{self.id}"), location
        self.lines += lines

    def _edit(self, client: Client) -> None:
        city = secrets.token_hex(4)
        fields = {"last_name": self.name, "city": city, "version": str(len(self.lines))}
        self._note(client.send(f"/leads/{self.id}/edit", fields), ("city", city))

    def _move(self, client: Client) -> None:
        status = client.chance.choice([status for status in (*OPEN, "lost") if status != self.status])
        fields = {"status": status, "from_status": self.status, "confirmed": "1"}
        fields |= {"lost_reason": "price"} if status == "lost" else {}
        self._note(client.send(f"/leads/{self.id}/status", fields), ("status", status))
        self.status = status

    def _win(self, client: Client) -> None:
        fields = {"status": "won", "from_status": self.status}
        if not self.stands:
            fields |= client.chance.choice(
                (
                    {},
                    {"customer_id": str(client.regular_id)},
                    {"create": "1", "name": self.name},
                )
            )
        place = client.send(f"/leads/{self.id}/status", fields)
        if place.endswith("/win"):
            # Asked about a likely customer, they make one all the same.
            place = client.send(f"/leads/{self.id}/status", fields | {"create": "1", "name": self.name})
        self._note(place, ("status", "won"))
        self.before_win, self.status, self.stands = self.status, "won", True

    def _undo(self, client: Client) -> None:
        is_won = self.status == "won"
        line = ("status", self.before_win) if is_won else ("customer_id", None)
        self._note(client.send(f"/leads/{self.id}/win/undo", {}), line)
        self.status, self.stands = self.before_win if is_won else self.status, False

    def _trash(self, client: Client) -> None:
        self._note(client.send(f"/leads/{self.id}/trash", {}), ("is in the trash", True), place="/leads")
        self.is_trashed = True
