"""The door for WSGI servers and for the flask command."""

from crm_web import create_app

app = create_app()
