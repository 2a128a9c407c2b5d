"""Deleting a record in the trash for good."""
