"""The bulk feature: one deed to many records, with a receipt and an undo."""

from flask import Blueprint

blueprint = Blueprint("bulk", __name__, url_prefix="/bulk")

from crm_web.bulk import views  # noqa: E402, F401  (the views register themselves on the blueprint)
