"""An instance that is told to stop: nobody who is served by it notices."""

import http.client
import threading
from collections import Counter

from tests.databases import OwnDatabase
from tests.operation.launch import Launched, find_free_port, temporary_folder, wait_for


class Clients:
    """Clients that ask again and again, each time on a connection of its own, until nobody accepts one."""

    def __init__(self, port: int, count: int) -> None:
        self.port, self.outcomes = port, Counter[str]()
        self.threads = [threading.Thread(target=self._ask) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _ask(self) -> None:
        while not self.outcomes["refused"]:
            self.outcomes[self._ask_once()] += 1

    def _ask_once(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.connect()
        except ConnectionRefusedError:
            return "refused"
        except OSError as error:
            return repr(error)
        try:
            connection.request("GET", "/sign-in", headers={"Connection": "close"})
            return str(connection.getresponse().status)
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        finally:
            connection.close()


def test_a_stopping_instance_serves_on_then_refuses_then_exits(own_database: OwnDatabase) -> None:
    settings = {"DATABASE_URL": own_database.url, "SECRET_KEY": own_database.app.config["SECRET_KEY"]}
    with temporary_folder() as folder:
        server = Launched(folder / "var", find_free_port(), DRAIN_SECONDS="3", WEB_CONCURRENCY="2", **settings)
        try:
            server.wait_until_ready()
            clients = Clients(server.port, 4)
            # One that keeps its connection, as a proxy does, must not hold up the end.
            idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            idle.request("GET", "/healthz")
            idle.getresponse().read()
            server.process.terminate()
            wait_for(lambda: server.get("/readyz")[0] == 503)
            assert clients.outcomes["refused"] == 0, "it serves on while the load balancer takes it out"
            for thread in clients.threads:
                thread.join(30)
            assert server.process.wait(40) == 0
            idle.close()
            events = [str(line["event"]) for line in server.lines()]
        finally:
            server.stop()
    assert clients.outcomes.keys() <= {"200", "refused"}, clients.outcomes
    assert clients.outcomes["200"]
    # They ended by themselves; whom gunicorn ends by force says nothing.
    assert sum(event.startswith("Worker exiting") for event in events) == 2, events
