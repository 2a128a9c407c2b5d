"""Imports of leads."""
