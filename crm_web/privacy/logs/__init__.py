"""What is kept of requests, imports and bulk edits, and may name a person."""
