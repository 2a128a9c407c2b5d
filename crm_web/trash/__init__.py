"""The trash feature."""

from flask import Blueprint

blueprint = Blueprint("trash", __name__, url_prefix="/trash")

from crm_web.trash import views  # noqa: E402, F401  (the views register themselves on the blueprint)
