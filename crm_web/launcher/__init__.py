"""`make run`: the embedded PostgreSQL server, the web server and the worker, started and stopped together."""
