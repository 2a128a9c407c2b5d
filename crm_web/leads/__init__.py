"""Leads."""

from flask import Blueprint

blueprint = Blueprint("leads", __name__)
