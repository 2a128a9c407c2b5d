"""The door for WSGI servers and for the flask command."""

from click import get_current_context
from flask.cli import FlaskGroup

from crm_web import create_app

# One of our commands is being looked for; those of Flask itself, such as `run` and `routes`, have begun by now.
context = get_current_context(silent=True)
app = create_app(has_pages=not (context and isinstance(context.command, FlaskGroup)))
