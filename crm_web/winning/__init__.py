"""Winning leads: each one's customer is created or linked in the same transaction, and a win can be undone."""
