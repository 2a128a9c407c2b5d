"""Sealing the secrets of the database with another key."""
