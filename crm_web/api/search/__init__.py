"""The search in the API."""
