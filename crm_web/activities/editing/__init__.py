"""Editing activities: all fields, putting off, and undoing both."""
