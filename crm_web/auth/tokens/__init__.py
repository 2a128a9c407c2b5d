"""Tokens with which other programs use the API in an employee's name."""

from flask import Blueprint

blueprint = Blueprint("tokens", __name__)
