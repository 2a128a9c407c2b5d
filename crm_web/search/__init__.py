"""The search feature: leads, customers, contacts and employees in one."""

from flask import Blueprint

blueprint = Blueprint("search", __name__)

from crm_web.search import views  # noqa: E402, F401  (the views register themselves on the blueprint)
