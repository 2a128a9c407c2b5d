"""What leads, customers and contacts share: locking, the trash, merging of edits, batches, parsing and matching."""
