"""Which leads of a bulk edit may already be customers."""
