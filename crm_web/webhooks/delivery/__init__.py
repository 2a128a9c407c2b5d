"""Delivering webhook messages: claiming, signing, sending and retrying them."""
