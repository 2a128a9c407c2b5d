"""Restoring the value of a field from history."""
