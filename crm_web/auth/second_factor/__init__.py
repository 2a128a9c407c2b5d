"""The second factor of a sign-in: authenticator apps and recovery codes."""

from flask import Blueprint

blueprint = Blueprint("second_factor", __name__)
