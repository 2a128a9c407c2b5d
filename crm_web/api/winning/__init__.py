"""Status changes and wins in the API."""
