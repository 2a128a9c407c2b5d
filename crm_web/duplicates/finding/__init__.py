"""Finding duplicates in the background: compares what changed with what shares a key with it."""
