"""Templates of emails, which administrators keep."""
