"""Today: what somebody has to do now, and the leads that wait for them."""

from flask import Blueprint

blueprint = Blueprint("today", __name__)
