"""Single sign-on: OpenID Connect, or the header of a trusted proxy, says who somebody is."""

from flask import Blueprint

blueprint = Blueprint("single_sign_on", __name__, url_prefix="/sign-in")
