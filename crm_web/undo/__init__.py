"""Putting a field back to the value that history says it had."""
