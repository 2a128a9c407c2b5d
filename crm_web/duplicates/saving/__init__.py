"""Duplicates at saving: what a record may be already, before it is created or changed."""
