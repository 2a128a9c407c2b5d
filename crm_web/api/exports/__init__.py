"""Whole lists in the API, one record a line."""
