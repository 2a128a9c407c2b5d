"""Tokens with which other programs use the API in an employee's name."""

from flask import Blueprint

blueprint = Blueprint("tokens", __name__)

from crm_web.tokens import views  # noqa: E402, F401
