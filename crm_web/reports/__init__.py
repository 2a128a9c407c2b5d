"""The reports feature: how leads fare, counted by the database and told in the words of those who sell."""

from flask import Blueprint

blueprint = Blueprint("reports", __name__)
