"""Merging in the API."""
