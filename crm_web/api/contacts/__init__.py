"""Contacts in the API."""
