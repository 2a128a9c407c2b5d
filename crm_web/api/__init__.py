"""The REST API: the operations and queries of the other features for other programs; no rule lives here."""

from flask import Blueprint

blueprint = Blueprint("api", __name__)
