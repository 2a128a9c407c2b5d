"""Health checks for load balancers."""

from flask import Blueprint

blueprint = Blueprint("health", __name__)
