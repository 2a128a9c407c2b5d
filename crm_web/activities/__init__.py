"""Activities: notes, calls, meetings, emails and tasks."""

from flask import Blueprint

blueprint = Blueprint("activities", __name__)
