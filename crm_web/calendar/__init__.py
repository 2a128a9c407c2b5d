"""The calendar: tasks, calls and meetings by month, week, day or as an agenda."""

from flask import Blueprint

blueprint = Blueprint("calendar", __name__)
