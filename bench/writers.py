"""Some writers who win leads for some seconds, each with a connection of its own: `python -m bench.writers …`."""

import json
import sys
import threading
import time
from collections.abc import Callable

from sqlalchemy import select

from bench.fill import SECRET, connect
from crm_web import create_app
from crm_web.core.config import Settings
from crm_web.core.extensions import db
from crm_web.models import Employee, Lead, LeadStatus
from crm_web.records.operations import find_locked
from crm_web.winning.operations import change_status

Writer = Callable[[list[int], float], int]


def main(kind: str, url: str, writers: int, seconds: float) -> None:
    """Win leads, and print how many a second.

    :param kind: ``product`` for the operation of the product, ``bare`` for the least SQL that keeps the rules
    :param url: SQLAlchemy's address of the database
    :param writers: how many at once
    :param seconds: for how long
    """
    win = _win_as_the_product(url, writers) if kind == "product" else _win_bare(url)
    leads: list[int] = json.load(sys.stdin)
    shares = [leads[place::writers] for place in range(writers)]
    won: list[int] = []
    began = time.monotonic()
    ends = began + seconds
    threads = [threading.Thread(target=lambda share=share: won.append(win(share, ends))) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(won) / (time.monotonic() - began))


def _win_as_the_product(url: str, writers: int) -> Writer:
    app = create_app(Settings(database_url=url, secret_key=SECRET, database_connections=writers))

    def win(leads: list[int], ends: float) -> int:
        won = 0
        with app.app_context():
            for lead_id in leads:
                if time.monotonic() >= ends:
                    break
                by = db.session.scalars(select(Employee).where(Employee.email == "max@piper.example")).one()
                # Found and locked by one statement, as by the page and the API.
                lead = find_locked(Lead, lead_id, by=by)
                if lead is None:
                    raise LookupError(f"Lead {lead_id} is gone.")
                change_status(lead, LeadStatus.WON, by=by)
                db.session.commit()
                won += 1
            db.session.remove()
        return won

    return win


_INSERT = """
INSERT INTO customers (name, kind, email, phone, phone_e164, created_from_lead_id)
SELECT coalesce(company, name), 'organisation', email, phone, phone_e164, id FROM leads WHERE id = %s RETURNING id
"""
_UPDATE = (
    "UPDATE leads SET status = 'won', customer_id = %s, closed_at = now(), status_changed_at = now() WHERE id = %s"
)


def _win_bare(url: str) -> Writer:
    def win(leads: list[int], ends: float) -> int:
        connection, won = connect(url), 0
        for lead_id in leads:
            if time.monotonic() >= ends:
                break
            with connection, connection.cursor() as cursor:
                cursor.execute(_INSERT, (lead_id,))
                (customer_id,) = cursor.fetchone() or (None,)
                cursor.execute(_UPDATE, (customer_id, lead_id))
            won += 1
        connection.close()
        return won

    return win


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
