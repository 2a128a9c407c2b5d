"""The employees who use the CRM, as administrators manage them."""

from flask import Blueprint

blueprint = Blueprint("employees", __name__, url_prefix="/employees")
