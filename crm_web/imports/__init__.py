"""Import of leads from files of other systems, in the browser and by a command.

A file passes through parts that are independent of each other: ``tables`` turns a file into rows, ``mapping`` (with
the words in ``vocabulary``) assigns columns to fields, ``rows`` parses one row with the rules of the form
(``crm_web.records.parsing``), and ``staging``, ``plan`` and ``writing`` compare the rows with the database and write
them with SQL. ``operations`` runs them in order. ``stored`` holds the pages, and what the worker does for them.
"""

from flask import Blueprint

blueprint = Blueprint("imports", __name__, url_prefix="/imports")
