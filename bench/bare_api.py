"""The least that an API can be: Flask, psycopg2 and jsonify, without rules, rights, paging or a description."""

import os
import threading
from typing import Any

from flask import Flask, Response, jsonify, request
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from bench.fill import connect

COUNT = "SELECT count(*) FROM (SELECT id FROM leads WHERE deleted_at IS NULL LIMIT 10001) found"
PAGE = "SELECT * FROM leads WHERE deleted_at IS NULL ORDER BY updated_at DESC, id DESC LIMIT 51"
NEW = "INSERT INTO leads (last_name, company, email) VALUES (%s, %s, %s) RETURNING *"

app = Flask("bench_bare_api")
_own = threading.local()


def _open() -> Connection:
    """A connection for each thread, as an application without a pool has them."""
    if not hasattr(_own, "connection"):
        _own.connection = connect(os.environ["DATABASE_URL"])
    kept: Connection = _own.connection
    return kept


@app.get("/leads")
def list_leads() -> Response:
    """The first fifty, whole."""
    with _open() as connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(COUNT)
        count = dict(cursor.fetchone() or {})
        cursor.execute(PAGE)
        return jsonify(items=[_texts(row) for row in cursor.fetchall()[:50]], **count)


@app.post("/leads")
def create_lead() -> tuple[Response, int]:
    """One more; what the table's triggers do is done here too."""
    sent = request.get_json()
    with _open() as connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(NEW, [sent[name] for name in ("last_name", "company", "email")])
        row = dict(cursor.fetchone() or {})
    return jsonify(_texts(row)), 201


def _texts(row: Any) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
