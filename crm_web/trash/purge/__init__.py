"""Permanent deletion of a record in the trash."""
