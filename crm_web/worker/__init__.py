"""The background worker: runs what no request should wait for, again and again."""
