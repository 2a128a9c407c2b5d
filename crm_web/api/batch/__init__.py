"""Many changes in one API request."""
