"""The search feature: leads, customers, contacts and employees in one."""

from flask import Blueprint

blueprint = Blueprint("search", __name__)
