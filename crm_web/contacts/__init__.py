"""The people who work at a customer."""
