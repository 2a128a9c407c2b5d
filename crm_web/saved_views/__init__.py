"""Views of lists that people keep under a name: private or shared, in the navigation, or to begin with."""

from flask import Blueprint

blueprint = Blueprint("saved_views", __name__, url_prefix="/views")
