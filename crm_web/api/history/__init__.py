"""History, the change feed and conversions in the API."""
