"""The change feed: everything that changed since a cursor, in an order that never skips anything."""
