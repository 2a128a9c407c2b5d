"""How two records are compared: what is normalized, which records are compared at all, and how alike they are."""
