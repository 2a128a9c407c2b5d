"""Merging many groups of duplicates at once."""
