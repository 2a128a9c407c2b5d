"""Winning leads: the customer of each is created or linked in the same transaction, and can be taken back."""
