"""Writing emails on leads and customers."""
