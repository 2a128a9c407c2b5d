"""Texts about others that name a person."""
